"""How client accounts are opened, written down, saved and filled from a profile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.structures import (
    ClientAccountAccepted,
    ClientAccountOpened,
    ClientAccountRefused,
    ClientDefaultsChanged,
    ClientPermissionsChanged,
    ClientPropertiesChanged,
    ClientWelcomed,
)
from kit.change import Change
from kit.problems import NotFound, Problem
from services.structures.domain import client_accounts as domain
from services.structures.domain import client_consent, client_profiles
from services.structures.domain.client_accounts import (
    Answer,
    ClientAccount,
    OrderProperties,
    Properties,
    Reference,
)
from services.structures.domain.client_profiles import ProfileProperties
from services.structures.domain.structures import StructureInactive
from tests.structures.builders import NOW
from tests.structures.client_builders import (
    FEATURES,
    ID,
    LATER,
    REQUIRED,
    SUPPLIER,
    TOWN,
    an_account,
    describe,
    kept,
    pointers,
)


def open_account(
    current: ClientAccount | None = None,
    *,
    claims: tuple[Reference | None, ...] | None = None,
    **but: Any,
) -> tuple[Change[Any], ...]:
    parties = but.pop("supplier", SUPPLIER), but.pop("client", TOWN)
    given = {
        "record": describe(),
        "features": FEATURES,
        "by": "u-lea",
        "now": NOW,
    }
    claims = claims or (None,) * len(domain.references_for(ID))
    return domain.open_account(current, *parties, *claims, **given | but)


def save(current: ClientAccount | None, at: Any = LATER, **but: Any) -> Change[ClientAccount]:
    asked = {"properties": REQUIRED, "apply_to_existing": False, "public_body": True, "now": at}
    return domain.save_properties(current, **asked | but)


def subtotal(on: bool) -> Properties:
    return Properties(orders=OrderProperties(offer_subtotal=on))


class TestOpen:
    @pytest.mark.feature("CRM-01", "CRM-17", "CLI-01")
    def test_needs_no_more_than_a_supplier_and_a_public_structure(self):
        change, supplier, client, *claims = open_account()

        account = kept(change)
        assert (supplier, client) == (Change(SUPPLIER), Change(TOWN))
        assert (account.id, account.record.name) == (ID, "Ville de Melun")
        assert account.properties == Properties()
        assert account.reference == domain.references_for(ID)[0]
        taken = [claim.state for claim in claims if claim.state]
        assert taken == [Reference(id=f"{SUPPLIER.id}:{account.reference}", account_id=ID)]
        [opened] = change.events
        assert isinstance(opened, ClientAccountOpened)
        assert (opened.reference, opened.features) == (account.reference, FEATURES)

    def test_takes_the_next_reference_when_the_first_is_another_account_s(self):
        first, second, *_ = domain.references_for(ID)
        others = Reference(id=f"{SUPPLIER.id}:{first}", account_id="c-2")
        claims = (others, *(None,) * (len(domain.references_for(ID)) - 1))

        change, _, _, kept_claim, *_ = open_account(claims=claims)

        assert kept(change).reference == second
        assert kept_claim == Change(others)

    def test_is_asked_to_come_again_when_no_reference_is_free(self):
        taken = [Reference(id=one, account_id="c-2") for one in domain.references_for(ID)]
        with pytest.raises(domain.NoReferenceFree):
            open_account(claims=tuple(taken))

    def test_has_references_of_five_digits_first(self):
        assert [len(one) for one in domain.references_for(ID)[:4]] == [5] * 4

    @pytest.mark.feature("CRM-14")
    def test_is_refused_without_a_name_where_the_structure_has_none_to_show(self):
        with pytest.raises(domain.ClientNameMissing) as refused:
            describe(client=replace(TOWN, non_diffusible=True))
        assert pointers(refused.value) == ["/body/name"]

    def test_is_refused_when_it_is_known(self):
        with pytest.raises(domain.ClientAccountKnown):
            open_account(an_account())

    @pytest.mark.parametrize(
        ("but", "refusal", "pointer"),
        [
            ({"client": SUPPLIER}, domain.OwnClient, "/body/structure_id"),
            (
                {"client": replace(TOWN, status="inactive")},
                StructureInactive,
                "/body/structure_id",
            ),
            (
                {"supplier": replace(SUPPLIER, status="inactive")},
                StructureInactive,
                "/body/supplier_id",
            ),
        ],
    )
    def test_is_refused(self, but: dict[str, Any], refusal: type[Problem], pointer: str):
        with pytest.raises(refusal) as refused:
            open_account(**but)
        assert pointers(refused.value) == [pointer]

    @pytest.mark.feature("CRM-15", "NOT-17")
    def test_welcomes_only_whom_it_is_asked_to(self):
        change, *_ = open_account(welcome="u-ana")

        [_, welcomed] = change.events
        assert isinstance(welcomed, ClientWelcomed)
        assert (welcomed.recipient_id, welcomed.supplier_name) == ("u-ana", SUPPLIER.legal_name)
        assert welcomed.language == ""

    @pytest.mark.feature("NOT-16")
    def test_says_in_which_language_a_client_is_welcomed(self):
        change, *_ = open_account(welcome="u-ana", record=describe(language="en"))

        assert change.events[-1].language == "en"


class TestConsent:
    def accept(self, current: ClientAccount | None, by: str = "u-ana") -> Change[ClientAccount]:
        return client_consent.accept(current, by=by, now=LATER)

    def refuse(self, current: ClientAccount | None, by: str = "u-ana") -> Change[ClientAccount]:
        return client_consent.refuse(current, by=by, now=LATER)

    @pytest.mark.feature("CRM-01")
    def test_is_asked_of_the_client_of_each_account_that_is_opened(self):
        opened, *_ = open_account()

        assert kept(opened).consent == "proposed"
        with pytest.raises(client_consent.NotAcceptedByClient):
            client_consent.accepted(opened.state)

    def test_is_given_of_accounts_kept_before_it_was_asked(self):
        assert client_consent.accepted(an_account()).consent == "accepted"

    def test_is_kept_with_who_gave_it_and_told_once(self):
        change = self.accept(an_account(consent="proposed"))

        account = client_consent.accepted(change.state)
        assert account.answers == (Answer(verdict="accepted", by="u-ana", at=LATER),)
        [told] = change.events
        assert isinstance(told, ClientAccountAccepted)
        assert (told.client_account_id, told.accepted_by) == (ID, "u-ana")
        assert self.accept(account, by="u-bob") == Change(account)

    def test_is_refused_with_who_refused_it_and_told_once(self):
        change = self.refuse(an_account(consent="proposed"))

        account = kept(change)
        [told] = change.events
        assert isinstance(told, ClientAccountRefused)
        assert (told.client_account_id, told.refused_by) == (ID, "u-ana")
        assert self.refuse(account, by="u-bob") == Change(account)
        with pytest.raises(client_consent.NotAcceptedByClient):
            client_consent.accepted(account)

    def test_may_be_taken_back_and_given_again(self):
        taken_back = kept(self.refuse(an_account()))
        again = kept(self.accept(taken_back, by="u-bob"))

        assert [(one.verdict, one.by) for one in again.answers] == [
            ("refused", "u-ana"),
            ("accepted", "u-bob"),
        ]
        assert client_consent.accepted(again)

    def test_has_a_history_that_does_not_grow_for_ever(self):
        account = an_account()
        for nth in range(120):
            account = kept((self.accept if nth % 2 else self.refuse)(account))

        assert len(account.answers) == 100
        assert account.answers[-1].verdict == account.consent == "accepted"

    @pytest.mark.parametrize("decide", [client_consent.accept, client_consent.refuse])
    def test_to_nothing_is_not_given(self, decide: Any):
        with pytest.raises(NotFound):
            decide(None, by="u-ana", now=LATER)

    def test_once_refused_leaves_nothing_to_write(self):
        refused = an_account(consent="refused")

        with pytest.raises(domain.RefusedByClient):
            TestRewrite().rewrite(refused)
        with pytest.raises(domain.RefusedByClient):
            save(refused)

    def test_is_not_needed_for_what_is_the_supplier_s_own(self):
        proposed = an_account(consent="proposed")

        assert kept(TestRewrite().rewrite(proposed, record=describe(currency="USD")))
        assert kept(save(proposed)).properties == REQUIRED


class TestRewrite:
    def rewrite(self, current: ClientAccount | None, **but: Any) -> Change[ClientAccount]:
        asked = {
            "record": describe(),
            "features": FEATURES,
            "default_currency": "EUR",
            "now": LATER,
        }
        return domain.rewrite(current, **asked | but)

    def test_of_nothing_is_refused(self):
        with pytest.raises(NotFound):
            self.rewrite(None)

    @pytest.mark.feature("CRM-02")
    def test_tells_the_features_that_are_left_when_one_is_closed(self):
        record = describe(permissions={"support": False, "invoices": True})

        change = self.rewrite(an_account(), record=record)

        [told] = change.events
        assert isinstance(told, ClientPermissionsChanged)
        assert {*told.features} == {*FEATURES} - {"support"}
        assert self.rewrite(kept(change), record=record) == Change(kept(change))

    @pytest.mark.feature("CRM-02")
    def test_refuses_a_feature_that_the_portal_does_not_have(self):
        with pytest.raises(domain.UnknownFeature) as refused:
            describe(permissions={"kitchen": False})
        assert pointers(refused.value) == ["/body/permissions/kitchen"]

    @pytest.mark.feature("CRM-10")
    def test_changes_the_currency_before_the_first_transaction(self):
        change = self.rewrite(an_account(), record=describe(currency="USD"))

        assert kept(change).record.currency == "USD"

    @pytest.mark.feature("CRM-10")
    @pytest.mark.parametrize("currency", ["USD", "CHF"])
    def test_keeps_a_currency_that_has_served(self, currency: str):
        served = an_account(record={"currency": "EUR"}, has_transactions=True)

        with pytest.raises(domain.CurrencyFixed) as refused:
            self.rewrite(served, record=describe(currency=currency))

        assert pointers(refused.value) == ["/body/currency"]

    @pytest.mark.parametrize("currency", ["EUR", None])
    def test_may_say_a_fixed_currency_again(self, currency: str | None):
        served = an_account(record={"currency": "EUR"}, has_transactions=True)

        change = self.rewrite(served, record=describe(currency=currency, language="de"))

        assert kept(change).record.currency == "EUR"
        assert kept(change).record.language == "de"


class TestSaveProperties:
    @pytest.mark.feature("CLI-03", "CLI-04", "CLI-06")
    def test_leaves_chorus_incomplete_until_orders_require_an_engagement_number(self):
        assert an_account().properties.chorus_state == "off"

        half = save(an_account(), properties=Properties(chorus=True))
        whole = save(kept(half), properties=REQUIRED)

        assert kept(half).properties.chorus_state == "incomplete"
        assert kept(whole).properties.chorus_state == "active"
        [told] = whole.events
        assert isinstance(told, ClientPropertiesChanged)
        assert (told.chorus, told.engagement_number_required) == ("active", True)

    @pytest.mark.feature("CLI-17")
    def test_refuses_chorus_to_a_client_that_is_no_public_body(self):
        with pytest.raises(domain.NotAPublicBody) as refused:
            save(an_account(), public_body=False)
        assert pointers(refused.value) == ["/body/chorus"]

    @pytest.mark.feature("CLI-08")
    def test_again_changes_and_tells_nothing(self):
        saved = kept(save(an_account(), properties=subtotal(True)))

        assert save(saved, NOW + timedelta(days=1), properties=subtotal(True)) == Change(saved)

    @pytest.mark.feature("CLI-12")
    def test_is_for_users_attached_later(self):
        change = save(an_account(), properties=subtotal(True))
        account = kept(change)

        assert not domain.offer_subtotal_for(account, NOW)
        assert not domain.offer_subtotal_for(account, None)
        assert domain.offer_subtotal_for(account, LATER)
        [told] = change.events
        assert isinstance(told, ClientDefaultsChanged)
        assert (told.offer_subtotal, told.apply_to_existing) == (True, False)

    @pytest.mark.feature("CLI-11")
    def test_is_for_those_there_already_when_it_is_applied_to_them(self):
        unticked = kept(save(an_account(), properties=subtotal(True)))
        change = save(unticked, properties=subtotal(True), apply_to_existing=True)
        account = kept(change)

        assert all(domain.offer_subtotal_for(account, at) for at in (None, NOW, LATER))
        assert [type(one) for one in change.events] == [ClientDefaultsChanged]
        again = save(account, properties=subtotal(True), apply_to_existing=True)
        assert again == Change(account)

    @pytest.mark.feature("CLI-11", "CLI-12")
    @given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=8))
    def test_gives_each_user_what_was_the_default_then_or_was_applied_since(
        self, saves: list[tuple[bool, bool]]
    ):
        account, users = an_account(), [(NOW - timedelta(hours=1), False)]
        for hour, (value, ticked) in enumerate(saves):
            at = NOW + timedelta(hours=hour)
            account = kept(save(account, at, properties=subtotal(value), apply_to_existing=ticked))
            users = [(since, value if ticked else had) for since, had in users]
            users.append((at + timedelta(minutes=1), value))

        found = [(since, domain.offer_subtotal_for(account, since)) for since, _ in users]

        assert found == users


class TestProfile:
    @pytest.mark.feature("CLI-13")
    def test_fills_the_form_with_what_it_says_and_leaves_the_rest(self):
        saved = Properties(orders=OrderProperties(validation_history=True))
        profile = ProfileProperties(chorus=True, engagement_number_required=True)

        assert client_profiles.loaded(profile, saved) == Properties(
            chorus=True,
            orders=OrderProperties(engagement_number_required=True, validation_history=True),
        )

    def test_may_switch_something_off(self):
        shown = client_profiles.loaded(ProfileProperties(chorus=False), REQUIRED)

        assert (shown.chorus, shown.orders) == (False, REQUIRED.orders)


class TestRequire:
    @pytest.mark.feature("CLI-16")
    def test_lets_only_administrators_change_and_hides_accounts_from_strangers(self):
        assert domain.require("administrator", "administrator") == "administrator"
        for standing in ("staff", "client", "operator", "system"):
            with pytest.raises(domain.OnlyAdministrators):
                domain.require(standing, "administrator")
        with pytest.raises(NotFound):
            domain.require(None, "administrator")
