"""Which letter follows which fact, and what becomes of it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest

from contracts.approvals import ApprovalOpened
from contracts.structures import ClientWelcomed
from contracts.users import (
    HabilitationsGranted,
    HabilitationsNotApplied,
    HabilitationsRefused,
    LinkRequested,
    PersonChanged,
    RattachementGranted,
    RattachementNotApplied,
    RattachementRefused,
    RegistrationRepeated,
)
from kit.change import Change
from services.notifications.domain import (
    account_letters,
    attempts,
    client_letters,
    request_letters,
    ticket_letters,
)
from services.notifications.domain.attempts import AGAIN_AFTER, LEASE
from services.notifications.domain.letters import Letter, Template, recipient, write
from services.notifications.domain.people import copy_person
from tests.notifications.builders import NOW, SOON, a_letter, a_link, a_link_letter, a_person
from tests.notifications.telling import TICKET


def an_opened_approval(**but: Any) -> ApprovalOpened:
    return ApprovalOpened(
        **{
            "approval_id": "r-1",
            "kind": "rattachement",
            "subject_id": "r-1",
            "structure_id": "s-9",
            "structure_name": "Menuiserie Petit",
            "requester_id": "u-lea",
            "principal_manager_id": "u-omar",
            "approver_ids": ("u-omar", "u-ada"),
            "opened_at": NOW,
        }
        | but
    )


class TestWhoIsWrittenTo:
    @pytest.mark.feature("NOT-09")
    def test_the_principal_manager_when_an_approval_opens(self):
        [letter] = request_letters.on_approval_opened(an_opened_approval())

        assert (letter.recipient_id, letter.template) == ("u-omar", "approval-opened")
        assert letter.id == "r-1:approval-opened:u-omar"
        assert letter.about_id == "u-lea"

    @pytest.mark.feature("NOT-09")
    def test_everyone_who_may_decide_where_there_is_no_principal_manager(self):
        opened = an_opened_approval(principal_manager_id=None, approver_ids=("u-ada", "u-bob"))

        letters = request_letters.on_approval_opened(opened)

        assert [one.recipient_id for one in letters] == ["u-ada", "u-bob"]
        assert len({one.id for one in letters}) == 2

    @pytest.mark.feature("ESP-09")
    def test_each_of_them_once_for_a_whole_list(self):
        lines = [an_opened_approval(approval_id=f"r-{n}", list_id="s-9:1") for n in range(3)]

        letters = [letter for one in lines for letter in request_letters.on_approval_opened(one)]

        assert {one.id for one in letters} == {"s-9:1:approval-opened:u-omar"}
        assert {one.params["kind"] for one in letters} == {"list"}

    @pytest.mark.feature("NOT-10")
    def test_the_requester_when_the_rattachement_is_granted(self):
        granted = RattachementGranted(
            request_id="r-1",
            user_id="u-lea",
            structure_id="s-9",
            structure_name=None,
            units=("COMPTA", "VOIRIE"),
            valid_from=date(2026, 1, 5),
            granted_at=NOW,
        )

        assert request_letters.on_granted(granted) == Letter(
            id="r-1:granted",
            recipient_id="u-lea",
            template="rattachement-granted",
            params={
                "structure_name": "",
                "units": "COMPTA, VOIRIE",
                "valid_from": "2026-01-05",
                "valid_until": "",
            },
            created_at=NOW,
        )
        less = granted.model_copy(update={"left_out": True})
        assert request_letters.on_granted(less).params["left_out"]

    @pytest.mark.feature("NOT-10", "APP-14")
    def test_the_requester_with_the_reason_when_it_is_refused(self):
        refused = RattachementRefused(
            request_id="r-1",
            user_id="u-lea",
            structure_id="s-9",
            structure_name="Menuiserie Petit",
            reason="Inconnue ici",
            refused_at=NOW,
        )

        assert request_letters.on_refused(refused) == a_letter(wake_at=None)

    def test_the_requester_when_it_could_no_longer_be_applied(self):
        not_applied = RattachementNotApplied(
            request_id="r-1",
            user_id="u-lea",
            structure_id="s-9",
            structure_name="Menuiserie Petit",
            reason="La structure n'est plus active.",
            decided_at=NOW,
        )

        letter = request_letters.on_not_applied(not_applied)

        assert (letter.recipient_id, letter.id) == ("u-lea", "r-1:not-applied")
        assert letter.reason == "La structure n'est plus active."

    @pytest.mark.feature("HAB-16")
    def test_the_requester_of_habilitations_whatever_became_of_it(self):
        asked = {
            "request_id": "r-1",
            "user_id": "u-lea",
            "structure_id": "s-9",
            "structure_name": "Menuiserie Petit",
        }
        granted = HabilitationsGranted(**asked, granted_at=NOW)
        refused = HabilitationsRefused(**asked, reason="Pas encore", refused_at=NOW)
        not_applied = HabilitationsNotApplied(**asked, reason="Trop tard", decided_at=NOW)

        letters = [
            request_letters.on_habilitations_granted(granted),
            request_letters.on_habilitations_refused(refused),
            request_letters.on_habilitations_not_applied(not_applied),
        ]

        assert [(one.id, one.template, one.reason) for one in letters] == [
            ("r-1:granted", "habilitations-granted", ""),
            ("r-1:refused", "habilitations-refused", "Pas encore"),
            ("r-1:not-applied", "habilitations-not-applied", "Trop tard"),
        ]
        assert {one.recipient_id for one in letters} == {"u-lea"}

    @pytest.mark.feature("NOT-08")
    @pytest.mark.parametrize("purpose", ["activation", "password-reset"])
    def test_whoever_needs_a_link(self, purpose: Any):
        asked = LinkRequested(user_id="u-lea", purpose=purpose, nonce="n-1", expires_at=SOON)

        letter = account_letters.on_link_requested(asked, now=NOW)

        assert (letter.recipient_id, letter.template) == ("u-lea", purpose)
        assert letter.link == a_link(purpose=purpose)

    def test_whoever_already_has_the_account_asked_for(self):
        repeated = RegistrationRepeated(user_id="u-lea", registration_id="g-1", repeated_at=NOW)

        letter = account_letters.on_registration_repeated(repeated)

        assert (letter.recipient_id, letter.template) == ("u-lea", "registration-repeated")

    def test_whoever_asked_the_support_desk(self):
        letter = ticket_letters.on_ticket_opened(TICKET)

        assert (letter.recipient_id, letter.params) == ("u-lea", {"number": "CPROCS0000001"})

    @pytest.mark.feature("CRM-15", "NOT-17")
    def test_the_principal_manager_of_a_client_who_is_welcomed(self):
        welcomed = ClientWelcomed(
            client_account_id="c-1",
            supplier_name="Papeterie Roux",
            reference="10001",
            recipient_id="u-lea",
            welcomed_at=NOW,
        )

        letter = client_letters.on_client_welcomed(welcomed)

        assert (letter.id, letter.recipient_id) == ("c-1:client-welcomed", "u-lea")
        assert letter.params == {"supplier_name": "Papeterie Roux", "reference": "10001"}

    @pytest.mark.feature("NOT-16")
    @pytest.mark.parametrize(
        ("of_client", "own", "written_in"), [("", "fr", "fr"), ("", "en", "en"), ("en", "fr", "en")]
    )
    def test_a_client_in_their_language_as_their_supplier_knows_it(
        self, of_client: str, own: str, written_in: str
    ):
        letter = a_letter(template="client-welcomed", language=of_client)

        assert recipient(letter, a_person(language=own)).language == written_in


class TestWrite:
    def test_is_to_be_sent_at_once(self):
        assert write(a_letter(wake_at=None), None) == Change(a_letter())

    @pytest.mark.feature("NOT-15")
    def test_leaves_a_letter_already_written_as_it_is(self):
        gone = a_letter(status="sent", sent_at=NOW)

        assert write(a_letter(), gone) == Change(gone)


class TestCopyPerson:
    def told(self, **but: Any) -> PersonChanged:
        return PersonChanged(
            **{
                "user_id": "u-lea",
                "first_name": "Léa",
                "last_name": "Martin",
                "email": "lea@example.org",
                "active": True,
                "version": 1,
            }
            | but
        )

    def test_keeps_what_was_told(self):
        assert copy_person(self.told(), None).state == a_person()

    @pytest.mark.parametrize("version", [1, 2])
    def test_never_goes_back_to_what_was_told_earlier(self, version: int):
        newer = a_person(email="new@example.org", heard=2)

        told = self.told(version=version, email="old@example.org")

        assert copy_person(told, newer) == Change(newer)


class TestClaim:
    def test_counts_the_attempt_and_holds_the_letter_for_the_lease(self):
        claimed = attempts.claim(a_letter(), NOW).state

        assert (claimed.attempts, claimed.wake_at) == (1, NOW + LEASE)

    @pytest.mark.parametrize("wake_at", [None, SOON], ids=["done with", "claimed by another"])
    def test_leaves_alone_what_is_not_due(self, wake_at: Any):
        letter = a_letter(wake_at=wake_at)

        assert attempts.claim(letter, NOW) == Change(letter)

    def test_gives_up_on_a_letter_whose_every_sender_died(self):
        claimed = attempts.claim(a_letter(attempts=len(AGAIN_AFTER) + 1), NOW).state

        assert (claimed.status, claimed.wake_at) == ("failed", None)
        assert claimed.last_error


class TestUnwanted:
    @pytest.mark.feature("NOT-07")
    def test_says_so_of_a_letter_to_a_deactivated_account(self):
        assert attempts.unwanted(a_letter(), a_person(active=False), now=NOW)

    @pytest.mark.feature("NOT-07", "ACC-12")
    def test_lets_nothing_through_to_whoever_left_but_what_they_need_without_an_account(self):
        left = a_person(active=False, linked={"n-1": "old@example.org"})
        through = {
            one
            for one in get_args(Template)
            if not attempts.unwanted(a_letter(template=one, link=a_link()), left, now=NOW)
        }

        assert through == {
            *("activation", "invitation", "reactivation", "reactivation-refused"),
            *("erasure", "login-cancellation"),
        }

    def test_says_so_of_a_link_that_has_expired(self):
        assert attempts.unwanted(a_link_letter(), a_person(), now=SOON)

    def test_lets_all_else_through(self):
        assert not attempts.unwanted(a_letter(), a_person(), now=NOW)


class TestOutcome:
    """What an attempt leads to."""

    claimed = a_letter(attempts=1, wake_at=NOW + LEASE)

    def test_is_sent(self):
        gone = attempts.sent(self.claimed, message_id="<m@x>", now=NOW).state

        assert (gone.status, gone.sent_at, gone.message_id) == ("sent", NOW, "<m@x>")
        assert gone.wake_at is None

    def test_of_one_to_somebody_erased_keeps_no_words(self):
        told = replace(self.claimed, reason="Rappelez-moi.", params={"number": "CPROCS1"})
        lost = attempts.suppressed(told, told, why=attempts.ERASED).state

        assert (lost.status, lost.last_error) == ("suppressed", attempts.ERASED)
        assert (lost.reason, lost.params, lost.forgotten) == ("", {}, True)
        kept = attempts.suppressed(told, told, why="The link has expired.").state
        assert kept.reason == "Rappelez-moi."

    def test_is_sent_once(self):
        gone = a_letter(status="sent", sent_at=NOW)

        assert attempts.sent(gone, message_id="<m@x>", now=SOON) == Change(gone)

    @pytest.mark.feature("NOT-15")
    def test_is_tried_again_later_and_later_then_failed(self):
        letter, at, delays = a_letter(), NOW, []
        for _ in range(len(AGAIN_AFTER) + 1):
            letter = attempts.claim(letter, at).state
            letter = attempts.postponed(letter, letter, error="451 busy", now=at).state
            delays.append(letter.wake_at and letter.wake_at - at)
            at = letter.wake_at or at

        assert delays == [*AGAIN_AFTER, None]
        assert (letter.status, letter.last_error) == ("failed", "451 busy")

    def test_is_failed_at_once_when_refused_for_good(self):
        failed = attempts.refused(self.claimed, self.claimed, error="550 unknown").state

        assert (failed.status, failed.last_error, failed.wake_at) == ("failed", "550 unknown", None)

    def test_is_left_to_the_attempt_that_began_since(self):
        later = a_letter(attempts=2, wake_at=SOON)

        change = attempts.postponed(self.claimed, later, error="451 busy", now=NOW)

        assert change == Change(later)

    def test_is_no_attempt_while_the_recipient_is_not_yet_known(self):
        waiting = attempts.not_yet_known(self.claimed, self.claimed, now=NOW).state

        assert waiting.attempts == 0
        assert NOW < waiting.wake_at <= NOW + timedelta(seconds=1)

    @pytest.mark.parametrize(("seconds", "asked"), [(0, False), (29, False), (31, True)])
    def test_asks_rights_once_the_recipient_was_unknown_for_a_minute(
        self, seconds: int, asked: bool
    ):
        at = NOW + timedelta(seconds=seconds)

        waiting = attempts.not_yet_known(self.claimed, self.claimed, now=at).state
        put_off = replace(self.claimed, held=True)

        assert waiting.held == asked
        assert attempts.not_yet_known(put_off, put_off, now=at).state.held

    def test_is_failed_when_the_recipient_stays_unknown(self):
        late = NOW + timedelta(days=2)

        assert attempts.not_yet_known(self.claimed, self.claimed, now=late).state.status == "failed"
