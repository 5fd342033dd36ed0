"""The verdict of a fault run can fail: each thing that must not happen is seen when it has."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from services.notifications.domain.letters import OF_NO_USE
from tests.faults.deliveries import delivered
from tests.faults.evidence import COPYING, Evidence, Told
from tests.faults.ledger import Ledger, Request, Ticket
from tests.faults.verdict import judged, topic

LEDGER = Ledger(
    requests={"r": Request("lea", "s", "approved", "claire")},
    tickets={"t": Ticket("lea", version=3, title="1", state="closed", told=True)},
    structures={"s": "claire"},
)
TIE = {
    "user_id": "claire",
    "structure_id": "s",
    "role": "principal_manager",
    "may_approve": True,
    "lines": [{"unit": None, "valid_from": "2026-01-01", "valid_until": None}],
}
COPY = {
    "user_id": "claire",
    "structure_id": "s",
    "role": "principal_manager",
    "lines": [{"unit": None, "valid_from": "2026-01-01", "valid_until": None}],
    "may_approve": True,
    "blocked": False,
    "told": 1,
}
JOURNALS = {
    "users": [
        ("users.rattachement-requested.v1", "r"),
        ("users.rattachement-granted.v1", "r"),
    ],
    "approvals": [("approvals.approval-opened.v1", "r"), ("approvals.approval-decided.v1", "r")],
    "structures": [("structures.structure-created.v1", "s")],
    "support": [("support.ticket-opened.v1", "t"), ("support.ticket-closed.v1", "t")],
}


def evidence() -> Evidence:
    """Of a run in which all went well."""
    journals = {
        service: [
            Told(f"{service}-{n}", 0, n, key, type, clock=n)
            for n, (type, key) in enumerate(rows, 1)
        ]
        for service, rows in JOURNALS.items()
    }
    last = {service: {0: len(rows)} for service, rows in journals.items()}
    letters = {
        "r:approval-opened:claire": "approval-opened",
        "r:granted": "rattachement-granted",
        "t:ticket-opened": "ticket-opened",
        "claire:activation": "activation",
    }
    return Evidence(
        journals=journals,
        last=last,
        topics={service: [deepcopy(rows)] for service, rows in journals.items()},
        heard={"approvals": {"users.events/0": 2}},
        hears={"approvals": {"users.events"}},
        parked={"users": []},
        requests={"r": {"user_id": "lea", "structure_id": "s", "status": "granted"}, "s": {}},
        rattachements={"claire:s": deepcopy(TIE)},
        approvals={"r": {"state": "approved", "decided_by": "claire"}},
        tickets={"t": {"version": 3, "state": "closed", "content": {"title": "1"}}},
        structures={"s": {}},
        structures_known={"s": {}},
        letters={id: {"template": template, "status": "sent"} for id, template in letters.items()},
        rights={service: {"claire:s": dict(COPY)} for service in COPYING},
        rights_told={"claire:s": 1},
    )


def kinds(found: Evidence, ledger: Ledger = LEDGER) -> set[str]:
    return {one.kind for one in judged(found, ledger)}


class TestJudged:
    def test_has_nothing_to_say_when_all_is_there_once(self):
        assert judged(evidence(), LEDGER) == []

    def test_sees_who_has_heard_nothing_at_all(self):
        found = evidence()
        found.heard["approvals"] = {}
        assert kinds(found) == {"lost"}

    def test_sees_that_something_was_set_aside(self):
        found = evidence()
        found.parked["users"] = ["e"]
        assert kinds(found) == {"parked"}

    @pytest.mark.parametrize("what", ["requests", "approvals", "tickets", "structures", "letters"])
    def test_sees_what_was_accepted_and_is_not_there(self, what: str):
        found = evidence()
        del getattr(found, what)[next(iter(getattr(found, what)))]
        assert kinds(found) == {"lost"}

    @pytest.mark.parametrize("what", ["requests", "approvals", "tickets", "structures"])
    def test_sees_what_is_there_and_nobody_asked_for(self, what: str):
        found = evidence()
        there = getattr(found, what)
        there["another"] = there[next(iter(there))]
        assert kinds(found) == {"doubled"}

    def test_sees_a_letter_that_nobody_was_due(self):
        found = evidence()
        found.letters["r:granted-again"] = found.letters["r:granted"]
        assert kinds(found) == {"doubled"}

    def test_sees_a_command_that_was_done_twice(self):
        found = evidence()
        found.tickets["t"]["version"] = 4
        assert kinds(found) == {"doubled"}

    def test_sees_a_command_that_was_not_done(self):
        found = evidence()
        found.tickets["t"]["version"] = 2
        assert kinds(found) == {"lost"}

    def test_sees_a_decision_that_had_another_outcome(self):
        found = evidence()
        found.requests["r"]["status"] = "refused"
        assert kinds(found) == {"wrong"}

    @pytest.mark.parametrize("service", ["users", "approvals", "structures", "support"])
    def test_sees_a_fact_that_was_decided_twice(self, service: str):
        found = evidence()
        again = replace(found.journals[service][-1], id="again", position=0, slice=1)
        again = replace(again, position=1, clock=again.clock + 1)
        found.journals[service].append(again)
        found.topics[service].append([again])
        found.last[service][1] = 1
        found.heard = {}
        assert kinds(found) == {"doubled"}

    def test_sees_a_gap_in_the_positions(self):
        found = evidence()
        del found.journals["users"][0]
        assert "lost" in kinds(found)

    def test_sees_what_was_never_told(self):
        found = evidence()
        found.journals["users"].append(Told("late", 0, 0, "x", "users.person-changed.v1", 9))
        assert "lost" in kinds(found)

    def test_sees_that_a_later_fact_of_an_entity_was_told_first(self):
        found = evidence()
        first, second = found.journals["users"]
        found.journals["users"] = [replace(first, clock=2), replace(second, clock=1)]
        found.topics["users"] = [found.journals["users"]]
        assert kinds(found) == {"disordered"}

    def test_sees_a_hearer_that_has_not_heard_all(self):
        found = evidence()
        found.heard["approvals"]["users.events/0"] = 1
        assert kinds(found) == {"lost"}

    @pytest.mark.parametrize("service", COPYING)
    def test_sees_a_copy_of_rights_that_is_not_the_source(self, service: str):
        found = evidence()
        found.rights[service]["claire:s"]["role"] = "user"
        assert kinds(found) == {"wrong"}

    @pytest.mark.parametrize("service", COPYING)
    def test_sees_a_copy_of_rights_that_is_missing(self, service: str):
        found = evidence()
        del found.rights[service]["claire:s"]
        assert kinds(found) == {"lost"}


class TestTopic:
    rows = evidence().journals["users"]

    def judged(self, *events: Told, log_lost: bool = False) -> list[str]:
        found = topic("users", self.rows, [[*events]], log_lost=log_lost)
        return [one.kind for one in found]

    def test_may_repeat_itself(self):
        first, second = self.rows
        assert self.judged(first, first, second, first, second) == []

    def test_must_not_lack_an_event(self):
        assert self.judged(self.rows[0]) == ["lost"]

    def test_must_not_have_a_later_event_first(self):
        first, second = self.rows
        assert "disordered" in self.judged(second, first)

    def test_may_have_a_later_event_first_by_which_a_loss_was_seen(self):
        first, second = self.rows
        assert self.judged(second, first, second, log_lost=True) == []
        assert self.judged(second, first, log_lost=True) == ["lost"]

    def test_must_not_have_what_was_not_kept(self):
        first, second = self.rows
        assert "wrong" in self.judged(first, second, replace(second, id="other"))


LETTER = {"l": {"template": "ticket-opened", "status": "sent"}}
BEARS = {"l": "<l>"}


class TestDelivered:
    def judged(self, letters: Any = LETTER, **given: Any) -> list[str]:
        known = {"taken": {"<l>": [100.0]}, "refused": set(), "message_id": BEARS, "cuts": []}
        known["decided"] = {"r"}
        return [one.kind for one in delivered(letters, **known | given).found]

    def test_has_nothing_to_say_of_a_letter_that_left_once(self):
        assert self.judged() == []

    def test_sees_a_letter_that_never_left(self):
        assert self.judged(taken={}) == ["lost"]

    def test_sees_a_letter_that_is_not_sent(self):
        assert self.judged({"l": LETTER["l"] | {"status": "failed"}}) == ["lost"]

    def test_forgives_a_letter_that_smtp_refused_for_good(self):
        failed = {"l": LETTER["l"] | {"status": "failed"}}
        assert self.judged(failed, refused={"<l>"}, taken={}) == []

    @pytest.mark.parametrize(("request_id", "found"), [("r", []), ("undecided", ["lost"])])
    def test_forgives_a_letter_that_asks_for_a_decision_once_it_was_taken(
        self, request_id: str, found: list[str]
    ):
        asks = {"template": "approval-opened", "subject_id": request_id}
        dropped = asks | {"status": "suppressed", "last_error": OF_NO_USE}
        assert self.judged({"l": dropped}, taken={}) == found

    def test_forgives_a_second_time_after_a_kill_between_hand_over_and_record(self):
        assert self.judged(taken={"<l>": [100.0, 161.0]}, cuts=[100.5]) == []

    def test_sees_a_second_time_for_no_reason(self):
        assert self.judged(taken={"<l>": [100.0, 161.0]}, cuts=[90.0, 150.0]) == ["doubled"]

    def test_sees_a_second_time_under_another_message_id(self):
        assert self.judged(taken={"<l>": [100.0], "<other>": [100.5]}) == ["doubled"]
