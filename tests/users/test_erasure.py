"""How a person is taken out of what users keeps."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.approvals import ApprovalDecided
from contracts.users import Habilitation, PersonErased
from kit.change import Change
from kit.person import AGAIN_AFTER, Erasure, begin, looked_through
from kit.problems import NotFound
from services.users.domain import habilitation_requests, requests
from services.users.domain.accounts import Account, LinkNoLongerValid
from services.users.domain.erasure import (
    LoginMayComeBack,
    NotDeactivated,
    StillPrincipalManager,
    detach,
    erase,
    without_refusal,
    without_words,
)
from services.users.domain.habilitation_requests import HabilitationsRequest
from services.users.domain.lines import Extent
from services.users.domain.logins import Login, login_id
from services.users.domain.rattachements import nothing_yet
from services.users.domain.requests import RattachementRequest
from tests.users.people import NOW, a_link, an_account

GONE = an_account(status="deactivated", deactivated_at=NOW, contact_email="lea@home.example.org")
LOGIN = Login(id=login_id(GONE.email), user_id=GONE.id)


INVOICES = Habilitation(application="FACTURES", level="consultation")


def out(tie: Any, action: Any = None, entry: Any = None, now: Any = NOW) -> Any:
    return detach(tie, action, entry, id="u-lea:s-1:erased", now=now)


def erased(account: Any = GONE, login: Any = LOGIN, **but: Any) -> Any:
    given = {"nonce": None, "again": False, "now": NOW}
    return erase(account, login, None, **given | but)


class TestErase:
    def test_leaves_an_account_without_a_person_and_frees_the_address(self):
        account, login, erasure = erased()
        assert account.state.status == "erased"
        for one in fields(Account):
            if one.name not in ("id", "version", "status", "created_at", "deactivated_at"):
                value = getattr(account.state, one.name)
                assert "lea" not in str(value).lower(), one.name
        assert login.state is None
        assert (erasure.state.id, erasure.state.wake_at) == (GONE.id, NOW)
        assert account.events == (PersonErased(user_id=GONE.id, erased_at=NOW),)

    def test_repeated_changes_nothing(self):
        account, _, erasure = erased()
        again, _, same = erase(account.state, None, erasure.state, nonce=None, again=False, now=NOW)
        assert (again.state, again.events, same.state) == (account.state, (), erasure.state)

    @pytest.mark.parametrize("status", ["pending", "active"])
    def test_is_for_deactivated_accounts(self, status: str):
        with pytest.raises(NotDeactivated):
            erased(an_account(status=status))
        with pytest.raises(NotFound):
            erased(None)

    def test_waits_as_long_as_an_earlier_login_can_be_taken_back(self):
        undo = a_link(purpose="login-cancellation", email="lea@before.org")
        thiefs = replace(GONE, links=(undo, a_link(purpose="erasure", nonce="n-e")))

        for nonce in (None, "n-e"):
            with pytest.raises(LoginMayComeBack):
                erased(thiefs, nonce=nonce)
        assert erased(thiefs, now=undo.expires_at)[0].state.status == "erased"
        assert erased(thiefs, again=True)[0].state.status == "erased"

    def test_waits_for_the_successors_of_a_principal_manager(self):
        with pytest.raises(StillPrincipalManager) as refused:
            erased(replace(GONE, manages=2))
        assert refused.value.members["count"] == 2

    def test_leaves_an_address_to_whoever_has_it_now(self):
        other = replace(LOGIN, user_id="u-omar")
        assert erased(GONE, other)[1].state == other

    def test_needs_the_link_that_was_asked_for(self):
        link = a_link(purpose="erasure", nonce="n-e")
        assert erased(replace(GONE, links=(link,)), nonce="n-e")[0].state.status == "erased"
        for links, nonce in ((), "n-e"), ((link,), "n-x"), ((a_link(nonce="n-e"),), "n-e"):
            with pytest.raises(LinkNoLongerValid):
                erased(replace(GONE, links=links), nonce=nonce)
        with pytest.raises(LinkNoLongerValid):
            erased(replace(GONE, links=(link,)), nonce="n-e", now=NOW + timedelta(hours=2))

    def test_is_done_again_whatever_a_backup_brought_back(self):
        account, *_ = erased(an_account(manages=1), again=True)
        assert account.state.status == "erased"


def _decided(kind: Any, **said: Any) -> ApprovalDecided:
    return ApprovalDecided(approval_id="a1", kind=kind, decided_at=NOW, **said)


class TestWhatIsLeft:
    def test_of_a_request_is_all_but_the_words(self):
        request = RattachementRequest(
            id="r1",
            user_id="u-lea",
            structure_id="s-1",
            structure_identifier="1",
            structure_name="Une structure",
            extent=Extent(valid_from=NOW.date()),
            comment="Je suis Léa, la nièce de Paul.",
            reason="Non, Léa.",
            status="refused",
            requested_at=NOW,
        )
        left = without_words(request).state
        assert left == replace(request, comment="", reason="")
        assert without_words(left).state == left

    def test_of_what_they_refused_is_all_but_their_words(self):
        asked = {"id": "r1", "user_id": "u-lea", "structure_id": "s-1", "structure_name": None}
        of = {"structure_identifier": "1", "requested_at": NOW, "comment": "Bonjour", **asked}
        rattachement = RattachementRequest(
            **of, extent=Extent(valid_from=NOW.date()), status="requested"
        )
        change = HabilitationsRequest(**of, given=(), taken=(), status="requested")
        told = {"subject_id": "r1", "requester_id": "u-lea", "structure_id": "s-1"}
        decided = {"verdict": "refused", "reason": "Non. Paul", "decided_by": "u-paul"}
        for refused in (
            requests._refused(rattachement, _decided("rattachement", **told, **decided)).state,
            habilitation_requests._refused(
                change, _decided("habilitation", **told, **decided)
            ).state,
        ):
            assert refused
            assert (refused.decided_by, refused.reason) == ("u-paul", "Non. Paul")
            left = without_refusal(refused).state
            assert left == replace(refused, reason="")
            assert without_refusal(left).state == left

    def test_of_a_rattachement_is_that_it_gives_nothing(self):
        tie = replace(
            nothing_yet("u-lea", "s-1"),
            role="user",
            lines=Extent(valid_from=NOW.date()).lines(),
            habilitations=(INVOICES,),
            pending_request_id="r1",
        )
        change, action, entry = out(tie)
        [told] = change.events
        assert (told.role, told.habilitations) == (None, ())
        assert [one.events for one in out(change.state, action.state, entry.state)] == [()] * 3

    def test_of_a_rattachement_is_in_the_histories_of_its_structure_once(self):
        tie = replace(
            nothing_yet("u-lea", "s-1"),
            role="user",
            lines=Extent(units=("ovens",), valid_from=NOW.date()).lines(),
            habilitations=(INVOICES,),
        )
        change, action, entry = out(tie)

        assert (action.state.done, action.state.units, action.state.by) == (
            "erased",
            ("ovens",),
            None,
        )
        assert (entry.state.cause, entry.state.taken, entry.state.by) == (
            "erased",
            (INVOICES,),
            None,
        )
        again = out(change.state, action.state, entry.state, now=NOW + timedelta(days=31))
        assert [one.state for one in again] == [change.state, action.state, entry.state]

    def test_of_who_was_attached_nowhere_is_in_no_history(self):
        assert out(nothing_yet("u-lea", "s-1"))[1:] == (Change(None), Change(None))
        assert out(None) == (Change(None), Change(None), Change(None))


class TestTheErasure:
    def test_looks_again_until_nothing_so_old_can_be_heard(self):
        current = begin(None, user_id="u-lea", now=NOW).state
        at, passes = NOW, 0
        while current.wake_at:
            at = current.wake_at
            current = looked_through(current, current, now=at).state
            passes += 1
        assert passes == 1 + len(AGAIN_AFTER)
        assert at - NOW >= timedelta(days=31)

    def test_begun_twice_begins_once(self):
        current = Erasure(id="u-lea", erased_at=NOW, passes=4)
        assert begin(current, user_id="u-lea", now=NOW + timedelta(days=40)).state == current
        assert looked_through(replace(current, passes=3), current, now=NOW).state == current
