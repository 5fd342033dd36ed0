"""What a user may do in a structure, and what of it an espace or a handing over changes."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from contracts.event import Event

Role = Literal["principal_manager", "user"]
Level = Literal["consultation", "modification"]


class Habilitation(BaseModel):
    """One level of one application, on the whole structure or one unit, within its dates."""

    model_config = ConfigDict(frozen=True)

    application: str
    level: Level
    unit: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class Line(BaseModel):
    """One unit, or the whole structure, and the days on which somebody is attached to it."""

    model_config = ConfigDict(frozen=True)

    unit: str | None = None
    """None: the whole structure, its units included."""
    valid_from: date
    valid_until: date | None = None


class RightsChanged(Event, type="users.rights-changed.v1", key="rattachement_id"):
    """
    All that one user may do in one structure, as it now stands.

    ``role`` is None once the user is no longer attached. Validity is checked when read: the dates
    are days in Europe/Paris, both included. ``units``, ``valid_from`` and ``valid_until`` are for
    who knows no lines: never more than the lines give, and less where they differ.
    """

    rattachement_id: str
    """``<user_id>:<structure_id>``"""
    user_id: str
    structure_id: str
    role: Role | None
    units: tuple[str, ...] = ()
    """The units the rattachement is limited to; none means the whole structure."""
    habilitations: tuple[Habilitation, ...] = ()
    may_approve: bool = True
    """False once the principal manager has withdrawn this user's right to decide on approvals."""
    valid_from: date | None = None
    valid_until: date | None = None
    version: int
    lines: tuple[Line, ...] = ()
    """Each unit, or the whole, with its days. Empty with a role: told before there were lines."""


class ManagementTransferred(Event, type="users.management-transferred.v1", key="transfer_id"):
    """From now on somebody is the principal manager of these structures, which were handed over."""

    transfer_id: str
    structure_ids: tuple[str, ...]
    structure_name: str | None
    """Of the only one; None for several."""
    former_manager_id: str
    principal_manager_id: str
    transferred_at: AwareDatetime


class EspaceOpened(Event, type="users.espace-opened.v1", key="structure_id", audience="public"):
    """An espace is open in a structure: each user attached is asked about."""

    structure_id: str
    espace: str
    opened_by: str
    opened_at: AwareDatetime


class EspaceClosed(Event, type="users.espace-closed.v1", key="structure_id", audience="public"):
    """An espace is no longer open in a structure: all that it gave ends."""

    structure_id: str
    espace: str
    closed_by: str
    closed_at: AwareDatetime
