"""Mandates that other systems ask for, and what is answered."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

import pytest

from contracts.approvals import ApprovalDecidedV2, ApprovalExpired, ApprovalWithdrawnV2
from kit.change import Change
from kit.clock import now
from services.structures.domain.identifiers import Identifier
from services.structures.domain.imported import import_one
from services.structures.domain.mandates import (
    Mandate,
    RequesterNotAttached,
    StructureUnknown,
    ask,
    settle,
    without_words,
)
from services.structures.domain.structures import Structure, StructureInactive
from services.structures.domain.units import WrongValidity
from tests.structures import builders
from tests.structures.conftest import World, rights

NOW = now()
MANDATE: dict[str, Any] = {
    "id": "m-1",
    "structure_id": "s",
    "requester_id": "u-lea",
    "mandatary": "Compta & Cie",
    "valid_from": date(2026, 1, 5),
    "told_by": "erp",
    "asked_at": NOW,
}


def a_structure(status: str = "active") -> Structure:
    identifier = Identifier("SIRET", "84965690500015")
    made = import_one(None, identifier=identifier, legal_name="Ville de Melun", now=NOW).state
    assert made
    return replace(made, status=status)


def asked(structure: Structure | None, current: Mandate | None = None, **but: Any) -> Any:
    how = {"attached": True, "comment": "", "among": frozenset[str]()} | but
    wanted = Mandate(**MANDATE | how.pop("mandate", {}))
    return ask(current, structure, wanted=wanted, **how)


class TestAsk:
    @pytest.mark.feature("APP-04")
    def test_puts_the_question_to_those_who_decide_and_grants_nothing(self):
        until = {"valid_until": date(2026, 12, 31)}

        change = asked(a_structure(), mandate=until, comment="Merci")

        question, public = change.events
        assert change.state.status == "requested"
        assert (question.kind, question.subject_id) == ("mandate", "m-1")
        assert question.title == "Souscrire un mandat de facturation"
        assert question.named == "Mandataire : Compta & Cie"
        assert question.changes == ("Du 05/01/2026 au 31/12/2026",)
        assert type(question).audience == "internal"
        assert type(public).audience == "public"
        assert public.model_dump() == question.model_dump() | {"named": ""}
        assert (question.structure_name, question.comment) == ("Ville de Melun", "Merci")
        assert asked(a_structure(), change.state) == Change(change.state)

    @pytest.mark.parametrize(
        "hidden",
        [
            builders.a_structure(
                identifier=Identifier("PARTICULIER", "1800675123DURAND"),
                kind="person",
                legal_name=None,
                last_name="Durand",
                first_name="Paul",
            ),
            builders.a_structure(non_diffusible=True, legal_name="PAUL DURAND"),
        ],
        ids=["a person", "one that INSEE withholds"],
    )
    def test_names_nobody_who_stands_behind_a_structure(self, hidden: Structure):
        for question in asked(hidden).events:
            assert "durand" not in question.model_dump_json().lower()
            assert "1800675123" not in question.model_dump_json()
            assert question.structure_name is None

    @pytest.mark.parametrize(
        ("structure", "but", "why"),
        [
            (None, {}, StructureUnknown),
            (a_structure(), {"among": frozenset({"another"})}, StructureUnknown),
            (a_structure(), {"attached": False}, RequesterNotAttached),
            (a_structure("inactive"), {}, StructureInactive),
            (a_structure(), {"mandate": {"valid_until": date(2026, 1, 4)}}, WrongValidity),
        ],
    )
    def test_refuses_what_cannot_be_asked(self, structure: Any, but: Any, why: type[Exception]):
        with pytest.raises(why):
            asked(structure, **but)


class TestSettle:
    ABOUT: ClassVar[dict[str, Any]] = {
        "approval_id": "m-1",
        "kind": "mandate",
        "subject_id": "m-1",
        "structure_id": "s",
        "requester_id": "u-lea",
    }

    @pytest.mark.feature("APP-04")
    def test_keeps_the_first_end_whatever_comes_later(self):
        refused = ApprovalDecidedV2(
            **self.ABOUT, verdict="refused", reason="Non.", decided_by="u-omar", decided_at=NOW
        )
        expired = ApprovalExpired(**self.ABOUT, opened_at=NOW, expired_at=NOW)
        taken_back = ApprovalWithdrawnV2(**self.ABOUT, withdrawn_at=NOW)

        one = settle(refused, Mandate(**MANDATE)).state

        assert one
        assert (one.status, one.reason) == ("refused", "Non.")
        assert [settle(end, one) for end in (refused, expired, taken_back)] == [Change(one)] * 3
        for end, status in ((expired, "expired"), (taken_back, "withdrawn")):
            settled = settle(end, Mandate(**MANDATE)).state
            assert settled
            assert settled.status == status
        kept = without_words(one).state
        assert kept
        assert kept.reason == ""


@pytest.mark.asyncio(loop_scope="module")
class TestOverHttp:
    async def test_is_asked_once_and_its_end_read_by_who_asked(self, world: World):
        structure = a_structure()
        [structures] = [one for one in world.service.collections if one.name == "structures"]
        await structures.change(structure.id, lambda _: Change(structure))
        await world.hears(rights("u-lea", structure.id))
        erp = world.calls(client_id="erp", scopes=frozenset({"mandates:write"}))
        other = world.calls(client_id="crm", scopes=frozenset({"mandates:write"}))
        wanted = {
            "structure_id": structure.id,
            "requester_id": "u-lea",
            "mandatary": "Compta & Cie",
            "valid_from": "2026-01-05",
        }

        mandate = (await erp.post("/v1/mandates", json=wanted)).json()
        decided = ApprovalDecidedV2(
            approval_id=mandate["id"],
            kind="mandate",
            subject_id=mandate["id"],
            structure_id=structure.id,
            requester_id="u-lea",
            verdict="approved",
            decided_by="u-omar",
            decided_at=now() + timedelta(seconds=1),
        )
        for _ in range(2):
            await world.hears(decided)
        read = await erp.get(f"/v1/mandates/{mandate['id']}")

        assert mandate["status"] == "requested"
        assert read.json()["status"] == "approved"
        assert (await other.get(f"/v1/mandates/{mandate['id']}")).status_code == 404
        stranger = await erp.post("/v1/mandates", json=wanted | {"requester_id": "u-eve"})
        assert stranger.json()["errors"][0]["pointer"] == "/body/requester_id"
        once = {"idempotency-key": "m"}
        twice = [await erp.post("/v1/mandates", json=wanted, headers=once) for _ in range(2)]
        assert [one.status_code for one in twice] == [202, 202]
        assert len({one.json()["id"] for one in twice}) == 1
        person = await world.calls("u-lea").post("/v1/mandates", json=wanted)
        assert person.status_code == 403
