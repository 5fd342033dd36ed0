"""How a person is taken out of what is kept: on request, or once its time has passed. Pure."""

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from contracts.users import PersonErased
from kit import person
from kit.change import Change
from kit.person import Erasure
from kit.problems import Conflict, NotFound
from services.users.domain.accounts import Account, used
from services.users.domain.actions import Action, done
from services.users.domain.claims import Claim
from services.users.domain.habilitation_history import Entry, recorded
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.logins import Login
from services.users.domain.rattachements import Rattachement, rights_of
from services.users.domain.requests import RattachementRequest

Refused = TypeVar("Refused", RattachementRequest, HabilitationsRequest, Claim)


class NotDeactivated(Conflict):
    """Deactivate the account first, which names successors where they are needed."""


class LoginMayComeBack(Conflict):
    """An earlier login can still be taken back: as long as that is so, nobody is erased."""


class StillPrincipalManager(Conflict):
    """This user answers for structures: a successor has to be named for each."""


def erase(
    account: Account | None,
    login: Login | None,
    erasure: Erasure | None,
    *,
    nonce: str | None,
    again: bool,
    now: datetime,
) -> tuple[Change[Any], ...]:
    """
    Forget who a user was, and free their address; what names them elsewhere is taken out next.

    The account stays, without a person: what was done under its id stays done by somebody.
    ``nonce``: of the link that they asked for. ``again``: they were erased before, and a backup has
    brought them back.
    """
    if account is None:
        raise NotFound
    if account.status == "erased":
        return Change(account), Change(login), Change(erasure)
    if nonce is not None:
        used(account, nonce, "erasure", now)
    if account.status != "deactivated" and not again:
        raise NotDeactivated
    if account.may_come_back(now) and not again:
        raise LoginMayComeBack
    if account.manages and not again:
        raise StillPrincipalManager(count=account.manages)
    nobody = Account(
        id=account.id,
        version=account.version,
        status="erased",
        email="",
        first_name="",
        last_name="",
        created_at=account.created_at,
        deactivated_at=account.deactivated_at,
    )
    told = PersonErased(user_id=account.id, erased_at=now)
    freed = None if login is None or login.user_id == account.id else login
    begun = person.begin(erasure, user_id=account.id, now=now)
    return Change(nobody, (told,)), Change(freed), begun


def without_words(request: RattachementRequest) -> Change[RattachementRequest]:
    """Who asked for what, when, and what became of it; not what was written to and fro."""
    return Change(replace(request, comment="", reason=""))


def detach(
    tie: Rattachement | None, action: Action | None, entry: Entry | None, *, id: str, now: datetime
) -> tuple[Change[Rattachement], Change[Action], Change[Entry]]:
    """
    Nobody is behind it any more: it gives nothing.

    Once, under ``id``, the histories say what it had given; they name nobody.
    """
    if tie is None:
        return Change(None), Change(action), Change(entry)
    gone = _detached(tie)
    noted = Change(action)
    if tie.lines:
        noted = done(action, tie, "erased", tie.lines, id=id, by=None, at=now)
    return gone, noted, recorded(tie, gone, entry, id=id, cause="erased", by=None, at=now)


def _detached(rattachement: Rattachement) -> Change[Rattachement]:
    gone = replace(
        rattachement,
        role=None,
        lines=(),
        habilitations=(),
        waiting=(),
        pending_request_id=None,
        pending_changes=(),
        past=tuple(replace(one, comment="") for one in rattachement.past),
    )
    if gone == rattachement:
        return Change(rattachement)
    return Change(gone, (rights_of(gone),))


def as_seen(request: RattachementRequest) -> RattachementRequest:
    """A structure whose name is not for strangers is not named to whoever asked for it."""
    if request.names_structure:
        return request
    return replace(request, structure_identifier="", structure_name=None)


def without_reason(claim: Claim) -> Change[Claim]:
    """Who claimed what, how it was proved, and what came of it; not the words of the desk."""
    return Change(replace(claim, reference="", reason=""))


def without_refusal(request: Refused) -> Change[Refused]:
    """What was refused; not the words of whoever refused it."""
    return Change(replace(request, reason=""))


def without_comment(action: Action) -> Change[Action]:
    return Change(replace(action, comment=""))


def without_words_of_change(request: HabilitationsRequest) -> Change[HabilitationsRequest]:
    return Change(replace(request, comment="", reason=""))
