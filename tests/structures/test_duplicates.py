"""What becomes of a structure and its duplicate."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.structures import (
    StructureChanged,
    StructureCreated,
    StructureDuplicated,
    UnitCreated,
)
from kit.change import Change
from kit.problems import NotFound, Problem
from services.structures.domain.changes import Asked, choose_edi, modify
from services.structures.domain.duplicates import KindKept, describe_duplicate, duplicate
from services.structures.domain.identifiers import Identifier
from services.structures.domain.options import Edi, Flags
from services.structures.domain.structures import (
    Address,
    BankDetailsMissing,
    ComesFromInsee,
    EstablishmentClosed,
    KindContradicted,
    NameMissing,
    SiretUnknown,
    Structure,
    StructureAlreadyKnown,
    StructureInactive,
)
from services.structures.domain.units import Details as UnitDetails
from services.structures.domain.units import Unit, carry_over, unit_id
from tests.structures.builders import NOW, RUE, SIRET, a_structure, an_establishment

MOVED = Identifier("SIRET", "73282932000124")
BOUGHT = Identifier("SIRET", "84965690500015")
ACME = Identifier("HORS_UE", "USACME")
ANA = Identifier("PARTICULIER", "1990193160BONJEAN")
TODAY = date(2026, 1, 5)
WAITING = Asked(by="u-lea", at=NOW, waits=timedelta(minutes=30))
QUAY = Address(line="2 QUAI DU PORT", postcode="44600", city="SAINT-NAZAIRE")


def duplicated(
    model: Structure | None, copy: Structure | None = None, **but: Any
) -> tuple[Change[Structure], Change[Structure]]:
    asked = {
        "identifier": MOVED,
        "kind": None,
        "said": {},
        "establishment": an_establishment(siret=MOVED.value, address=QUAY),
        "bank_details": False,
        "users": True,
        "by": "u-lea",
        "managed_by": "u-lea",
        "now": NOW,
    }
    return duplicate(model, copy, **asked | but)


def states(model: Structure, **but: Any) -> tuple[Structure, Structure]:
    over, made = duplicated(model, **but)
    assert over.state
    assert made.state
    return over.state, made.state


def a_person(**but: Any) -> Structure:
    said = {"identifier": ANA, "kind": "person", "legal_name": None}
    return a_structure(**said | {"last_name": "Bonjean", "first_name": "Ana"} | but)


def field_of(refusal: Problem) -> str:
    return str(refusal.members["errors"][0]["pointer"])


class TestDuplicate:
    @pytest.mark.feature("DUP-01", "DUP-08", "DUP-09")
    def test_makes_one_that_knows_its_model_which_ends(self):
        over, made = states(a_structure())

        assert (made.id, made.identifier) == (MOVED.structure_id, MOVED)
        assert (made.status, made.created_by) == ("active", "u-lea")
        assert (over.status, over.duplicates) == ("inactive", (made.id,))
        assert made.origin_structure == over.id

    def test_takes_along_what_waits_and_leaves_nothing_of_it_behind(self):
        model = a_structure()
        for decide in (
            lambda one: modify(one, said={"label": "Quai"}, bank_details=False, asked=WAITING),
            lambda one: choose_edi(one, edi=Edi(sends_flows=True), asked=WAITING),
        ):
            model = decide(model).state
        assert (model.label, len(model.waiting)) == (None, 2)

        over, made = states(model)

        assert (made.label, made.edi.sends_flows) == ("Quai", True)
        assert (over.label, over.waiting, over.wake_at) == (None, (), None)
        assert made.waiting == ()

    @pytest.mark.feature("DUP-02")
    @pytest.mark.parametrize("manager", ["u-omar", None])
    def test_is_for_whoever_manages_the_model_not_for_who_asks(self, manager: str | None):
        _, made = duplicated(a_structure(), managed_by=manager)

        created, copied = made.events
        assert isinstance(created, StructureCreated)
        assert created.created_by == manager
        assert isinstance(copied, StructureDuplicated)
        assert copied.duplicated_by == "u-lea"

    @pytest.mark.feature("DUP-01", "DUP-07")
    def test_tells_that_one_is_created_before_that_it_is_a_duplicate(self):
        over, made = duplicated(a_structure(), users=False)

        [ended] = over.events
        assert isinstance(ended, StructureChanged)
        assert ended.status == "inactive"
        created, copied = made.events
        assert isinstance(created, StructureCreated)
        assert (created.created_by, created.duplicate_of) == ("u-lea", SIRET.structure_id)
        assert copied == StructureDuplicated(
            structure_id=MOVED.structure_id,
            model_id=SIRET.structure_id,
            users=False,
            duplicated_by="u-lea",
            duplicated_at=NOW,
        )

    @pytest.mark.feature("DUP-01")
    def test_gives_the_new_one_the_settings_of_its_model(self):
        model = a_structure(
            kind="public",
            edi=Edi(sends_flows=True),
            flags=Flags(moa=True, unit_required=True),
            agricultural=True,
        )
        _, made = duplicated(model, bank_details=True)

        assert made.state
        assert (made.state.edi, made.state.flags) == (model.edi, model.flags)
        assert made.state.agricultural
        [_, options, _] = made.events
        assert isinstance(options, StructureChanged)
        assert (options.requires, options.version) == ("unit", 1)

    @pytest.mark.feature("DUP-05")
    def test_takes_what_is_said_anew_and_the_rest_from_its_model(self):
        model = a_structure(label="Chez Léa", phone="0240000000")
        _, made = states(model, said={"label": "Chez Omar", "email": "omar@example.org"})

        assert (made.label, made.email) == ("Chez Omar", "omar@example.org")
        assert (made.phone, made.address) == ("0240000000", QUAY)

    @pytest.mark.feature("DUP-05")
    def test_takes_the_new_name_from_insee(self):
        found = an_establishment(siret=MOVED.value, legal_name="DUPONT ET FILS")
        _, made = states(a_structure(), establishment=found, said={"legal_name": "Mine"})

        assert made.legal_name == "DUPONT ET FILS"

    @pytest.mark.feature("DUP-05")
    def test_needs_a_new_name_where_insee_says_none(self):
        nameless = an_establishment(siret=MOVED.value, legal_name=None)
        with pytest.raises(NameMissing) as refusal:
            duplicated(a_structure(), establishment=nameless)
        assert field_of(refusal.value) == "/body/legal_name"

        _, made = states(a_structure(), establishment=nameless, said={"legal_name": "Dupont"})
        assert made.legal_name == "Dupont"

    def test_hides_what_insee_withholds_now(self):
        hidden = an_establishment(siret=MOVED.value, diffusible=False, legal_name=None)
        _, made = states(a_structure(), establishment=hidden)

        assert (made.non_diffusible, made.legal_name) == (True, None)

    def test_leaves_behind_what_is_of_another_body_in_law(self):
        model = a_structure(rcs_number="NANTES 732 829 320", billing_mandates=("M-1",))

        _, same = states(model)
        bought = an_establishment(siret=BOUGHT.value)
        _, other = states(model, identifier=BOUGHT, establishment=bought)
        assert (same.rcs_number, other.rcs_number) == (model.rcs_number, None)
        assert (same.billing_mandates, other.billing_mandates) == ((), ())

    @pytest.mark.feature("DUP-09")
    def test_may_be_of_a_duplicate(self):
        _, first = states(a_structure())
        over, second = states(
            first, identifier=BOUGHT, establishment=an_establishment(siret=BOUGHT.value)
        )

        assert second.origin_structure == first.id == over.id
        assert (over.origin_structure, over.duplicates) == (SIRET.structure_id, (second.id,))

    def test_keeps_what_was_duplicated_before(self):
        again = a_structure(duplicates=("earlier",))

        assert states(again)[0].duplicates == ("earlier", MOVED.structure_id)

    @pytest.mark.feature("DUP-11")
    @pytest.mark.parametrize("status", ["active", "inactive"])
    def test_is_refused_for_an_identifier_in_use_before_anything_else(self, status: str):
        known = a_structure(identifier=MOVED)
        with pytest.raises(StructureAlreadyKnown):
            duplicated(a_structure(status=status), known, establishment=None)

    @pytest.mark.feature("DUP-11")
    def test_is_refused_onto_itself(self):
        model = a_structure()
        with pytest.raises(StructureAlreadyKnown):
            duplicated(model, model, identifier=SIRET, establishment=None)

    @pytest.mark.feature("DUP-06")
    @pytest.mark.parametrize(
        ("establishment", "refusal"),
        [(None, SiretUnknown), (an_establishment(open=False), EstablishmentClosed)],
    )
    def test_is_refused_for_what_insee_does_not_hold_open(self, establishment: Any, refusal: Any):
        with pytest.raises(refusal) as refused:
            duplicated(a_structure(), establishment=establishment)
        assert field_of(refused.value) == "/body/identifier/value"

    def test_of_one_that_ended_is_refused(self):
        with pytest.raises(StructureInactive):
            duplicated(a_structure(status="inactive"))

    def test_of_nothing_is_refused(self):
        with pytest.raises(NotFound):
            duplicated(None)

    def test_needs_the_bank_details_that_its_model_needs(self):
        expert = a_structure(justice_category="fire")
        with pytest.raises(BankDetailsMissing):
            duplicated(expert)

        assert states(expert, bank_details=True)[1].justice_category == "fire"


class TestDescribeDuplicate:
    def described(self, model: Structure, identifier: Identifier = MOVED, **but: Any) -> Any:
        return describe_duplicate(model, identifier, **{"kind": None, "said": {}} | but)

    @pytest.mark.feature("DUP-04")
    @pytest.mark.parametrize("kind", ["public", "private"])
    def test_keeps_the_kind(self, kind: Any):
        model = a_structure(kind=kind)

        assert self.described(model).kind == kind
        assert self.described(model, kind=kind).kind == kind

    @pytest.mark.feature("DUP-04")
    def test_refuses_another_kind(self):
        with pytest.raises(KindKept) as refusal:
            self.described(a_structure(), kind="public")
        assert field_of(refusal.value) == "/body/kind"

    @pytest.mark.feature("DUP-03", "DUP-04")
    @pytest.mark.parametrize(("model", "identifier"), [(a_structure(), ANA), (a_person(), MOVED)])
    def test_refuses_an_identifier_of_another_kind(self, model: Structure, identifier: Identifier):
        with pytest.raises(KindContradicted) as refusal:
            self.described(model, identifier)
        assert field_of(refusal.value) == "/body/identifier/type"

    @pytest.mark.feature("DUP-05")
    def test_needs_a_new_name_for_what_insee_does_not_know(self):
        with pytest.raises(NameMissing) as refusal:
            self.described(a_structure(), ACME)
        assert field_of(refusal.value) == "/body/legal_name"

        wanted = self.described(a_structure(), ACME, said={"legal_name": "Acme"})
        assert (wanted.legal_name, wanted.address) == ("Acme", RUE)

    @pytest.mark.feature("DUP-05")
    def test_takes_the_address_from_insee_alone_for_a_siret(self):
        with pytest.raises(ComesFromInsee) as refusal:
            self.described(a_structure(), said={"address": QUAY})
        assert field_of(refusal.value) == "/body/address"

        moved = {"legal_name": "Acme", "address": QUAY}
        assert self.described(a_structure(), ACME, said=moved).address == QUAY

    def test_names_a_person_as_before(self):
        other = replace(ANA, value="1990193161BONJEAN")

        wanted = self.described(a_person(), other)
        assert (wanted.kind, wanted.last_name, wanted.first_name) == ("person", "Bonjean", "Ana")


class TestUnits:
    def unit(self, **but: Any) -> Unit:
        said = {
            "id": unit_id(SIRET.structure_id, "VOIRIE"),
            "structure_id": SIRET.structure_id,
            "code": "VOIRIE",
            "details": UnitDetails(name="Voirie", valid_from=TODAY, engagement_required=True),
            "noted": "in_force",
            "created_at": NOW,
        }
        return Unit(**said | but)

    def carried_over(self, unit: Unit | None, known: Unit | None = None) -> Change[Unit]:
        return carry_over(unit, known, to_structure=MOVED.structure_id, by="u-lea", now=NOW)

    @pytest.mark.feature("DUP-01")
    def test_are_carried_over_with_all_that_is_said_of_them(self):
        change = self.carried_over(self.unit())

        assert change.state
        assert change.state.id == unit_id(MOVED.structure_id, "VOIRIE")
        assert change.state.structure_id == MOVED.structure_id
        assert change.state.details == self.unit().details
        [told] = change.events
        assert isinstance(told, UnitCreated)
        assert (told.code, told.active, told.engagement_required) == ("VOIRIE", True, True)

    def test_once_only(self):
        known = self.carried_over(self.unit()).state

        assert self.carried_over(self.unit(), known) == Change(known)

    @pytest.mark.parametrize(
        "but",
        [
            {"status": "inactive"},
            {"status": "deleted"},
            {"details": UnitDetails(name="V", valid_from=date.min, valid_until=date(2025, 12, 31))},
        ],
    )
    def test_that_are_over_stay_behind(self, but: dict[str, Any]):
        assert self.carried_over(self.unit(**but)) == Change(None)
