"""What may happen to a structure once it is known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.structures import StructureChanged
from kit.change import Change
from kit.problems import NotFound
from services.structures.domain.changes import (
    ELSEWHERE,
    Asked,
    ClosedAtInsee,
    NotAtInsee,
    NotChangedHere,
    NotOfThisKind,
    PublicStructuresOnly,
    StructureInactive,
    UnknownAtInsee,
    choose_edi,
    deactivate,
    flag,
    modify,
    refresh,
    refuse_elsewhere,
    take_effect,
    told,
)
from services.structures.domain.options import Edi, Flags
from services.structures.domain.structures import (
    BankDetailsMissing,
    ComesFromInsee,
    NameMissing,
    VatNumberFollows,
    record,
)
from tests.structures.builders import NOW, a_structure, an_establishment
from tests.structures.changing import (
    ACME,
    AT_ONCE,
    BONJEAN,
    HALF_AN_HOUR,
    LATER,
    QUAI,
    activated,
    kept,
    kept_events,
    modified,
    pointer,
)


class TestModify:
    @pytest.mark.feature("STR-20", "STR-27", "STR-38")
    @pytest.mark.parametrize(
        "said",
        [
            {"email": "new@example.org"},
            {"email": None},
            {"label": "Siège", "phone": "+33 1 02 03 04 05"},
            {"rcs_number": "RCS NANTES 1"},
            {"justice_regime": "cosp"},
            {"billing_mandates": ("M-1",)},
        ],
    )
    def test_changes_what_is_not_grey_and_nothing_else(self, said):
        assert kept(modified(a_structure(), **said)) == replace(a_structure(), **said)

    @pytest.mark.feature("STR-20", "STR-26")
    @pytest.mark.parametrize("field", ["legal_name", "address"])
    def test_leaves_to_insee_what_insee_says(self, field: str):
        said = {"legal_name": a_structure().legal_name, "address": QUAI}
        with pytest.raises(ComesFromInsee) as refusal:
            modified(a_structure(), **{field: said[field]})
        assert pointer(refusal) == f"/body/{field}"

    @pytest.mark.feature("STR-20")
    def test_names_what_insee_does_not_name(self):
        nameless = a_structure(legal_name=None)

        assert kept(modified(nameless, legal_name="Mine")).legal_name == "Mine"
        with pytest.raises(ComesFromInsee):
            modified(replace(nameless, non_diffusible=True), legal_name="Mine")

    @pytest.mark.feature("STR-26")
    def test_changes_the_address_of_what_insee_does_not_know(self):
        acme = a_structure(identifier=ACME)

        assert kept(modified(acme, legal_name="Acme", address=QUAI)) == replace(
            acme, legal_name="Acme", address=QUAI
        )

    @pytest.mark.feature("STR-14", "STR-24")
    @pytest.mark.parametrize(
        ("structure", "said", "refusal"),
        [
            ({}, {"last_name": "Bonjean"}, NotOfThisKind),
            ({}, {"vat_number": "FR44732829320"}, VatNumberFollows),
            ({"identifier": ACME}, {"legal_name": None}, NameMissing),
            ({"identifier": BONJEAN, "kind": "person"}, {"first_name": None}, NameMissing),
            ({"identifier": BONJEAN, "kind": "person"}, {"legal_name": "SARL"}, NotOfThisKind),
        ],
    )
    def test_names_the_field_it_refuses(self, structure, said, refusal):
        person = {"last_name": "Bonjean", "first_name": "Ana"} if "kind" in structure else {}
        with pytest.raises(refusal) as refused:
            modified(a_structure(**structure | person), **said)
        assert pointer(refused) == f"/body/{next(iter(said))}"

    @pytest.mark.feature("BNK-18", "STR-37")
    @pytest.mark.parametrize("said", [{"justice_category": "fire"}, {"agricultural": True}])
    def test_makes_a_provider_only_of_one_with_bank_details(self, said):
        with pytest.raises(BankDetailsMissing) as refusal:
            modified(a_structure(), **said)
        assert pointer(refusal) == f"/body/{next(iter(said))}"

        made = kept(modify(a_structure(), said=said, bank_details=True, asked=AT_ONCE))
        assert made == replace(a_structure(), **said)
        assert record(made).bank_details_required
        # Losing them later does not keep it from changing anything else.
        assert kept(modified(made, email=None)).email is None

    def test_is_refused_by_one_that_is_inactive_or_unknown(self):
        with pytest.raises(StructureInactive):
            modified(a_structure(status="inactive"), email=None)
        with pytest.raises(NotFound):
            modified(None, email=None)

    def test_tells_others_only_what_concerns_them(self):
        assert modified(a_structure(), email="new@example.org").events == ()
        acme = a_structure(identifier=ACME, version=4)
        [event] = modified(acme, legal_name="Acme").events
        assert isinstance(event, StructureChanged)
        assert (event.legal_name, event.version, event.changed_at) == ("Acme", 5, NOW)

    def test_tells_nothing_of_a_person(self):
        ana = a_structure(
            identifier=BONJEAN,
            kind="person",
            legal_name=None,
            last_name="Bonjean",
            first_name="Ana",
        )
        [event] = kept_events(deactivate(ana, now=NOW))
        assert "bonjean" not in event.model_dump_json().lower()
        assert "nantes" not in event.model_dump_json().lower()

    @pytest.mark.feature("STR-20", "STR-28", "STR-29", "STR-39")
    @pytest.mark.parametrize("field", [*ELSEWHERE, "emial"])
    def test_refuses_by_name_what_is_changed_elsewhere(self, field: str):
        with pytest.raises(NotChangedHere) as refusal:
            refuse_elsewhere({field: "whatever"})
        assert pointer(refusal) == f"/body/{field}"


class TestWaiting:
    """With half an hour before a change is in force."""

    @pytest.mark.feature("STR-31")
    def test_answers_the_old_values_until_its_time(self):
        waiting = kept(modified(a_structure(), LATER, email="new@example.org"))

        assert waiting.email == "contact@example.org"
        assert waiting.wake_at == NOW + HALF_AN_HOUR
        early = take_effect(waiting, now=NOW + HALF_AN_HOUR - timedelta(microseconds=1))
        assert early == Change(waiting)

        done = kept(take_effect(waiting, now=NOW + HALF_AN_HOUR))
        assert done == a_structure(email="new@example.org")
        assert take_effect(done, now=NOW + HALF_AN_HOUR) == Change(done)

    @pytest.mark.feature("STR-31")
    def test_lets_the_latest_of_two_submits_win(self):
        first = kept(modified(a_structure(), LATER, email="first@example.org", label="Siège"))
        again = replace(LATER, by="u-omar", at=NOW + timedelta(minutes=10))
        second = kept(modified(first, again, email="second@example.org"))

        assert kept(take_effect(second, now=NOW + HALF_AN_HOUR)) == second
        done = kept(take_effect(second, now=NOW + timedelta(minutes=40)))
        assert done == a_structure(email="second@example.org", label="Siège")

    @pytest.mark.feature("STR-31")
    def test_repeated_changes_nothing_and_begins_no_new_wait(self):
        once = kept(modified(a_structure(), LATER, email=None))
        again = replace(LATER, at=NOW + timedelta(minutes=10))

        assert modified(once, again, email=None) == Change(once)

    def test_forgets_a_change_that_is_taken_back(self):
        once = kept(modified(a_structure(), LATER, email=None))

        assert kept(modified(once, LATER, email="contact@example.org")) == a_structure()

    def test_lets_changes_of_different_sorts_wait_side_by_side(self):
        once = kept(modified(a_structure(), LATER, email=None))
        later = replace(LATER, at=NOW + timedelta(minutes=10))
        both = kept(choose_edi(once, edi=Edi(sends_flows=True), asked=later))

        first = kept(take_effect(both, now=NOW + timedelta(hours=1)))
        assert (first.email, first.edi.sends_flows) == (None, False)
        assert first.wake_at == NOW + timedelta(minutes=40)
        second = kept(take_effect(first, now=NOW + timedelta(hours=1)))
        assert second == a_structure(email=None, edi=Edi(sends_flows=True))

    @pytest.mark.feature("STR-22")
    def test_brings_back_nothing_that_insee_said_before(self):
        waiting = kept(modified(a_structure(), LATER, email=None))
        found = an_establishment(legal_name="MENUISERIE DURAND", address=QUAI)
        refreshed = kept(refresh(waiting, establishment=found, now=NOW))

        done = kept(take_effect(refreshed, now=NOW + HALF_AN_HOUR))
        assert done == a_structure(email=None, legal_name="MENUISERIE DURAND", address=QUAI)

    @pytest.mark.feature("STR-48")
    def test_shows_an_activation_in_progress(self):
        inactive = a_structure(status="inactive")
        waiting = kept(activated(inactive, LATER))

        assert (record(waiting).status, waiting.status) == ("activation_in_progress", "inactive")
        done = take_effect(waiting, now=NOW + HALF_AN_HOUR)
        assert record(kept(done)).status == "active"
        assert [one.status for one in kept_events(done)] == ["active"]
        assert record(inactive).status == "inactive"

    @pytest.mark.feature("STR-23", "STR-31")
    def test_never_holds_up_a_deactivation(self):
        waiting = kept(activated(a_structure(status="inactive"), LATER))

        assert kept(deactivate(waiting, now=NOW)) == a_structure(status="inactive")


class TestActivate:
    @pytest.mark.feature("STR-21")
    def test_lets_it_send_and_receive_again(self):
        change = activated(a_structure(status="inactive"))

        assert change.state == a_structure()
        assert [one.status for one in kept_events(change)] == ["active"]

    @pytest.mark.feature("STR-21")
    def test_changes_nothing_of_an_active_one(self):
        assert activated(a_structure(), establishment=None) == Change(a_structure())

    @pytest.mark.feature("STR-21")
    @pytest.mark.parametrize(
        ("found", "refusal"),
        [(None, UnknownAtInsee), (an_establishment(open=False), ClosedAtInsee)],
    )
    def test_is_refused_when_insee_says_it_is_no_more(self, found, refusal):
        with pytest.raises(refusal):
            activated(a_structure(status="inactive"), establishment=found)

    def test_asks_insee_only_about_sirets(self):
        acme = a_structure(identifier=ACME, status="inactive")
        assert kept(activated(acme, establishment=None)).status == "active"

    @pytest.mark.feature("BNK-18")
    def test_is_refused_to_a_provider_without_bank_details(self):
        provider = a_structure(status="inactive", justice_category="fire")
        with pytest.raises(BankDetailsMissing):
            activated(provider)
        assert kept(activated(provider, bank_details=True)).status == "active"


class TestDeactivate:
    @pytest.mark.feature("STR-23")
    def test_is_at_once_and_keeps_all_data(self):
        change = deactivate(a_structure(), now=NOW)

        assert change.state == a_structure(status="inactive")
        assert [one.status for one in kept_events(change)] == ["inactive"]

    def test_repeated_changes_nothing(self):
        inactive = a_structure(status="inactive")
        assert deactivate(inactive, now=NOW) == Change(inactive)


class TestRefresh:
    @pytest.mark.feature("STR-22")
    def test_takes_over_what_insee_says_and_keeps_what_is_ones_own(self):
        mine = {
            "email": "me@example.org",
            "label": "Siège",
            "edi": Edi(sends_flows=True),
            "justice_category": "fire",
            "justice_regime": "cosp",
        }
        found = an_establishment(legal_name="MENUISERIE DURAND", label="DURAND", address=QUAI)

        change = refresh(a_structure(**mine), establishment=found, now=NOW)

        assert change.state == a_structure(**mine, legal_name="MENUISERIE DURAND", address=QUAI)
        assert [one.legal_name for one in kept_events(change)] == ["MENUISERIE DURAND"]

    @pytest.mark.feature("STR-22")
    def test_changes_nothing_when_insee_says_the_same(self):
        same = refresh(a_structure(), establishment=an_establishment(), now=NOW)
        assert same == Change(a_structure())

    @pytest.mark.feature("STR-22")
    def test_keeps_the_name_that_waits_where_insee_gives_none(self):
        waits = Asked(by="u-lea", at=NOW, waits=timedelta(days=1))
        waiting = kept(modified(a_structure(legal_name=None), waits, legal_name="Mine"))
        nameless = an_establishment(legal_name=None)

        refreshed = kept(refresh(waiting, establishment=nameless, now=NOW))

        [one] = refreshed.waiting
        assert one.details
        assert one.details.legal_name == "Mine"

    @pytest.mark.feature("STR-40")
    def test_hides_what_insee_hides_since(self):
        found = an_establishment(diffusible=False, legal_name=None, address=None)

        [event] = kept_events(refresh(a_structure(), establishment=found, now=NOW))

        assert (event.non_diffusible, event.legal_name) == (True, None)

    @pytest.mark.feature("STR-22")
    @pytest.mark.parametrize(
        ("structure", "found", "refusal"),
        [
            (a_structure(identifier=ACME), None, NotAtInsee),
            (a_structure(), None, UnknownAtInsee),
            (a_structure(), an_establishment(open=False), ClosedAtInsee),
            (a_structure(status="inactive"), an_establishment(), StructureInactive),
        ],
    )
    def test_is_refused(self, structure, found, refusal):
        with pytest.raises(refusal):
            refresh(structure, establishment=found, now=NOW)


class TestChooseEdi:
    @pytest.mark.feature("STR-33", "STR-34", "STR-35")
    @pytest.mark.parametrize(
        "option", ["receives_life_cycles", "sends_flows", "connection_requested"]
    )
    def test_keeps_each_option(self, option: str):
        edi = Edi(**{option: True})
        change = choose_edi(a_structure(), edi=edi, asked=AT_ONCE)

        assert change.state == a_structure(edi=edi)
        assert choose_edi(change.state, edi=edi, asked=AT_ONCE) == Change(change.state)
        told_of = [one for one in kept_events(change) if getattr(one, option, False)]
        assert len(told_of) == (option != "connection_requested")


class TestFlag:
    @pytest.mark.feature("STR-41", "STR-42", "STR-43")
    @pytest.mark.parametrize(
        ("flags", "requires"),
        [
            ({}, "none"),
            ({"unit_required": True}, "unit"),
            ({"engagement_required": True}, "engagement"),
            ({"unit_required": True, "engagement_required": True}, "unit_and_engagement"),
            ({"unit_or_engagement": True}, "unit_or_engagement"),
            ({"unit_or_engagement": True, "unit_required": True}, "unit_or_engagement"),
            (
                {"unit_or_engagement": True, "unit_required": True, "engagement_required": True},
                "unit_or_engagement",
            ),
        ],
    )
    def test_says_what_a_sender_must_name(self, flags, requires):
        change = flag(a_structure(kind="public"), flags=Flags(**flags), asked=AT_ONCE)

        assert record(kept(change)).requires == requires
        assert [one.requires for one in kept_events(change)] == ([requires] if flags else [])

    @pytest.mark.feature("STR-44", "STR-45", "STR-46")
    @pytest.mark.parametrize(
        "name", ["moa", "moa_only", "payment_status_withheld", "delegated_validator"]
    )
    def test_keeps_and_tells_each(self, name: str):
        change = flag(a_structure(kind="public"), flags=Flags(**{name: True}), asked=AT_ONCE)

        assert getattr(kept(change).flags, name)
        [event] = kept_events(change)
        assert getattr(event, name)

    @pytest.mark.feature("STR-44")
    def test_a_moa_takes_part_where_only_a_moa_does(self):
        flagged = kept(flag(a_structure(kind="public"), flags=Flags(moa_only=True), asked=AT_ONCE))
        assert flagged.flags == Flags(moa=True, moa_only=True)

    @pytest.mark.feature("STR-41")
    @pytest.mark.parametrize("kind", ["private", "person"])
    def test_is_refused_to_all_others_which_ask_nothing(self, kind):
        with pytest.raises(PublicStructuresOnly):
            flag(a_structure(kind=kind), flags=Flags(unit_required=True), asked=AT_ONCE)
        assert told(a_structure(kind=kind), now=NOW).requires == "none"
