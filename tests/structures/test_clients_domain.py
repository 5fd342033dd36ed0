"""What may happen to client accounts, their orders, their people and their transactions."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.structures import (
    ClientAccountOpened,
    ClientDefaultsChanged,
    ClientPermissionsChanged,
    ClientPropertiesChanged,
    ClientWelcomed,
)
from kit.change import Change
from kit.problems import NotFound, Problem
from services.structures import portal
from services.structures.domain import client_accounts as domain
from services.structures.domain import client_portal, client_profiles, facts, order_checks
from services.structures.domain.client_accounts import (
    ClientAccount,
    ClientRecord,
    Default,
    OrderProperties,
    Properties,
    Reference,
)
from services.structures.domain.client_portal import Contact
from services.structures.domain.client_profiles import ProfileProperties
from services.structures.domain.facts import Fact, Transaction, Turnover
from services.structures.domain.structures import Address
from services.structures.identifiers import Identifier
from tests.structures.builders import NOW, a_structure

LATER = NOW + timedelta(hours=1)
PORTAL = portal.read()
FEATURES = PORTAL.feature_codes
SUPPLIER = a_structure()
TOWN = a_structure(
    identifier=Identifier("SIRET", "84965690500015"), kind="public", legal_name="Ville de Melun"
)
ID = domain.account_id(SUPPLIER.id, TOWN.id)
REQUIRED = Properties(chorus=True, orders=OrderProperties(engagement_number_required=True))


def an_account(**but: Any) -> ClientAccount:
    record = ClientRecord(**{"name": "Ville de Melun"} | but.pop("record", {}))
    kept = {
        "id": ID,
        "supplier_id": SUPPLIER.id,
        "structure_id": TOWN.id,
        "reference": "10001",
        "record": record,
        "opened_by": "u-lea",
        "opened_at": NOW,
    }
    return ClientAccount(**kept | but)


def describe(**but: Any) -> ClientRecord:
    said = {"name": None, "client": TOWN, "features": FEATURES, "permissions": {}}
    return domain.describe(**said | but)


def open_account(
    current: ClientAccount | None = None,
    *,
    claims: tuple[Reference | None, ...] | None = None,
    **but: Any,
) -> tuple[Change[Any], ...]:
    given = {
        "supplier": SUPPLIER,
        "client": TOWN,
        "record": describe(),
        "features": FEATURES,
        "by": "u-lea",
        "now": NOW,
    }
    claims = claims or (None,) * len(domain.references_for(ID))
    return domain.open_account(current, *claims, **given | but)


def save(current: ClientAccount | None, at: Any = LATER, **but: Any) -> Change[ClientAccount]:
    asked = {"properties": REQUIRED, "apply_to_existing": False, "public_body": True, "now": at}
    return domain.save_properties(current, **asked | but)


def subtotal(on: bool) -> Properties:
    return Properties(orders=OrderProperties(offer_subtotal=on))


def kept(change: Change[ClientAccount]) -> ClientAccount:
    assert change.state
    return change.state


def pointers(problem: Problem) -> list[str]:
    return [one["pointer"] for one in problem.as_json()["errors"]]


class TestOpen:
    @pytest.mark.feature("CRM-01", "CRM-17", "CLI-01")
    def test_needs_no_more_than_a_supplier_and_a_public_structure(self):
        change, *claims = open_account()

        account = kept(change)
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

        change, kept_claim, *_ = open_account(claims=claims)

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
                domain.StructureInactive,
                "/body/structure_id",
            ),
            (
                {"supplier": replace(SUPPLIER, status="inactive")},
                domain.StructureInactive,
                "/body/supplier_id",
            ),
        ],
    )
    def test_is_refused(self, but: dict[str, Any], refusal: type[Problem], pointer: str):
        with pytest.raises(refusal) as refused:
            open_account(**but)
        assert pointers(refused.value) == [pointer]

    @pytest.mark.feature("CRM-15")
    def test_welcomes_only_whom_it_is_asked_to(self):
        change, *_ = open_account(welcome="u-ana")

        [_, welcomed] = change.events
        assert isinstance(welcomed, ClientWelcomed)
        assert (welcomed.recipient_id, welcomed.supplier_name) == ("u-ana", SUPPLIER.legal_name)


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


class TestCheckOrder:
    def check(self, account: ClientAccount, number: str, **but: Any) -> tuple[Change[Any], ...]:
        asked = {
            "id": "k-1",
            "order_number": "C-7",
            "engagement_number": number,
            "by": "client:erp",
            "now": LATER,
        }
        return order_checks.check(account, None, **asked | but)

    @pytest.mark.feature("CLI-07", "CLI-06")
    @pytest.mark.parametrize("number", ["", " ", "\u00a0\t", "\u200b"])
    def test_refuses_an_order_without_the_engagement_number_it_needs(self, number: str):
        assert order_checks.result_of(an_account(properties=REQUIRED), number) == "refused"
        assert order_checks.result_of(an_account(), number) == "validated"

    @pytest.mark.feature("CLI-07")
    def test_validates_one_that_has_it(self):
        assert order_checks.result_of(an_account(properties=REQUIRED), "2026-E-1") == "validated"

    @pytest.mark.feature("CLI-09")
    @pytest.mark.parametrize(("number", "result"), [("E-1", "validated"), (" ", "refused")])
    def test_keeps_who_asked_when_and_the_result_if_that_is_wished(self, number: str, result: str):
        orders = OrderProperties(engagement_number_required=True, validation_history=True)
        account = an_account(properties=Properties(orders=orders))

        unchanged, change = self.check(account, number)

        assert unchanged == Change(account)
        found = change.state
        assert (found.checked_by, found.checked_at, found.result) == ("client:erp", LATER, result)
        repeated = order_checks.check(
            account,
            found,
            id="k-1",
            order_number="C-7",
            engagement_number=number,
            by="client:erp",
            now=NOW,
        )
        assert repeated == (Change(account), Change(found))

    @pytest.mark.feature("CLI-09")
    def test_keeps_nothing_otherwise(self):
        assert self.check(an_account(), "E-1")[1] == Change(None)


class TestContacts:
    @pytest.mark.feature("CRM-18")
    def test_may_use_what_is_open_to_the_client_and_was_not_closed_to_them(self):
        record = ClientRecord(name="Melun", closed=("support",))
        change = client_portal.switch(
            None,
            id="c:u",
            permissions={"invoices": False, "support": True},
            notifications={"tickets": False},
            portal=PORTAL,
        )
        contact = change.state

        assert contact
        open_to = client_portal.permitted(record, contact, PORTAL)
        assert {*open_to} == {*FEATURES} - {"support", "invoices"}
        assert "tickets" not in client_portal.notified(contact, PORTAL)
        assert "invoices" in client_portal.notified(contact, PORTAL)

    def test_have_everything_until_something_is_switched_off(self):
        record = ClientRecord(name="Melun")

        assert client_portal.permitted(record, None, PORTAL) == FEATURES
        assert client_portal.notified(None, PORTAL) == PORTAL.notification_codes

    @pytest.mark.parametrize("name", ["permissions", "notifications"])
    def test_have_no_switch_that_there_is_not(self, name: str):
        asked: dict[str, dict[str, bool]] = {"permissions": {}, "notifications": {}}
        with pytest.raises(domain.UnknownFeature) as refused:
            client_portal.switch(
                Contact(id="c:u"), id="c:u", portal=PORTAL, **asked | {name: {"kitchen": True}}
            )
        assert pointers(refused.value) == [f"/body/{name}/kitchen"]


def a_fact(id: str = "f-1", **but: Any) -> Fact:
    said = {"kind": "invoice", "amount": "10.10", "currency": "EUR", "date": date(2026, 1, 5)}
    transaction = Transaction(**said | but)
    return Fact(id=id, account_id=ID, transaction=transaction, told_by="erp", told_at=NOW)


class Ledger:
    """An account and what was told of it, as decisions leave them."""

    def __init__(self, **but: Any) -> None:
        self.account, self.turnover = an_account(**but), None
        self.facts: dict[str, Fact] = {}

    def tell(self, fact: Fact, suppliers: frozenset[str] = frozenset()) -> None:
        account, turnover, kept = facts.record_transaction(
            self.account,
            self.turnover,
            self.facts.get(fact.id),
            fact=fact,
            suppliers=suppliers,
            default_currency="EUR",
        )
        self.account, self.turnover = account.state, turnover.state
        self.facts[fact.id] = kept.state

    def change_currency(self, currency: str) -> None:
        change = domain.rewrite(
            self.account,
            record=describe(currency=currency),
            features=FEATURES,
            default_currency="EUR",
            now=LATER,
        )
        self.account = kept(change)


class TestRecordTransaction:
    @pytest.mark.feature("CRM-08")
    def test_counts_each_fact_once_however_often_it_comes(self):
        ledger = Ledger()
        for fact in (a_fact(), a_fact(), a_fact("f-2", amount="0.20"), a_fact()):
            ledger.tell(fact)

        assert ledger.turnover == Turnover(id=ID, count=2, totals={"invoice": "10.30"})

    @given(st.lists(st.decimals(-10, 10, places=4), min_size=1, max_size=9))
    def test_sums_without_losing_a_hundredth(self, amounts: list[Decimal]):
        ledger = Ledger()
        for nth, amount in enumerate(amounts):
            ledger.tell(a_fact(str(nth), amount=f"{amount:f}"))

        assert ledger.turnover
        assert Decimal(ledger.turnover.totals["invoice"]) == sum(amounts)

    @pytest.mark.feature("CRM-10")
    @pytest.mark.parametrize("kind", ["invoice", "estimate", "payment"])
    def test_fixes_the_currency(self, kind: str):
        ledger = Ledger()
        ledger.tell(a_fact(kind=kind))

        assert ledger.account.record.currency == "EUR"
        with pytest.raises(domain.CurrencyFixed):
            ledger.change_currency("USD")

    @pytest.mark.feature("CRM-10")
    @pytest.mark.parametrize("order", [*permutations(range(3))])
    def test_never_leaves_a_transaction_in_another_currency(self, order: tuple[int, ...]):
        ledger = Ledger()
        steps = (
            lambda: ledger.tell(a_fact()),
            lambda: ledger.tell(a_fact("f-2", currency="USD")),
            lambda: ledger.change_currency("USD"),
        )
        refused = 0
        for nth in order:
            try:
                steps[nth]()
            except (facts.OtherCurrency, domain.CurrencyFixed):
                refused += 1

        told = {one.transaction.currency for one in ledger.facts.values()}
        assert told <= {ledger.account.record.currency}
        assert refused

    def test_changes_nothing_but_the_sums_after_the_first(self):
        ledger = Ledger()
        ledger.tell(a_fact())
        before = ledger.account
        ledger.tell(a_fact("f-2"))

        assert ledger.account == before

    @pytest.mark.parametrize(
        ("but", "refusal", "pointer"),
        [
            ({"amount": "11"}, facts.FactContradicted, "/body/id"),
            ({"id": "f-9", "currency": "USD"}, facts.OtherCurrency, "/body/data/currency"),
        ],
    )
    def test_is_refused(self, but: dict[str, Any], refusal: type[Problem], pointer: str):
        ledger = Ledger()
        ledger.tell(a_fact())
        with pytest.raises(refusal) as refused:
            ledger.tell(a_fact(**but))
        assert pointers(refused.value) == [pointer]

    def test_is_refused_of_an_account_that_is_not_the_teller_s(self):
        with pytest.raises(facts.ClientAccountUnknown) as refused:
            Ledger().tell(a_fact(), frozenset({"another"}))
        assert pointers(refused.value) == ["/body/data/client_account"]
        Ledger().tell(a_fact(), frozenset({SUPPLIER.id}))

    def test_tells_sources_apart(self):
        assert facts.fact_id("/a", "1") == facts.fact_id("/a", "1")
        assert len({facts.fact_id(*one) for one in (("/a", "1"), ("/b", "1"), ("/a1", ""))}) == 3


class TestRequire:
    @pytest.mark.feature("CLI-16")
    def test_lets_only_administrators_change_and_hides_accounts_from_strangers(self):
        assert domain.require("administrator", "administrator") == "administrator"
        for standing in ("staff", "client", "operator", "system"):
            with pytest.raises(domain.OnlyAdministrators):
                domain.require(standing, "administrator")
        with pytest.raises(NotFound):
            domain.require(None, "administrator")


def test_defaults_begin_with_what_a_new_account_has():
    assert domain.offer_subtotal_for(an_account(defaults=(Default(),)), None) is False


def test_an_address_is_kept_as_it_is():
    billing = Address(line="1 PL DE LA MAIRIE", city="MELUN")
    assert describe(billing=billing).billing == billing
