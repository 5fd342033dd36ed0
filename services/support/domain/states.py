"""The states of a ticket."""

from typing import Literal

State = Literal["draft", "open", "waiting", "resolved", "closed"]
"""Brouillon, Ouvert, En attente d'informations, Résolu, Fermé."""
