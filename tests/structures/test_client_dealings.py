"""What may happen with a client: orders, contacts of theirs, transactions told by others."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.structures import (
    ClientContactNotificationsChanged,
    ClientContactPermissionsChanged,
)
from kit.change import Change
from kit.cloudevents import fact_id
from kit.problems import Problem
from services.structures.domain import client_accounts as domain
from services.structures.domain import client_portal, facts, order_checks
from services.structures.domain.client_accounts import (
    ClientAccount,
    ClientRecord,
    OrderProperties,
    Properties,
)
from services.structures.domain.client_consent import NotAcceptedByClient
from services.structures.domain.client_portal import ClientMessage, Contact
from services.structures.domain.facts import Fact, Transaction, Turnover
from services.structures.domain.order_checks import Attempt, OrderCheck
from services.structures.domain.structures import Structure, StructureInactive
from tests.structures.builders import NOW
from tests.structures.client_builders import (
    FEATURES,
    ID,
    LATER,
    PORTAL,
    REQUIRED,
    SUPPLIER,
    TOWN,
    an_account,
    describe,
    kept,
    pointers,
)


class TestCheckOrder:
    def attempt(self, number: str) -> Attempt:
        return Attempt(
            id="k-1", order_number="C-7", engagement_number=number, by="client:erp", at=LATER
        )

    def check(
        self, account: ClientAccount, number: str, current: OrderCheck | None = None
    ) -> tuple[Change[Any], ...]:
        asked = self.attempt(number)
        return order_checks.check(account, current, SUPPLIER, TOWN, asked=asked)

    def result(self, account: ClientAccount, number: str, *parties: Structure) -> str:
        both = parties or (SUPPLIER, TOWN)
        return order_checks.judged(self.attempt(number), account, both).result

    @pytest.mark.feature("CLI-07", "CLI-06")
    @pytest.mark.parametrize(
        "number", ["", " ", "\u00a0\t", *"\u200b\u2800\u3164\u115f\u1160\uffa0\ufe0f\u0301"]
    )
    def test_refuses_an_order_without_the_engagement_number_it_needs(self, number: str):
        assert self.result(an_account(properties=REQUIRED), number) == "refused"
        assert self.result(an_account(), number) == "validated"

    @pytest.mark.feature("CLI-07")
    def test_validates_one_that_has_it(self):
        for number in ("2026-E-1", "7", "É", "契"):
            assert self.result(an_account(properties=REQUIRED), number) == "validated"

    @pytest.mark.feature("CLI-09")
    @pytest.mark.parametrize(("number", "result"), [("E-1", "validated"), (" ", "refused")])
    def test_keeps_who_asked_when_and_the_result_if_that_is_wished(self, number: str, result: str):
        orders = OrderProperties(engagement_number_required=True, validation_history=True)
        account = an_account(properties=Properties(orders=orders))

        unchanged, change, *both = self.check(account, number)

        assert unchanged == Change(account)
        assert both == [Change(SUPPLIER), Change(TOWN)]
        found = change.state
        assert (found.checked_by, found.checked_at, found.result) == ("client:erp", LATER, result)
        assert self.check(account, number, found)[1] == Change(found)

    @pytest.mark.feature("STR-55")
    @pytest.mark.parametrize("inactive", [SUPPLIER, TOWN])
    def test_refuses_every_order_while_one_of_both_is_inactive(self, inactive: Structure):
        parties = [
            replace(one, status="inactive") if one == inactive else one for one in (SUPPLIER, TOWN)
        ]
        found = order_checks.judged(self.attempt("E-1"), an_account(), parties)

        assert (found.result, found.reason) == ("refused", "structure_inactive")
        with pytest.raises(StructureInactive):
            order_checks.require_validated(found)

    @pytest.mark.feature("CLI-09")
    def test_keeps_nothing_otherwise(self):
        assert self.check(an_account(), "E-1")[1] == Change(None)


class TestContacts:
    def test_may_use_what_is_open_to_the_client_and_was_not_closed_to_them(self):
        record = ClientRecord(name="Melun", closed=("support",))
        change, unchanged = client_portal.switch(
            None,
            an_account(),
            user_id="u",
            permissions={"invoices": False, "support": True},
            notifications={"tickets": False},
            portal=PORTAL,
            now=LATER,
        )
        contact = change.state

        assert contact
        assert unchanged == Change(an_account())
        open_to = client_portal.permitted(record, contact, PORTAL)
        assert {*open_to} == {*FEATURES} - {"support", "invoices"}
        assert "tickets" not in client_portal.notified(contact, PORTAL)
        assert "invoices" in client_portal.notified(contact, PORTAL)

    def test_have_everything_until_something_is_switched_off(self):
        record = ClientRecord(name="Melun")

        assert client_portal.permitted(record, None, PORTAL) == FEATURES
        assert client_portal.notified(None, PORTAL) == PORTAL.notification_codes

    def switch(self, current: Contact | None = None, **asked: Any) -> Change[Contact]:
        said = {"permissions": {}, "notifications": {}, "portal": PORTAL, "now": LATER}
        change, _ = client_portal.switch(current, an_account(), user_id="u", **said | asked)
        return change

    @pytest.mark.feature("CRM-03")
    def test_are_told_of_when_something_is_closed_or_opened_to_them(self):
        closed = self.switch(permissions={"support": False})
        contact = closed.state
        assert contact
        again = self.switch(contact, permissions={"support": False})
        opened = self.switch(replace(contact, version=1))

        assert again.events == ()
        told = [
            (one.client_account_id, one.user_id, one.version, {*one.features})
            for one in (*closed.events, *opened.events)
            if isinstance(one, ClientContactPermissionsChanged)
        ]
        assert told == [(ID, "u", 1, {*FEATURES} - {"support"}), (ID, "u", 2, {*FEATURES})]
        assert closed.events[0].key == contact.id

    @pytest.mark.feature("CRM-18")
    def test_are_told_of_when_a_letter_is_switched_off_or_on(self):
        muted = self.switch(notifications={"tickets": False})
        contact = muted.state
        assert contact
        again = self.switch(contact, notifications={"tickets": False})
        unmuted = self.switch(replace(contact, version=1), permissions={"support": False})

        assert again.events == ()
        told = [
            (one.key, one.user_id, one.version, one.muted)
            for one in (*muted.events, *unmuted.events)
            if isinstance(one, ClientContactNotificationsChanged)
        ]
        assert told == [(contact.id, "u", 1, ("tickets",)), (contact.id, "u", 2, ())]
        assert len(unmuted.events) == 2

    @pytest.mark.parametrize(
        ("name", "refusal"),
        [
            ("permissions", domain.UnknownFeature),
            ("notifications", client_portal.UnknownNotification),
        ],
    )
    def test_have_no_switch_that_there_is_not(self, name: str, refusal: type[Problem]):
        with pytest.raises(refusal) as refused:
            self.switch(**{name: {"kitchen": True}})
        assert pointers(refused.value) == [f"/body/{name}/kitchen"]

    @pytest.mark.parametrize("consent", ["proposed", "refused"])
    def test_have_no_switches_until_their_structure_has_accepted(self, consent: Any):
        with pytest.raises(NotAcceptedByClient):
            client_portal.switch(
                None,
                an_account(consent=consent),
                user_id="u",
                permissions={},
                notifications={},
                portal=PORTAL,
                now=LATER,
            )


class TestWrite:
    message = ClientMessage(
        id="m-1", account_id=ID, side="supplier", author_id="u-lea", text="Bonjour", sent_at=NOW
    )

    @pytest.mark.parametrize("consent", ["proposed", "refused"])
    def test_is_refused_until_the_client_has_accepted(self, consent: Any):
        with pytest.raises(NotAcceptedByClient):
            client_portal.write(None, an_account(consent=consent), message=self.message)

    @pytest.mark.feature("CLI-14")
    def test_keeps_a_message_once(self):
        account = an_account()
        first = client_portal.write(None, account, message=self.message)

        assert first == (Change(self.message), Change(account))
        assert client_portal.write(self.message, account, message=self.message) == first


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
        assert fact_id("erp", "/a", "1") == fact_id("erp", "/a", "1")
        others = (("/a", "1"), ("/b", "1"), ("/a1", ""), ("/a\0b", "1"), ("/a", "b\0001"))
        assert len({fact_id("erp", *one) for one in others}) == 5

    def test_is_another_when_another_system_tells_it(self):
        assert fact_id("erp", "/a", "1") != fact_id("crm", "/a", "1")
