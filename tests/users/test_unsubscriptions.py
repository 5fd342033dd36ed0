"""Stopping letters by the link that each brings."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.users import RECAP, UNSUBSCRIBED_WITHIN, NotificationPreferences
from kit.change import Change
from kit.clock import now
from kit.links import LinkInvalid, sign_link
from services.users.domain import unsubscriptions as domain
from services.users.domain.accounts import Account
from tests.users.house import House
from tests.users.people import NOW, an_account

PATH = "/v1/unsubscriptions"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
USED = domain.Unsubscription(id="n-1", user_id="u-lea", wake_at=NOW + UNSUBSCRIBED_WITHIN)


def an_active(**wishes: Any) -> Account:
    return an_account(status="active", notifications=NotificationPreferences(**wishes))


def unsubscribed(
    account: Account | None, topic: str = "", current: domain.Unsubscription | None = None
) -> tuple[Change[domain.Unsubscription], Change[Account]]:
    return domain.unsubscribe(current, account, id="n-1", topic=topic, now=NOW)


class TestUnsubscribe:
    @pytest.mark.feature("NOT-01", "NOT-05")
    @pytest.mark.parametrize(
        ("topic", "wished"),
        [
            ("", {"rhythm": "never", "applications": {"engagements": "never"}}),
            ("facturation", {"applications": {"engagements": "daily", "facturation": "never"}}),
            (RECAP, {"weekly_recap": False}),
        ],
    )
    def test_stops_what_the_letter_was_about_and_no_more(self, topic: str, wished: Any):
        before = {"applications": {"engagements": "daily"}}

        used, account = unsubscribed(an_active(**before), topic)

        assert used.state
        assert account.state
        assert account.state.notifications == NotificationPreferences(**before | wished)
        [told] = account.events
        assert told.notifications == account.state.notifications  # type: ignore[attr-defined]

    def test_counts_once_whatever_was_chosen_since(self):
        account = an_active(rhythm="immediate")

        assert unsubscribed(account, current=USED) == (Change(USED), Change(account))

    def test_changes_nothing_for_who_had_stopped_it_already(self):
        account = an_active(rhythm="never")

        _, change = unsubscribed(account)

        assert change == Change(account)

    @pytest.mark.parametrize("account", [None, an_account(status="erased")])
    def test_is_refused_for_who_is_gone(self, account: Account | None):
        with pytest.raises(LinkInvalid):
            unsubscribed(account)


class TestForget:
    def test_waits_until_no_such_link_is_valid_any_more(self):
        assert domain.forget(USED, now=NOW) == Change(USED)
        assert domain.forget(USED, now=NOW + UNSUBSCRIBED_WITHIN) == Change(None)


def token_of(house: House, user_id: str, **but: Any) -> str:
    said = {
        "purpose": "unsubscription",
        "user_id": user_id,
        "nonce": ":n-1",
        "expires_at": now() + timedelta(days=1),
    }
    return sign_link(house.settings.link_key.get_secret_value(), **said | but)


class TestOverHttp:
    @pytest.mark.feature("NOT-05")
    async def test_one_click_of_a_mail_program_is_enough(self, house: House):
        await house.join()
        [account] = await house.identity.accounts.select({})
        params = {"token": token_of(house, account.id)}
        async with house.client() as program:
            seen = await program.get(PATH, params=params)
            [untouched] = await house.identity.accounts.select({})
            done = await program.post(PATH, params=params, data=ONE_CLICK)
            again = await program.post(PATH, params=params, data=ONE_CLICK)
        [stopped] = await house.identity.accounts.select({})

        assert seen.json() == {"topic": "", "done": False}
        assert untouched == account
        assert done.status_code == again.status_code == 200
        assert done.json() == again.json() == {"topic": "", "done": True}
        assert stopped.notifications.rhythm == "never"
        assert stopped.version == account.version + 1

    async def test_no_other_link_does(self, house: House):
        await house.join()
        [account] = await house.identity.accounts.select({})
        others = (
            token_of(house, account.id, purpose="password-reset"),
            token_of(house, account.id, expires_at=now() - timedelta(seconds=1)),
            "nonsense",
        )

        async with house.client() as program:
            answers = [
                await ask(PATH, params={"token": one})
                for one in others
                for ask in (program.get, program.post)
            ]

        assert {one.status_code for one in answers} == {422}
        assert {one.json()["errors"][0]["pointer"] for one in answers} == {"/query/token"}
        assert [account] == await house.identity.accounts.select({})
