"""Espaces and subscriptions: what each decision needs beside what is asked."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from contracts.users import RightsChanged
from kit.change import Change
from kit.clock import now
from kit.collection import Ask
from kit.collection import Place as At
from kit.problems import Unavailable
from kit.workers import Worker
from services.users.domain import espaces, subscriptions
from services.users.domain.drafts import Place
from services.users.domain.espace_lists import bring_in_line
from services.users.domain.espaces import Offer, Openings
from services.users.domain.habilitation_history import Entry
from services.users.domain.habilitations import Submitted
from services.users.domain.rattachements import Rattachement, rattachement_id
from services.users.domain.structures import Structure
from services.users.domain.subscriptions import Subscription, Wanted, request_id
from services.users.habilitations import Habilitations
from services.users.membership import Membership

Decided = tuple[Change[Any], ...]

AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Espaces:
    """Who acts is always part of what is decided on, so that a right taken away refuses at once."""

    habilitations: Habilitations

    @property
    def of(self) -> Membership:
        return self.habilitations.of

    @property
    def offer(self) -> Offer:
        return self.habilitations.offer

    def turn(self, structure_id: str, code: str, *, open: bool, by: str) -> Ask:
        """Open an espace of a structure, or close it."""
        at = now()

        def decide(
            openings: Openings | None, tie: Rattachement | None, structure: Structure | None
        ) -> Decided:
            turned = espaces.turn(
                structure, openings, tie, code=code, open=open, offer=self.offer, by=by, now=at
            )
            return turned, Change(tie), Change(structure)

        return Ask((self.of.openings.at(structure_id), *self._of(structure_id, by)), decide)

    def choose(self, structure_id: str, user_id: str, *, configures: bool, by: str) -> Ask:
        """Whether a secondary manager opens and closes espaces."""
        at = now()

        def decide(
            tie: Rattachement | None, structure: Structure | None, *secondary: Rattachement | None
        ) -> Decided:
            chosen = espaces.choose(
                structure, tie, *(secondary or (tie,)), configures=configures, now=at
            )
            return Change(tie), Change(structure), *((chosen,) if secondary else ())

        other = () if user_id == by else (self._tie(structure_id, user_id),)
        return Ask((*self._of(structure_id, by), *other), decide)

    def ask(self, structure_id: str, wanted: Wanted, submitted: Submitted) -> Ask:
        """A user's request for a subscription to one or several espaces."""
        of, count = self.of, len(wanted.espaces)
        codes = tuple(dict.fromkeys(one.unit for one in wanted.ticks if one.unit))
        ids = [request_id(submitted.id, code) for code in wanted.espaces]

        def decide(
            tie: Rattachement | None,
            structure: Structure | None,
            openings: Openings | None,
            *others: Any,
        ) -> Decided:
            requests, entries = others[:count], others[count : 2 * count]
            units = others[2 * count :]
            tied, asked, noted = subscriptions.ask(
                openings,
                tie,
                tuple(zip(requests, entries, strict=True)),
                Place(structure=structure, units=dict(zip(codes, units, strict=True))),
                wanted=wanted,
                offer=self.offer,
                submitted=submitted,
            )
            return tied, Change(structure), Change(openings), *asked, *noted, *map(Change, units)

        places = (
            *self._of(structure_id, submitted.by),
            of.openings.at(structure_id),
            *map(of.habilitation_requests.at, ids),
            *map(of.habilitation_history.at, ids),
            *self.habilitations.units(structure_id, codes),
        )
        return Ask(places, decide)

    def end(self, ended: tuple[tuple[str, Subscription], ...], submitted: Submitted) -> Ask:
        """Give up subscriptions in one or several structures: all or none."""
        structures = tuple(dict.fromkeys(structure_id for structure_id, _ in ended))

        def decide(*current: Any) -> Decided:
            pairs = zip(structures, current[::2], current[1::2], strict=True)
            changes: Decided = ()
            for structure_id, tie, entry in pairs:
                theirs = [
                    (nth, one) for nth, (where, one) in enumerate(ended) if where == structure_id
                ]
                own = replace(submitted, id=request_id(submitted.id, structure_id))
                changes += subscriptions.end(tie, entry, theirs, offer=self.offer, submitted=own)
            return changes

        places = tuple(
            place
            for one in structures
            for place in (
                self._tie(one, submitted.by),
                self.of.habilitation_history.at(request_id(submitted.id, one)),
            )
        )
        return Ask(places, decide)

    def welcome(self, event: RightsChanged) -> Ask:
        """Somebody may have been attached: what is open in the structure is for them too."""
        at = now()
        return Ask(
            (
                self.of.openings.at(event.structure_id),
                self.of.rattachements.at(event.rattachement_id),
            ),
            lambda openings, tie: (espaces.newcomer(openings, tie, now=at), Change(tie)),
        )

    def worker(self) -> Worker[Openings]:
        return Worker(self.of.openings, claim=espaces.claim, work=self.list_everybody, at_once=2)

    async def list_everybody(self, begun: Openings) -> None:
        """Each user by a decision of their own, which whoever goes on after us finds done."""
        failed = dict[str, BaseException]()
        while batch := await self._not_in_line(begun, [*failed]):
            asks = [self._line(begun, one) for one in batch]
            outcomes = await self.of.committer.keep_all(asks)
            for one, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, Unavailable):
                    raise outcome
                if isinstance(outcome, BaseException):
                    failed[one.id] = outcome
            begun = await self.of.openings.change(begun.id, partial(espaces.go_on, now=now()))
        # Whoever follows finds these alone.
        for outcome in failed.values():
            raise outcome
        done = partial(espaces.done, begun, now=now())
        await self.of.openings.change(begun.id, done)

    async def _not_in_line(self, begun: Openings, but: list[str]) -> list[Rattachement]:
        where = {
            "_id": {"$nin": but},
            "structure_id": begun.id,
            # Kept before there were espaces, a rattachement has no such field.
            "in_line": {"$not": {"$gte": begun.last}},
            "role": {"$ne": None},
        }
        return await self.of.rattachements.select(where, most=AT_ONCE)

    def _line(self, begun: Openings, tie: Rattachement) -> Ask:
        of, seed = self.of, f"{tie.id}:{tie.version}"
        codes = [turn.espace for turn in begun.turns if turn.open]
        latest = max(begun.turns, key=lambda one: one.number)
        submitted = self.habilitations.submitted(request_id(seed, ""), latest.by, now())

        def decide(
            current: Rattachement | None,
            structure: Structure | None,
            openings: Openings | None,
            entry: Entry | None,
            *requests: Any,
        ) -> Decided:
            changed, noted, *asked = bring_in_line(
                begun,
                openings,
                current,
                entry,
                dict(zip(codes, requests, strict=True)),
                place=Place(structure=structure, units={}),
                offer=self.offer,
                submitted=submitted,
            )
            return changed, Change(structure), Change(openings), noted, *asked

        places = (
            of.rattachements.at(tie.id),
            of.structures.at(begun.id),
            of.openings.at(begun.id),
            of.habilitation_history.at(submitted.id),
            *(of.habilitation_requests.at(request_id(submitted.id, code)) for code in codes),
        )
        return Ask(places, decide)

    def _of(self, structure_id: str, user_id: str) -> tuple[At, At]:
        return self._tie(structure_id, user_id), self.of.structures.at(structure_id)

    def _tie(self, structure_id: str, user_id: str) -> At:
        return self.of.rattachements.at(rattachement_id(user_id, structure_id))
