"""Subscriptions to espaces: asking for them, seeing them, giving them up."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from contracts.users import Level
from kit import clock
from kit.http import Person, Said, may_answer, new_entity_id
from kit.ids import OpaqueId
from kit.pages import Page, PageAsked
from services.users import espace_views as views
from services.users.api.fields import Comment
from services.users.api.rattachements import Unit
from services.users.domain.espaces import FixedEspace
from services.users.domain.habilitation_requests import AlreadyAsked, NotAttached
from services.users.domain.rattachements import TooManyRights
from services.users.domain.requests import InactiveStructure, UnknownStructure, WrongDates
from services.users.domain.subscriptions import (
    AlreadySubscribed,
    EspaceNotOpened,
    NoSuchEspace,
    NotSubscribed,
    NotYourUnits,
    Subscription,
    Tick,
    Wanted,
)
from services.users.espace_views import MySubscriptions
from services.users.espaces import Espaces
from services.users.habilitation_views import RequestShown, request_shown

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
MOST = 50


def _distinct(codes: tuple[str, ...]) -> tuple[str, ...]:
    if len({*codes}) < len(codes):
        raise ValueError("Each espace may be named once only.")
    return codes


class Ticked(Said):
    """What is ticked for one unit; both levels are two subscriptions."""

    unit: Unit | None = Field(None, description="Absent, or the default unit: all that is yours.")
    consultation: bool = False
    modification: bool = False

    @model_validator(mode="after")
    def _something(self) -> "Ticked":
        if not self.consultation and not self.modification:
            raise ValueError("Tick a level.")
        return self

    @property
    def levels(self) -> tuple[Level, ...]:
        ticked: dict[Level, bool] = {
            "consultation": self.consultation,
            "modification": self.modification,
        }
        return tuple(level for level, is_ticked in ticked.items() if is_ticked)


def _of_distinct_units(units: tuple[Ticked, ...]) -> tuple[Ticked, ...]:
    if len({one.unit for one in units}) < len(units):
        raise ValueError("Each unit may be named once only.")
    return units


class WantedSubscriptions(Said):
    """Which espaces of a structure, at which levels on which units, and from when on."""

    structure_id: OpaqueId
    espaces: Annotated[tuple[Code, ...], AfterValidator(_distinct)] = Field(
        min_length=1, max_length=MOST
    )
    units: Annotated[tuple[Ticked, ...], AfterValidator(_of_distinct_units)] = Field(
        min_length=1, max_length=100
    )
    valid_from: date | None = Field(None, description="Today when absent.")
    comment: Comment = Field("", description="For those who decide.")

    def wanted(self, today: date) -> Wanted:
        return Wanted(
            espaces=self.espaces,
            ticks=tuple(Tick(unit=one.unit, levels=one.levels) for one in self.units),
            valid_from=self.valid_from or today,
            comment=self.comment,
        )


class OneSubscription(Said):
    """One row of the list of subscriptions, as far as it is on one unit."""

    structure_id: OpaqueId
    espace: Code
    level: Level
    unit: Unit | None = Field(None, description="Absent: the whole structure.")


class Deletion(Said):
    subscriptions: tuple[OneSubscription, ...] = Field(min_length=1, max_length=MOST)


def subscription_routes(espaces: Espaces) -> APIRouter:
    routes = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])
    committer = espaces.of.committer

    @routes.post(
        "",
        status_code=202,
        responses=may_answer(
            UnknownStructure,
            NotAttached,
            InactiveStructure,
            WrongDates,
            NoSuchEspace,
            FixedEspace,
            EspaceNotOpened,
            NotYourUnits,
            AlreadySubscribed,
            AlreadyAsked,
            TooManyRights,
        ),
    )
    async def request(body: WantedSubscriptions, caller: Person) -> list[RequestShown]:
        """Ask for one or several espaces, all or none; each waits for an approval of its own."""
        submitted = espaces.habilitations.submitted(new_entity_id(), caller.user_id, clock.now())
        ask = espaces.ask(body.structure_id, body.wanted(submitted.today), submitted)
        _, _, _, *kept = await committer.keep(ask)
        return [request_shown(one) for one in kept[: len(body.espaces)]]

    @routes.get("")
    async def mine(caller: Person, asked: PageAsked) -> Page[MySubscriptions]:
        """What you are subscribed to or wait for, structure by structure."""
        return await views.subscriptions(espaces, asked, user_id=caller.user_id)

    @routes.post("/deletions", status_code=204, responses=may_answer(NotSubscribed, FixedEspace))
    async def delete(body: Deletion, caller: Person) -> None:
        """Give up one or several subscriptions, all or none."""
        submitted = espaces.habilitations.submitted(new_entity_id(), caller.user_id, clock.now())
        ended = tuple(
            (one.structure_id, Subscription(espace=one.espace, level=one.level, unit=one.unit))
            for one in body.subscriptions
        )
        await committer.keep(espaces.end(ended, submitted))

    return routes
