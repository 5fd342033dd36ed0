"""What people save of themselves."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.users import LinkRequestedV2, NotificationPreferences, PersonChanged
from kit.attempts import Attempts, TooManyAttempts
from kit.problems import NotFound, PreconditionFailed
from services.users.domain.accounts import Account, PostalAddress
from services.users.domain.passwords import WrongPassword
from services.users.domain.profiles import PasswordNeeded, Profile, save
from tests.users.people import NOW, a_link, an_account
from tests.users.test_emails import LIMIT

LETTERS = "lea@letters.org"
LINK = a_link(purpose="contact-confirmation", email=LETTERS)
HOME = PostalAddress(line="1 rue du Four", postcode="75006", city="Paris", country="FR")
WEEKLY = NotificationPreferences(rhythm="weekly", applications={"engagements": "never"})


def a_profile(**but: Any) -> Profile:
    said = {
        "first_name": "Léa",
        "last_name": "Martin",
        "address": None,
        "language": "fr",
        "time_zone": "Europe/Paris",
        "notifications": NotificationPreferences(),
    }
    return Profile(**said | but)


def saved(account: Account | None, profile: Profile | None = None, **but: Any) -> Any:
    about = {"contact_email": None, "link": LINK, "letters": LIMIT, "if_match": None, "now": NOW}
    about["password_version"] = 0
    tries = but.pop("to_address", None), but.pop("of_user", None)
    return save(account, *tries, profile=profile or a_profile(), **about | but)


class TestSave:
    @pytest.mark.feature("ACC-04", "ACC-08")
    def test_keeps_and_tells_the_whole_form(self):
        profile = a_profile(last_name="Petit", address=HOME, language="en", notifications=WEEKLY)

        change, *_ = saved(an_account(), profile)

        assert change.state.last_name == "Petit"
        assert change.state.address == HOME
        [person] = change.events
        assert isinstance(person, PersonChanged)
        assert (person.last_name, person.language) == ("Petit", "en")
        assert person.notifications == WEEKLY
        assert "Four" not in person.model_dump_json()

    def test_changes_nothing_when_repeated(self):
        once = saved(an_account(), contact_email=LETTERS)[0].state

        change, *counts = saved(once, contact_email=LETTERS)

        assert (change.state, change.events) == (once, ())
        assert [count.state for count in counts] == [None, None]

    @pytest.mark.feature("ACC-05")
    def test_writes_to_another_address_once_it_is_proved(self):
        change, *counts = saved(an_account(), contact_email=LETTERS)

        assert change.state.written_to == change.state.email == "lea@example.org"
        person, link, told = change.events
        assert isinstance(link, LinkRequestedV2)
        assert (person.email, person.new_contact) == ("lea@example.org", LETTERS)
        assert (told.action, told.by) == ("contact-change-asked", "u-lea")
        assert all(count.state.made == (NOW,) for count in counts)

    @pytest.mark.feature("ACC-05")
    @pytest.mark.parametrize(("proved", "refusal"), [(None, PasswordNeeded), (1, WrongPassword)])
    def test_sends_letters_nowhere_else_for_a_session_alone(self, proved: Any, refusal: Any):
        said = {"contact_email": LETTERS, "password_version": proved}

        with pytest.raises(refusal) as refused:
            saved(an_account(), **said)
        assert refused.value.members["errors"][0]["pointer"] == "/body/current_password"
        for kept in (an_account(contact_email=LETTERS), an_account(links=(LINK,))):
            assert saved(kept, a_profile(last_name="Petit"), **said)[0].state.last_name == "Petit"

    @pytest.mark.feature("ACC-05")
    @pytest.mark.parametrize("login", [None, "lea@example.org"])
    def test_goes_back_to_the_login_at_once(self, login: str | None):
        account = an_account(contact_email=LETTERS)

        change, *_ = saved(account, contact_email=login, password_version=None)

        assert change.state.contact_email is None
        assert change.events[1].action == "contact-changed"

    def test_keeps_a_proved_address_and_one_that_is_awaited(self):
        account = an_account(contact_email=LETTERS, links=(replace(LINK, email="x@y.org"),))

        assert saved(account, contact_email=LETTERS)[0].state == account

    @pytest.mark.feature("ACC-08")
    @pytest.mark.parametrize("whose", ["to_address", "of_user"])
    def test_keeps_nothing_when_the_letter_cannot_be_sent(self, whose: str):
        tries = {whose: Attempts(id="x", made=(NOW,) * 5)}

        with pytest.raises(TooManyAttempts):
            saved(an_account(), a_profile(last_name="Petit"), contact_email=LETTERS, **tries)

    def test_of_two_forms_open_at_once_takes_the_first(self):
        account = an_account(edition=4)
        first = saved(account, a_profile(last_name="Petit"), if_match=4)[0].state

        assert first.edition == 5
        with pytest.raises(PreconditionFailed):
            saved(first, a_profile(last_name="Grand"), if_match=4)

    def test_is_not_upset_by_a_sign_in_meanwhile(self):
        account = an_account(edition=4, version=9, session_ids=("s-9",))

        assert saved(account, a_profile(last_name="Petit"), if_match=4)[0].state.edition == 5

    @pytest.mark.parametrize("account", [None, an_account(status="deactivated")])
    def test_is_for_active_accounts(self, account: Account | None):
        with pytest.raises(NotFound):
            saved(account)
