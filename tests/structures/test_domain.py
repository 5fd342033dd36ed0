"""What may happen to a structure, and who may see what of it."""

from dataclasses import asdict, replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from contracts.structures import StructureCreated
from services.structures.domain.identifiers import Identifier
from services.structures.domain.imported import import_one
from services.structures.domain.structures import (
    BankDetailsMissing,
    ComesFromInsee,
    Details,
    EstablishmentClosed,
    KindContradicted,
    NameMissing,
    PublicStructuresNotSelfService,
    SiretUnknown,
    Structure,
    StructureAlreadyKnown,
    VatNumberFollows,
    card,
    create,
    describe,
    record,
    sees_record,
)
from tests.structures.builders import (
    NOW,
    RUE,
    SIRET,
    a_structure,
    a_wanted,
    an_establishment,
)

BONJEAN = Identifier("PARTICULIER", "1990193160BONJEAN")
ACME = Identifier("HORS_UE", "USACME")
ANA = Details(last_name="Bonjean", first_name="Ana")


def asked(**but: Any) -> dict[str, Any]:
    return {
        "wanted": a_wanted(),
        "establishment": an_establishment(),
        "by": "u-lea",
        "now": NOW,
    } | but


def pointer(refusal: Any) -> str:
    return str(refusal.value.members["errors"][0]["pointer"])


class TestDescribe:
    @pytest.mark.feature("STR-01")
    def test_is_private_when_nothing_is_said(self):
        assert describe(SIRET, kind=None).kind == "private"

    @pytest.mark.parametrize(("identifier", "kind"), [(SIRET, "person"), (BONJEAN, "private")])
    def test_refuses_a_kind_that_its_identifier_contradicts(self, identifier, kind):
        with pytest.raises(KindContradicted) as refused:
            describe(identifier, kind=kind, details=ANA)
        assert refused.value.members["errors"][0]["pointer"] == "/body/kind"

    @pytest.mark.feature("STR-01", "STR-14")
    def test_a_particulier_is_a_person_and_has_no_legal_name(self):
        wanted = describe(BONJEAN, kind=None, details=replace(ANA, legal_name="SARL"))

        assert (wanted.kind, wanted.legal_name) == ("person", None)
        assert (wanted.last_name, wanted.first_name) == ("Bonjean", "Ana")

    @pytest.mark.feature("STR-14")
    @pytest.mark.parametrize("missing", ["last_name", "first_name"])
    def test_a_particulier_needs_both_names(self, missing: str):
        with pytest.raises(NameMissing) as refusal:
            describe(BONJEAN, kind=None, details=replace(ANA, **{missing: None}))
        assert refusal.value.members["errors"][0]["pointer"] == f"/body/{missing}"

    def test_what_insee_does_not_know_must_be_named(self):
        with pytest.raises(NameMissing):
            describe(ACME, kind=None)
        assert describe(ACME, kind=None, details=Details(legal_name="Acme")).legal_name == "Acme"

    @pytest.mark.feature("STR-56")
    def test_keeps_all_that_is_said_of_it(self):
        said = Details(
            legal_name="Acme",
            label="Siège",
            rcs_number="RCS NANTES 1",
            vat_number="DE136695976",
            email="me@example.org",
            phone="+33 1 02 03 04 05",
            address=RUE,
            justice_regime="cosp",
            billing_mandates=("M-1", "M-2"),
        )

        wanted = describe(ACME, kind=None, details=said)
        made = create(None, **asked(wanted=wanted, establishment=None)).state

        assert made
        assert made.details == said

    @pytest.mark.feature("STR-26")
    def test_leaves_to_insee_where_a_siret_is(self):
        with pytest.raises(ComesFromInsee) as refusal:
            describe(SIRET, kind=None, details=Details(address=RUE))
        assert pointer(refusal) == "/body/address"

    @pytest.mark.feature("STR-24")
    @pytest.mark.parametrize("identifier", [SIRET, Identifier("UE_HORS_FRANCE", "DE136695976")])
    def test_asks_no_vat_number_that_follows_from_the_identifier(self, identifier):
        with pytest.raises(VatNumberFollows) as refusal:
            describe(identifier, kind=None, details=Details(vat_number="FR44732829320"))
        assert pointer(refusal) == "/body/vat_number"

    @pytest.mark.feature("BNK-18")
    @pytest.mark.parametrize("said", [{"justice_category": "fire"}, {"agricultural": True}])
    def test_makes_no_provider_before_there_are_bank_details(self, said):
        with pytest.raises(BankDetailsMissing) as refusal:
            describe(SIRET, kind=None, details=Details(**said))
        assert pointer(refusal) == f"/body/{next(iter(said))}"

    @pytest.mark.feature("STR-47")
    def test_never_creates_a_public_structure(self):
        with pytest.raises(PublicStructuresNotSelfService):
            describe(SIRET, kind="public")


class TestCreate:
    @pytest.mark.feature("STR-04", "STR-17")
    def test_keeps_what_insee_says_and_tells_who_created_it(self):
        change = create(None, **asked(wanted=a_wanted(legal_name="Mine", email="me@example.org")))

        assert change.state == a_structure(email="me@example.org")
        assert change.events == (
            StructureCreated(
                structure_id=SIRET.structure_id,
                identifier_type="SIRET",
                identifier=SIRET.value,
                kind="private",
                legal_name="MENUISERIE DUPONT",
                status="active",
                origin="self-service",
                created_by="u-lea",
                created_at=NOW,
            ),
        )

    @pytest.mark.feature("STR-02")
    def test_is_refused_when_it_is_known_and_shows_the_card(self):
        with pytest.raises(StructureAlreadyKnown) as refusal:
            create(a_structure(), **asked(by="u-omar"))
        assert refusal.value.members == {"structure": asdict(card(a_structure()))}

    @pytest.mark.parametrize("hidden", [{"non_diffusible": True}, {"kind": "person"}])
    def test_is_refused_without_a_card_when_that_is_nobodys_business(self, hidden: dict[str, Any]):
        with pytest.raises(StructureAlreadyKnown) as refusal:
            create(a_structure(**hidden), **asked())
        assert refusal.value.members == {}

    @pytest.mark.feature("STR-16")
    def test_is_refused_when_insee_does_not_know_it(self):
        with pytest.raises(SiretUnknown) as refusal:
            create(None, **asked(establishment=None))
        assert refusal.value.members["errors"][0]["pointer"] == "/body/identifier/value"

    @pytest.mark.feature("STR-15")
    def test_is_refused_when_insee_says_it_is_closed(self):
        with pytest.raises(EstablishmentClosed):
            create(None, **asked(establishment=an_establishment(open=False)))

    @pytest.mark.feature("STR-14")
    def test_needs_a_name_where_insee_gives_none(self):
        nameless = an_establishment(legal_name=None)

        with pytest.raises(NameMissing) as refusal:
            create(None, **asked(establishment=nameless))
        named = create(None, **asked(wanted=a_wanted(legal_name="Mine"), establishment=nameless))

        assert refusal.value.members["errors"][0]["pointer"] == "/body/legal_name"
        assert named.state
        assert named.state.legal_name == "Mine"

    @pytest.mark.feature("STR-17", "STR-40")
    def test_masks_the_name_of_one_hidden_at_insee(self):
        change = create(
            None,
            **asked(
                wanted=a_wanted(legal_name="Mine"),
                establishment=an_establishment(diffusible=False, legal_name=None, address=None),
            ),
        )

        assert change.state
        assert (change.state.legal_name, change.state.non_diffusible) == (None, True)
        [event] = change.events
        assert isinstance(event, StructureCreated)
        assert (event.legal_name, event.non_diffusible) == (None, True)

    def test_asks_nothing_of_insee_about_other_types(self):
        wanted = a_wanted(identifier=ACME, legal_name="Acme")

        change = create(None, **asked(wanted=wanted, establishment=None))

        assert change.state
        assert change.state.legal_name == "Acme"

    def test_tells_nothing_of_a_person(self):
        wanted = a_wanted(identifier=BONJEAN, kind="person", last_name="Bonjean", first_name="Ana")

        change = create(None, **asked(wanted=wanted, establishment=None))

        [event] = change.events
        assert "bonjean" not in event.model_dump_json().lower()


class TestImportOne:
    def test_is_public_and_nobodys(self):
        change = import_one(None, identifier=SIRET, legal_name="MAIRIE", now=NOW)

        assert change.state == a_structure(
            kind="public",
            legal_name="MAIRIE",
            email=None,
            address=None,
            origin="import",
            created_by=None,
        )
        assert [type(event) for event in change.events] == [StructureCreated]

    def test_changes_nothing_of_what_is_known(self):
        change = import_one(a_structure(), identifier=SIRET, legal_name="MAIRIE", now=NOW)

        assert (change.state, change.events) == (a_structure(), ())


class TestSeesRecord:
    @pytest.mark.feature("STR-53")
    @pytest.mark.parametrize(
        ("user", "attached", "sees"),
        [
            ("u-omar", True, True),
            ("u-omar", False, False),
            ("u-omar", None, False),
            ("u-lea", None, True),  # who created it, before users' first word
            ("u-lea", False, False),  # who created it, and has left since
        ],
    )
    def test_is_for_those_attached(self, user: str, *, attached: bool | None, sees: bool):
        assert sees_record(a_structure(), user_id=user, operator=False, attached=attached) is sees

    def test_is_for_operators(self):
        assert sees_record(a_structure(), user_id="u-desk", operator=True, attached=None)


class TestStructure:
    def test_is_read_as_it_was_kept_before_it_had_more_fields(self):
        kept = {
            "id": SIRET.structure_id,
            "version": 3,
            "wake_at": None,
            "identifier": {"type": "SIRET", "value": SIRET.value},
            "kind": "private",
            "status": "active",
            "legal_name": "MENUISERIE DUPONT",
            "label": None,
            "last_name": None,
            "first_name": None,
            "email": "contact@example.org",
            "address": asdict(RUE),
            "non_diffusible": False,
            "origin": "self-service",
            "created_by": "u-lea",
            "created_at": NOW,
        }
        assert TypeAdapter(Structure).validate_python(kept) == a_structure(version=3)


class TestCard:
    def test_tells_where_it_is_and_nothing_private(self):
        shown = asdict(card(a_structure()))

        assert (shown["postcode"], shown["city"]) == ("44000", "NANTES")
        assert not {"email", "address", "created_by", "last_name"} & shown.keys()

    def test_the_record_tells_the_rest(self):
        shown = record(a_structure())

        assert (shown.email, shown.address) == ("contact@example.org", RUE)

    @pytest.mark.feature("STR-24")
    @pytest.mark.parametrize(
        ("structure", "number"),
        [
            (a_structure(), "FR44732829320"),
            (a_structure(identifier=Identifier("UE_HORS_FRANCE", "DE136695976")), "DE136695976"),
            (a_structure(identifier=ACME), None),
            (a_structure(identifier=ACME, vat_number="FR44732829320"), "FR44732829320"),
            # The key of 12 + 3 * (SIREN % 97) is one digit long.
            (a_structure(identifier=Identifier("SIRET", "00000006200001")), "FR04000000062"),
        ],
    )
    def test_the_record_tells_its_vat_number(self, structure, number):
        assert record(structure).vat_number == number
