"""Whether a client wants the account that a supplier opened. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from contracts.structures import ClientAccountAccepted, ClientAccountRefused
from kit.change import Change
from kit.problems import Forbidden
from services.structures.domain.client_accounts import Answer, ClientAccount, Verdict, known, named

_ANSWERS_MOST: Final = 100


class OnlyTheClient(Forbidden):
    """Only those who manage the client may do this."""


class NotAcceptedByClient(Forbidden):
    """The client has not accepted this account."""


def accept(current: ClientAccount | None, *, by: str, now: datetime) -> Change[ClientAccount]:
    """Let the supplier see the client's users, and both write to each other."""
    if known(current).consent == "accepted":
        return Change(current)
    account = _answered(known(current), "accepted", by, now)
    told = ClientAccountAccepted(**named(account), accepted_by=by, accepted_at=now)
    return Change(account, (told,))


def refuse(current: ClientAccount | None, *, by: str, now: datetime) -> Change[ClientAccount]:
    """Have nothing to do with the account, or nothing more."""
    if known(current).consent == "refused":
        return Change(current)
    account = _answered(known(current), "refused", by, now)
    told = ClientAccountRefused(**named(account), refused_by=by, refused_at=now)
    return Change(account, (told,))


def accepted(current: ClientAccount | None) -> ClientAccount:
    """Between a supplier and the people of its client nothing passes without consent."""
    account = known(current)
    if account.consent != "accepted":
        raise NotAcceptedByClient
    return account


def _answered(account: ClientAccount, verdict: Verdict, by: str, now: datetime) -> ClientAccount:
    answers = (*account.answers, Answer(verdict=verdict, by=by, at=now))
    return replace(account, consent=verdict, answers=answers[-_ANSWERS_MOST:])
