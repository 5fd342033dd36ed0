"""How somebody without an account is invited, and attached once they have one."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.users import InvitationSent, PersonChanged
from kit.attempts import Attempts
from kit.change import Change
from kit.problems import NotFound
from services.users.domain import accounts
from services.users.domain.accounts import LinkNoLongerValid
from services.users.domain.delegation import ManagersOnly
from services.users.domain.invitations import (
    KEPT_AFTER,
    MOST,
    MOST_OF_ALL,
    AccountActive,
    Invitation,
    InvitedTooOften,
    Invitee,
    Renewal,
    accept,
    accepted,
    begin,
    invite,
    lapse,
    remind,
    take_in,
)
from tests.users.people import FIVE_AN_HOUR, a_registration, an_account
from tests.users.rattaching import (
    DEFAULTS,
    LATER,
    NOW,
    a_delegate,
    a_gift,
    a_known_unit,
    a_line,
    a_manager,
    a_rattachement,
    a_structure,
    an_extent,
)

UNTIL = NOW + timedelta(days=7)


def an_invitation(**but: Any) -> Invitation:
    return Invitation(**{"gift": a_gift(), "nonce": "n-1", "expires_at": UNTIL} | but)


def of_another(n: int) -> Invitation:
    """One of ten that each of many other structures has sent."""
    return an_invitation(gift=a_gift(id=f"g-{n}x", structure_id=f"s-{n // 10}"))


def an_invitee(*sent: Invitation, **but: Any) -> Invitee:
    sent = sent or (an_invitation(),)
    kept = max(one.expires_at for one in sent) + KEPT_AFTER
    new = {"id": "u-new", "email": "new@example.org", "invitations": sent, "wake_at": kept}
    return Invitee(**new | but)


def an_accepted(*sent: Invitation) -> Invitee:
    return an_invitee(*sent, accepted_at=LATER, wake_at=LATER)


def a_pending(**but: Any) -> Any:
    return an_account(id="u-new", status="pending", password_hash="", **but)


def invited(current: Any = None, letters: Any = None, **but: Any) -> Any:
    return invite(
        current,
        letters,
        a_structure(),
        an_invitation(**but),
        user_id="u-new",
        email="new@example.org",
        letters_id="letters",
        limit=FIVE_AN_HOUR,
    )


def taken_in(
    invitee: Any,
    *units: Any,
    structure: Any = None,
    gift_id: str = "g-1",
    acting: Any = a_manager(),  # noqa: B008  # never changed
) -> Any:
    return take_in(
        invitee,
        structure or a_structure(),
        None,
        None,
        None,
        *units,
        acting=acting,
        gift_id=gift_id,
        now=LATER,
        defaults=DEFAULTS,
    )


class TestInvite:
    @pytest.mark.feature("RAT-13")
    def test_has_a_letter_written(self):
        invitee, letters = invited()

        assert invitee.state == an_invitee()
        assert invitee.events == (
            InvitationSent(
                user_id="u-new",
                structure_id="s-bakery",
                structure_name="Boulangerie du Port",
                invited_by="u-omar",
                nonce="n-1",
                expires_at=UNTIL,
                sent_at=NOW,
            ),
        )
        assert letters.state.made == (NOW,)

    def test_changes_nothing_when_repeated(self):
        assert invited(an_invitee(), nonce="n-2") == (Change(an_invitee()), Change(None))

    def test_writes_no_more_than_so_many_letters(self):
        letters = Attempts(id="letters", made=(NOW,) * 5)

        invitee, counted = invited(letters=letters)

        assert (invitee.state, invitee.events) == (an_invitee(), ())
        assert counted == Change(letters)

    def test_keeps_no_more_than_so_many(self):
        many = [an_invitation(gift=a_gift(id=f"g-{n}x")) for n in range(MOST)]

        invitee, _ = invited(an_invitee(*many))

        assert invitee.state.invitations == (*many[1:], an_invitation())

    def test_pushes_out_none_of_another_structure(self):
        others = [of_another(n) for n in range(MOST)]

        invitee, _ = invited(an_invitee(*others))

        assert invitee.state.invitations == (*others, an_invitation())

    def test_is_refused_of_one_structure_more_than_so_many_of_all(self):
        full = [of_another(n) for n in range(MOST_OF_ALL)]

        with pytest.raises(InvitedTooOften):
            invited(an_invitee(*full))
        own = an_invitation(gift=a_gift(id="g-0"))
        invitee, _ = invited(an_invitee(own, *full[1:]))
        assert invitee.state.invitations == (*full[1:], an_invitation())


class TestExpected:
    def test_is_an_account_that_nobody_can_sign_in_to(self):
        opened = self.expected(None)

        assert (opened.state.status, opened.state.password_hash) == ("pending", "")
        [person] = opened.events
        assert isinstance(person, PersonChanged)
        assert not person.active

    def test_leaves_one_that_is_there(self):
        assert self.expected(a_pending()) == Change(a_pending(wake_at=UNTIL))
        longer = a_pending(wake_at=UNTIL + timedelta(days=1))
        assert self.expected(longer) == Change(longer)

    def expected(self, current: Any) -> Any:
        email = "new@example.org"
        return accounts.expected(current, user_id="u-new", email=email, now=NOW, until=UNTIL)


class TestRemind:
    def reminded(self, acting: Any, invitee: Any, tie: Any = None) -> Any:
        renewed = Renewal(by="u-omar", at=LATER, nonce="n-2", expires_at=LATER + (UNTIL - NOW))
        return remind(
            acting,
            tie,
            invitee,
            None,
            a_structure(),
            renewed=renewed,
            letters_id="letters",
            limit=FIVE_AN_HOUR,
        )

    @pytest.mark.feature("RAT-30")
    def test_writes_again_with_a_new_link(self):
        invitee, _ = self.reminded(a_manager(), an_invitee())

        [again] = invitee.state.invitations
        assert (again.nonce, again.gift.extent) == ("n-2", an_extent())
        assert again.expires_at > UNTIL
        [letter] = invitee.events
        assert letter.nonce == "n-2"

    @pytest.mark.feature("RAT-30")
    def test_is_only_for_accounts_that_are_not_active(self):
        with pytest.raises(AccountActive):
            self.reminded(a_manager(), None, a_rattachement())
        with pytest.raises(AccountActive):
            self.reminded(a_manager(), an_accepted())
        with pytest.raises(NotFound):
            self.reminded(a_manager(), None)

    def test_is_for_those_who_administer(self):
        with pytest.raises(ManagersOnly):
            self.reminded(a_rattachement(), an_invitee())
        with pytest.raises(NotFound):
            self.reminded(None, an_invitee())


class TestAccept:
    def test_opens_the_account_with_the_letter_alone(self):
        account, invitee = accept(
            a_pending(), an_invitee(), nonce="n-1", registration=a_registration(), now=LATER
        )

        assert (account.state.status, account.state.first_name) == ("active", "Léa")
        assert invitee.state.wake_at == LATER

    def test_is_done_once(self):
        """Whoever repeats it may say another password, which would not be the account's."""
        account, invitee = accept(
            a_pending(), an_invitee(), nonce="n-1", registration=a_registration(), now=LATER
        )
        for left in (invitee.state, None):
            with pytest.raises(LinkNoLongerValid):
                accept(account.state, left, nonce="n-1", registration=a_registration(), now=LATER)

    @pytest.mark.parametrize(
        ("account", "invitee", "nonce", "now"),
        [
            (None, None, "n-1", LATER),
            (a_pending(), None, "n-1", LATER),
            (a_pending(), an_invitee(), "n-2", LATER),
            (a_pending(), an_invitee(), "n-1", UNTIL),
            (an_account(id="u-new"), an_invitee(), "n-1", LATER),
            (an_account(id="u-new", status="deactivated"), an_invitee(), "n-1", LATER),
        ],
        ids=["nobody", "withdrawn", "another letter", "too late", "active", "deactivated"],
    )
    def test_refuses_a_link_that_is_worth_nothing(self, account, invitee, nonce, now):
        with pytest.raises(LinkNoLongerValid):
            accept(account, invitee, nonce=nonce, registration=a_registration(), now=now)


class TestAccepted:
    def test_gives_what_is_still_good(self):
        late = an_invitation(gift=a_gift(id="g-late"), expires_at=LATER)

        invitee = accepted(an_invitee(late, an_invitation()), now=LATER).state

        assert invitee == an_accepted()
        assert accepted(an_invitee(late), now=LATER) == Change(None)

    def test_is_dealt_with_by_one_at_a_time(self):
        due = an_invitee(wake_at=NOW)

        claimed = begin(due, LATER).state

        assert claimed.wake_at > LATER
        assert begin(claimed, LATER) == Change(claimed)


class TestTakeIn:
    @pytest.mark.feature("RAT-13")
    def test_attaches_as_the_manager_meant(self):
        invitee, request, tie, action = taken_in(an_accepted())

        assert invitee == Change(None)
        assert tie.state.lines == (a_line(),)
        assert (request.state.status, action.state.by) == ("granted", "u-omar")

    @pytest.mark.feature("RAT-13", "HAB-05")
    @pytest.mark.parametrize("acting", [a_delegate(), None], ids=["lacks it", "has left"])
    def test_gives_no_more_than_who_invited_may_give_by_then(self, acting: Any):
        _, _, tie, _ = taken_in(an_accepted(), acting=acting)

        assert (tie.state.lines, tie.state.habilitations) == ((a_line(),), ())

    def test_leaves_what_others_invite_to(self):
        other = an_invitation(gift=a_gift(id="g-2", structure_id="s-garage"))

        invitee, *_ = taken_in(an_accepted(an_invitation(), other))

        assert invitee.state.invitations == (other,)

    def test_gives_as_much_as_there_still_is(self):
        asked = an_invitation(gift=a_gift(extent=an_extent(units=("ovens", "tills"))))

        _, _, tie, _ = taken_in(
            an_accepted(asked), a_known_unit(), a_known_unit("tills", over=True)
        )

        assert tie.state.lines == (a_line("ovens"),)

    def test_gives_nothing_that_is_no_more(self):
        units = an_invitation(gift=a_gift(extent=an_extent(units=("tills",))))
        nothing = (Change(None),) * 4

        assert taken_in(an_accepted(units), None) == nothing
        assert taken_in(an_accepted(), structure=a_structure(status="inactive")) == nothing

    def test_waits_until_the_account_is_active(self):
        assert taken_in(an_invitee())[0] == Change(an_invitee())

    def test_changes_nothing_when_repeated(self):
        other = an_invitation(gift=a_gift(id="g-2"))

        assert taken_in(None) == (Change(None),) * 4
        assert taken_in(an_accepted(other))[0] == Change(an_accepted(other))


class TestLapse:
    def test_forgets_an_address_after_a_while(self):
        long_after = UNTIL + KEPT_AFTER

        assert lapse(an_invitee(), now=UNTIL) == Change(an_invitee())
        assert lapse(an_invitee(), now=long_after) == Change(None)
        assert lapse(None, now=long_after) == Change(None)

    def test_leaves_what_was_accepted(self):
        assert lapse(an_accepted(), now=UNTIL + KEPT_AFTER) == Change(an_accepted())
