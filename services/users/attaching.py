"""Attaching whoever has an address: at once, or once they have opened the account they need."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from kit.attempts import attempts_id
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Place
from kit.days import day_of
from kit.ids import new_id
from kit.workers import Job, Worker
from services.users.domain import accounts, attaching, invitations, turning
from services.users.domain.actions import Action
from services.users.domain.attaching import Gift
from services.users.domain.delegation import acts_on, gives
from services.users.domain.giving import Rows, left_out
from services.users.domain.habilitation_history import Entry, recorded
from services.users.domain.invitations import Invitation, Invitee, Renewal
from services.users.domain.logins import Login, login_id
from services.users.domain.rattachements import Defaults, Rattachement, rattachement_id
from services.users.domain.structures import Structure
from services.users.domain.units import known_unit_id
from services.users.identity import NOBODY, Identity
from services.users.membership import Membership
from services.users.settings import UsersSettings

Changes = tuple[Change[Any], ...]

ACTING: Final = 4
GIVER: Final = 10
"""Which of all that giving is decided on are the rattachement and the account of who gives."""


@dataclass(frozen=True, slots=True)
class Attaching:
    """All that gives a rattachement without a request, and what a new day brings to it."""

    membership: Membership
    identity: Identity
    settings: UsersSettings
    defaults: Defaults

    def jobs(self) -> list[Job]:
        return [Worker(self.identity.invitees, claim=invitations.begin, work=self.take_in)]

    async def attach(self, email: str, gift: Gift) -> Rows:
        """
        Raises what refuses it whoever has this address; says nothing of who has it.

        Gives the default profiles that somebody new would not have, as the giver does not.
        """
        login = await self.identity.logins.find(login_id(email))
        user_id = login.user_id if login else new_id()
        while True:
            # Beside the request: its consistency token would tell whether there was an account.
            [kept] = await self.identity.committer.keep_all([self.ask(email, user_id, gift)])
            if isinstance(kept, Exception):
                raise kept
            claimed = kept[0]
            if claimed is None or claimed.user_id == user_id:
                return self.left_out(gift, kept)
            user_id = claimed.user_id

    def left_out(self, gift: Gift, states: Sequence[Any]) -> Rows:
        """``states``: of what ``ask`` names, in its order."""
        on = day_of(gift.at)
        own = gives(acts_on(states[ACTING], states[GIVER]), on)
        return left_out(own, gift.extent, self.defaults, on)

    def ask(self, email: str, user_id: str, gift: Gift) -> Ask:
        """``user_id``: of whoever has this address, or of the account that is to wait for them."""
        of, structure_id = self.membership, gift.structure_id
        return Ask(
            (
                self.identity.logins.at(login_id(email)),
                self.identity.accounts.at(user_id),
                self.identity.invitees.at(user_id),
                self.identity.attempts.at(attempts_id("letters", email)),
                of.rattachements.at(rattachement_id(gift.by, structure_id)),
                of.structures.at(structure_id),
                of.requests.at(gift.id),
                of.rattachements.at(rattachement_id(user_id, structure_id)),
                of.actions.at(gift.id),
                of.habilitation_history.at(gift.id),
                self.identity.accounts.at(gift.by),
                *self._units(structure_id, gift.extent.units),
            ),
            partial(self._attach, email, user_id, gift),
        )

    def _attach(self, email: str, user_id: str, gift: Gift, *states: Any) -> Changes:
        login, account, invitee, letters, acting, structure, request, *rest = states
        tie, action, entry, giver, *units = rest
        acting = acts_on(acting, giver)
        today, known = day_of(gift.at), tuple(units)
        found = attaching.judge(gift, acting, structure, known, user_id=user_id, today=today)
        changes: list[Change[Any]] = [*map(Change, states)]
        how = attaching.reached(login, account, user_id=user_id)
        if how == "attached":
            granted, attached = attaching.give(
                gift,
                found,
                request,
                tie,
                user_id=user_id,
                on=today,
                defaults=self.defaults,
                own=gives(acting, today),
            )
            changes[6:9] = granted, attached, attaching.noted(gift, attached, action)
            changes[9] = _recorded(gift, tie, attached, entry)
        elif how == "invited":
            changes[0] = Change(login or Login(id=login_id(email), user_id=user_id))
            invitation = self.invitation(gift)
            until = invitations.kept_until(invitation)
            changes[1] = accounts.expected(
                account, user_id=user_id, email=email, now=gift.at, until=until
            )
            changes[2:4] = invitations.invite(
                invitee,
                letters,
                found,
                invitation,
                user_id=user_id,
                email=email,
                letters_id=attempts_id("letters", email),
                limit=self.settings.letters_limit,
            )
        return tuple(changes)

    def invitation(self, gift: Gift) -> Invitation:
        return Invitation(gift=gift, **self._letter(gift.at))

    def _letter(self, at: datetime) -> dict[str, Any]:
        until = at + self.settings.invitation_for
        return {"nonce": secrets.token_urlsafe(32), "expires_at": until}

    async def remind(self, structure_id: str, user_id: str, *, by: str) -> None:
        """Write once more to somebody who was invited and has no account yet."""
        of, at = self.membership, now()
        known = await self.identity.invitees.find(user_id)
        letters_id = attempts_id("letters", known.email if known else NOBODY)
        renewed = Renewal(by=by, at=at, **self._letter(at))

        def decide(*states: Any) -> Changes:
            acting, tie, invitee, letters, structure, account = states
            written = invitations.remind(
                acting,
                tie,
                invitee,
                letters,
                structure,
                renewed=renewed,
                letters_id=letters_id,
                limit=self.settings.letters_limit,
            )
            kept = accounts.awaited_until(account, renewed.expires_at + invitations.KEPT_AFTER)
            return Change(acting), Change(tie), *written, Change(structure), kept

        places = (
            of.rattachements.at(rattachement_id(by, structure_id)),
            of.rattachements.at(rattachement_id(user_id, structure_id)),
            self.identity.invitees.at(user_id),
            self.identity.attempts.at(letters_id),
            of.structures.at(structure_id),
            self.identity.accounts.at(user_id),
        )
        await self.identity.committer.change_together(places, decide)

    async def take_in(self, invitee: Invitee) -> None:
        """Give somebody who accepted all that they were invited to, one by one."""
        of, at = self.membership, now()
        if invitee.accepted_at is None:
            lapsed = partial(invitations.lapse, now=at)
            await self.identity.invitees.change(invitee.id, lapsed)
            return
        for one in invitee.invitations:
            gift, structure_id = one.gift, one.gift.structure_id
            ask = Ask(
                (
                    self.identity.invitees.at(invitee.id),
                    of.structures.at(structure_id),
                    of.requests.at(gift.id),
                    of.rattachements.at(rattachement_id(invitee.id, structure_id)),
                    of.actions.at(gift.id),
                    of.rattachements.at(rattachement_id(gift.by, structure_id)),
                    of.habilitation_history.at(gift.id),
                    self.identity.accounts.at(gift.by),
                    *self._units(structure_id, gift.extent.units),
                ),
                partial(self._take_in, replace(gift, at=at)),
            )
            await self.identity.committer.keep(ask)

    def _take_in(
        self,
        gift: Gift,
        invitee: Invitee | None,
        structure: Structure | None,
        *rest: Any,
    ) -> Changes:
        request, tie, action, acting, entry, giver, *units = rest
        dealt_with, granted, attached, noted = invitations.take_in(
            invitee,
            structure,
            request,
            tie,
            action,
            *units,
            acting=acts_on(acting, giver),
            gift_id=gift.id,
            now=gift.at,
            defaults=self.defaults,
        )
        shown = noted, Change(acting), _recorded(gift, tie, attached, entry)
        unchanged = map(Change, (giver, *units))
        return dealt_with, Change(structure), granted, attached, *shown, *unchanged

    def turn(self, tie: Rattachement, at: datetime) -> Ask:
        """What a new day brings to it."""
        of = self.membership
        begun, ended = (turning.turn_id(tie, what) for what in ("begun", "ended"))

        def decide(
            current: Rattachement | None,
            structure: Structure | None,
            entry: Entry | None,
            *actions: Action | None,
        ) -> Changes:
            turned, *noted = turning.turn(current, structure, *actions, now=at)
            taken = recorded(current, turned, entry, id=ended, cause="ended", by=None, at=at)
            return turned, Change(structure), taken, *noted

        return Ask(
            (
                of.rattachements.at(tie.id),
                of.structures.at(tie.structure_id),
                of.habilitation_history.at(ended),
                of.actions.at(begun),
                of.actions.at(ended),
            ),
            decide,
        )

    def _units(self, structure_id: str, codes: tuple[str, ...]) -> tuple[Place, ...]:
        return tuple(self.membership.units.at(known_unit_id(structure_id, one)) for one in codes)


def _recorded(
    gift: Gift, tie: Rattachement | None, attached: Change[Rattachement], entry: Entry | None
) -> Change[Entry]:
    return recorded(tie, attached, entry, id=gift.id, cause="attached", by=gift.by, at=gift.at)
