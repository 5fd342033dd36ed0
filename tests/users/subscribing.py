"""The espaces of the bakery, and what is asked for there."""

from typing import Any

from contracts.users import Habilitation, Level
from services.users import catalogue, offer
from services.users.domain.espaces import Offer, Openings, Turn
from services.users.domain.subscriptions import Tick, Wanted
from tests.users.rattaching import NOW, TODAY

CATALOGUE = catalogue.read()
OFFER: Offer = offer.read(CATALOGUE, "espaces")
"""Where only those that are given from the start are open from the start."""
ISSUED, RECEIVED, CONNECTED = "factures-emises", "factures-recues", "raccordements"
BOTH: tuple[Level, ...] = ("consultation", "modification")


def a_turn(espace: str = RECEIVED, number: int = 1, **but: Any) -> Turn:
    """Omar opened it, unless said otherwise."""
    return Turn(
        **{"espace": espace, "number": number, "open": True, "by": "u-omar", "at": NOW} | but
    )


def openings(*turns: Turn, **but: Any) -> Openings:
    return Openings(**{"id": "s-bakery", "version": 2, "turns": turns, "wake_at": NOW} | but)


OPENED = openings(a_turn())


def wanted(*espaces: str, on: tuple[Tick, ...] = (), **but: Any) -> Wanted:
    ticks = on or (tick(),)
    return Wanted(**{"espaces": espaces or (RECEIVED,), "ticks": ticks, "valid_from": TODAY} | but)


def tick(unit: str | None = None, *levels: Level) -> Tick:
    return Tick(unit=unit, levels=levels or BOTH)


def both_of(application: str = RECEIVED, **but: Any) -> tuple[Habilitation, ...]:
    return tuple(Habilitation(application=application, level=one, **but) for one in BOTH)
