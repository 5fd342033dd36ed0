"""Claims to structures that nobody manages any more: what each decision is taken on."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hmac import compare_digest
from typing import Any

from contracts.notifications import VacancyNoticeHandedOver, VacancyNoticeReturned
from contracts.users import CLAIM_DIGITS
from kit.attempts import attempts_id
from kit.bus import Subscriptions
from kit.change import Change
from kit.clock import now
from kit.collection import Ask, Place
from kit.links import code_of
from kit.workers import Timer
from services.users.domain import vacancies, vacancy_notices
from services.users.domain.claims import (
    Claim,
    NoSuchUser,
    Parties,
    Proof,
    Rules,
    Settled,
    WrongCode,
)
from services.users.domain.management import Occasion, noted
from services.users.domain.rattachements import Defaults, rattachement_id
from services.users.identity import NOBODY, Identity
from services.users.membership import Membership
from services.users.settings import UsersSettings


@dataclass(frozen=True, slots=True)
class Claiming:
    membership: Membership
    identity: Identity
    settings: UsersSettings
    defaults: Defaults

    @property
    def rules(self) -> Rules:
        return Rules(notice=self.settings.vacancy_notice_for, defaults=self.defaults)

    async def claim(
        self, structure_id: str, proof: Proof, reference: str, *, by: str, id: str
    ) -> Claim:
        of, at, settings = self.membership, now(), self.settings
        lasts = settings.vacancy_code_for if proof == "code" else settings.vacancy_documents_for
        asked = Claim(
            id=id,
            user_id=by,
            structure_id=structure_id,
            structure_name=None,
            proof=proof,
            reference=reference,
            nonce=secrets.token_urlsafe(32),
            tries_left=settings.vacancy_code_tries,
            opened_at=at,
            wake_at=at + lasts,
        )
        counted_as = attempts_id("claims", by), attempts_id("claimed", structure_id)

        def decide(*current: Any) -> tuple[Change[Any], ...]:
            claim, management, structure, by_user, of_structure = current
            opened, *counted = vacancies.claim(
                claim,
                management,
                structure,
                by_user,
                of_structure,
                asked=asked,
                limit=settings.claims_limit,
                counted_as=counted_as,
            )
            return opened, Change(management), Change(structure), *counted

        kept, *_ = await self.identity.committer.change_together(
            (
                of.claims.at(id),
                of.management.at(structure_id),
                of.structures.at(structure_id),
                *map(self.identity.attempts.at, counted_as),
            ),
            decide,
        )
        opened: Claim = kept
        return opened

    async def prove(self, id: str, code: str, *, by: str) -> Claim:
        at = now()

        def decide(claim: Claim | None, parties: Parties) -> Settled:
            right = claim is not None and compare_digest(self._code(claim), code)
            return vacancies.prove(claim, parties, by=by, right=right, rules=self.rules, now=at)

        kept = await self._settle(id, decide, at)
        if kept.state in ("open", "lapsed"):
            raise WrongCode(field="body/code", tries_left=kept.tries_left)
        return kept

    async def decide(self, id: str, *, by: str, confirmed: bool, reason: str) -> Claim:
        at = now()
        return await self._settle(
            id,
            lambda claim, parties: vacancies.decide(
                claim,
                parties,
                by=by,
                confirmed=confirmed,
                reason=reason,
                rules=self.rules,
                now=at,
            ),
            at,
        )

    async def assign(
        self, structure_id: str, email: str, *, reference: str, reason: str, by: str, id: str
    ) -> Claim:
        """Make whoever has this address the manager of a structure that has none."""
        account, at = await self.identity.account_of(email), now()
        if account is None:
            raise NoSuchUser(field="body/email")
        asked = Claim(
            id=id,
            user_id=account.id,
            structure_id=structure_id,
            structure_name=None,
            proof="documents",
            reference=reference,
            tries_left=0,
            reason=reason,
            decided_by=by,
            opened_at=at,
        )
        occasion = Occasion(id=id, how="management-assigned", by=by, at=at, comment=reason)

        def decide(current: Claim | None, parties: Parties) -> Settled:
            return vacancies.assign(current, parties, asked=asked, rules=self.rules, now=at)

        kept, *_ = await self.identity.committer.keep(
            self.asking(asked, None, decide, at, occasion)
        )
        assigned: Claim = kept
        return assigned

    async def object_to(self, id: str, *, by: str) -> Claim:
        of, at = self.membership, now()
        found = await of.claims.get(id)
        kept, _ = await self.identity.committer.change_together(
            (of.claims.at(id), of.management.at(found.structure_id)),
            lambda claim, management: vacancies.object_to(claim, management, by=by, now=at),
        )
        objected: Claim = kept
        return objected

    async def readable(self, id: str, *, by: str) -> Claim:
        found = await self.membership.claims.get(id)
        management = await self.membership.management.find(found.structure_id)
        return vacancies.readable(found, management, by=by)

    def hear(self, on: Subscriptions) -> Subscriptions:
        claims, notice = self.membership.claims, self.settings.vacancy_notice_for

        @on(VacancyNoticeHandedOver)
        def count_from_now(told: VacancyNoticeHandedOver) -> Ask:
            decide = partial(vacancy_notices.hand_over, told, notice=notice)
            return claims.ask(told.claim_id, decide)

        @on(VacancyNoticeReturned)
        def leave_to_the_desk(told: VacancyNoticeReturned) -> Ask:
            return claims.ask(told.claim_id, partial(vacancy_notices.give_back, told))

        return on

    def timer(self) -> Timer[Claim]:
        """Grants what nobody objected to, and lets lapse what was never proved."""

        return Timer(self.membership.claims, wake=lambda claim: self.waking(claim, now()))

    def waking(self, claim: Claim, at: datetime) -> Ask:
        return self.asking(
            claim,
            claim.manager_id,
            lambda current, parties: vacancies.turn(current, parties, rules=self.rules, now=at),
            at,
        )

    async def _settle(
        self, id: str, decide: Callable[[Claim | None, Parties], Settled], at: datetime
    ) -> Claim:
        """Whoever manages the structure is read beforehand; the decision refuses if they moved."""
        found = await self.membership.claims.get(id)
        management = await self.membership.management.find(found.structure_id)
        manager = management.principal_manager_id if management else None
        kept, *_ = await self.identity.committer.keep(self.asking(found, manager, decide, at))
        settled: Claim = kept
        return settled

    def asking(
        self,
        claim: Claim,
        manager_id: str | None,
        decide: Callable[[Claim | None, Parties], Settled],
        at: datetime,
        occasion: Occasion | None = None,
    ) -> Ask:
        of, structure = self.membership, claim.structure_id
        other = manager_id if manager_id and manager_id != claim.user_id else NOBODY
        occasion = occasion or Occasion(
            id=claim.id, how="management-claimed", by=claim.user_id, at=at
        )
        places: tuple[Place, ...] = (
            of.claims.at(claim.id),
            of.management.at(structure),
            self.identity.accounts.at(claim.user_id),
            of.rattachements.at(rattachement_id(claim.user_id, structure)),
            of.requests.at(claim.id),
            of.structures.at(structure),
            self.identity.accounts.at(other),
            of.rattachements.at(rattachement_id(other, structure)),
        )
        histories = of.histories(occasion.ids(structure))

        def decide_and_note(current: Claim | None, *rest: Any) -> tuple[Change[Any], ...]:
            parties, kept = Parties(*rest[: -len(histories)]), rest[-len(histories) :]
            settled = decide(current, parties)
            successor, former = settled[3], settled[-1]
            return *settled, *noted(
                occasion, kept, (parties.tie, successor), (parties.managers_tie, former)
            )

        return Ask((*places, *histories), decide_and_note)

    def _code(self, claim: Claim) -> str:
        key = self.settings.link_key.get_secret_value()
        return code_of(key, user_id=claim.id, nonce=claim.nonce, digits=CLAIM_DIGITS)
