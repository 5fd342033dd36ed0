"""To which of a person's addresses a letter goes."""

from typing import Any

import pytest

from contracts.users import (
    AccountChanged,
    ClientSecretExpiring,
    CodeRequested,
    LinkRequestedV2,
    PersonChanged,
)
from services.notifications.domain import account_letters
from services.notifications.domain.attempts import unwanted
from services.notifications.domain.letters import Letter, Template, address
from services.notifications.domain.people import Person, copy_person
from tests.notifications.builders import NOW, SOON, a_letter, a_link, a_link_letter, a_person

LOGIN, CONTACT, NEW = "lea@example.org", "lea@letters.org", "lea@elsewhere.org"


def a_link_request(purpose: str = "login-confirmation") -> LinkRequestedV2:
    return LinkRequestedV2(user_id="u-lea", purpose=purpose, nonce="n-1", expires_at=SOON)


def written(purpose: str) -> Letter:
    letter = account_letters.on_link_requested(a_link_request(purpose), now=NOW)
    assert letter
    return letter


def a_person_told(**but: Any) -> Person:
    told = PersonChanged(
        **{
            "user_id": "u-lea",
            "first_name": "Léa",
            "last_name": "Martin",
            "email": CONTACT,
            "login": LOGIN,
            "active": True,
            "version": 2,
        }
        | but
    )
    person = copy_person(told, None).state
    assert person
    return person


class TestAddress:
    @pytest.mark.feature("ACC-05")
    def test_is_the_contact_address_for_what_happens(self):
        assert address(a_letter(), a_person_told()) == CONTACT

    @pytest.mark.parametrize("template", ["activation", "password-reset"])
    def test_is_the_login_for_what_opens_the_account(self, template: Template):
        letter = a_link_letter(template=template, link=a_link(purpose=template))

        assert address(letter, a_person_told()) == LOGIN
        assert address(letter, a_person()) == LOGIN  # told before there were logins

    def test_is_the_login_for_codes_and_warnings(self):
        code = account_letters.on_code_requested(
            CodeRequested(user_id="u-lea", nonce="n-1", expires_at=SOON), now=NOW
        )
        warning = account_letters.on_account_changed(
            AccountChanged(user_id="u-lea", action="password-changed", by="", changed_at=NOW)
        )
        assert warning

        assert address(code, a_person_told()) == LOGIN
        assert address(warning, a_person_told()) == LOGIN

    def test_is_the_login_when_a_structure_was_handed_over(self):
        """Whoever did it with a stolen session may have changed where other letters go."""
        letter = a_link_letter(template="management-handed-over", link=None)

        assert address(letter, a_person_told()) == LOGIN

    @pytest.mark.parametrize(
        ("purpose", "field"),
        [
            ("login-confirmation", "new_login"),
            ("login-cancellation", "old_login"),
            ("contact-confirmation", "new_contact"),
        ],
    )
    def test_is_the_one_that_the_link_is_about_and_no_other(self, purpose: str, field: str):
        letter = written(purpose)

        assert address(letter, a_person_told(**{field: NEW, f"{field}_nonce": "n-1"})) == NEW
        for person in (a_person_told(), a_person_told(**{field: NEW, f"{field}_nonce": "n-2"})):
            assert address(letter, person) == ""
            assert unwanted(letter, person, now=NOW)


class TestOnLinkRequested:
    def test_keeps_silent_on_a_purpose_it_has_no_words_for(self):
        assert account_letters.on_link_requested(a_link_request("telepathy"), now=NOW) is None

    def test_shows_no_nonce(self):
        assert "n-1" not in written("login-confirmation").id


class TestOnClientSecretExpiring:
    @pytest.mark.feature("NOT-13")
    def test_names_the_system_and_the_end_of_its_secret(self):
        told = ClientSecretExpiring(
            client_id="c-1", name="ERP", user_id="u-lea", expires_at=SOON, told_at=NOW
        )

        letter = account_letters.on_client_secret_expiring(told)

        assert (letter.recipient_id, letter.created_at) == ("u-lea", NOW)
        assert letter.params == {"system": "ERP", "until": SOON.isoformat()}


class TestOnAccountChanged:
    @pytest.mark.feature("ACC-05")
    @pytest.mark.parametrize("action", ["contact-change-asked", "contact-changed"])
    def test_warns_the_login_of_another_contact_address(self, action: str):
        told = AccountChanged(user_id="u-lea", action=action, by="u-lea", changed_at=NOW)
        letter = account_letters.on_account_changed(told)
        assert letter

        assert address(letter, a_person_told(email=NEW)) == LOGIN

    def test_writes_one_letter_however_often_it_is_told(self):
        told = AccountChanged(user_id="u-lea", action="login-changed", by="", changed_at=NOW)

        first, second = (
            account_letters.on_account_changed(told),
            account_letters.on_account_changed(told),
        )

        assert first == second

    def test_writes_none_about_what_has_a_letter_of_its_own(self):
        told = AccountChanged(user_id="u-lea", action="login-change-asked", by="", changed_at=NOW)

        assert account_letters.on_account_changed(told) is None
