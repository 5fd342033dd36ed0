"""The letters about who manages a structure, and about coming back."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.notifications import VacancyNoticeHandedOver, VacancyNoticeReturned
from contracts.structures import ContactTold
from contracts.users import (
    LinkRequestedV2,
    ManagementTransferred,
    ReactivationRefused,
    VacancyClaimSettled,
    VacancyNoticeGiven,
)
from kit.links import code_of
from services.notifications.domain import management_letters
from services.notifications.domain.account_letters import on_link_requested
from services.notifications.domain.attempts import came_back, sent, unwanted
from services.notifications.domain.letters import Letter, address, recipient
from services.notifications.rendering import Rendered, Renderer
from tests.notifications.builders import NOW, SOON, a_letter, a_person

OMAR = a_person(id="u-omar", first_name="Omar", last_name="Sy")
RENDERER = Renderer("https://chorale.example")
LEFT = a_person(active=False)


def rendered(letter: Letter, **but: Any) -> Rendered:
    given = {"recipient": a_person(), "about": OMAR} | but
    return RENDERER.render(letter, **given)


def transferred(*structures: str, name: str | None = None) -> ManagementTransferred:
    return ManagementTransferred(
        transfer_id="t-1",
        structure_ids=structures,
        structure_name=name,
        former_manager_id="u-omar",
        principal_manager_id="u-lea",
        transferred_at=NOW,
    )


def settled(**but: Any) -> VacancyClaimSettled:
    said = {
        "claim_id": "c-1",
        "structure_id": "s-9",
        "structure_name": "Menuiserie Petit",
        "claimant_id": "u-lea",
        "former_manager_id": None,
        "outcome": "granted",
        "settled_at": NOW,
    }
    return VacancyClaimSettled(**said | but)


class TestOnTransferred:
    @pytest.mark.feature("GPT-09", "NOT-12")
    def test_says_what_is_received_and_of_whom(self):
        [received, _] = management_letters.on_transferred(transferred("s-9", name="Menuiserie"))

        text = rendered(received).text

        assert received.recipient_id == "u-lea"
        assert "Omar Martin" not in text
        assert "Omar Sy vous a transmis" in text
        assert "pour la structure Menuiserie" in text

    @pytest.mark.feature("NOT-12")
    def test_tells_who_handed_over_too(self):
        [_, given] = management_letters.on_transferred(transferred("s-9", name="Menuiserie"))

        text = rendered(given, recipient=OMAR, about=a_person()).text

        assert (given.recipient_id, given.about_id) == ("u-omar", "u-lea")
        assert "de la structure Menuiserie à Léa Martin" in text

    def test_counts_several(self):
        [received, given] = management_letters.on_transferred(transferred(*map(str, range(2000))))

        assert "pour 2000 structures" in rendered(received).text
        assert "de 2000 structures" in rendered(given).text


class TestOfWhoLeft:
    @pytest.mark.feature("ACC-11")
    def test_no_letter_leaves_any_more(self):
        [letter, _] = management_letters.on_transferred(transferred("s-9"))

        assert unwanted(letter, LEFT, now=NOW)

    @pytest.mark.feature("ACC-16", "ACC-18")
    def test_only_what_they_asked_for_does(self):
        refused = management_letters.on_reactivation_refused(
            ReactivationRefused(user_id="u-lea", refusal_id="n-1", refused_at=NOW)
        )

        assert not unwanted(refused, LEFT, now=NOW)
        assert "sollicitation au support" in rendered(refused).text

    @pytest.mark.feature("ACC-18")
    def test_the_link_of_the_desk_says_why_it_comes(self):
        asked = LinkRequestedV2(
            user_id="u-lea", purpose="reactivation", nonce="n-1", expires_at=SOON
        )
        sent = asked.model_copy(update={"reason": "Retour de congé"})

        own, of_desk = (on_link_requested(one, now=NOW) for one in (asked, sent))

        assert own is not None
        assert of_desk is not None
        assert not unwanted(of_desk, LEFT, now=NOW)
        said = rendered(of_desk, link="https://chorale.example/x").text
        assert "L’assistance vous permet de réactiver" in said
        assert "> Retour de congé" in said
        assert "L’assistance" not in rendered(own, link="https://chorale.example/x").text


class TestOfVacancies:
    def test_the_code_goes_to_the_structure_and_its_address_is_forgotten(self):
        told = ContactTold(
            request_id="c-1",
            structure_id="s-9",
            structure_name="Menuiserie Petit",
            email="contact@example.org",
            nonce="n-1",
            expires_at=SOON,
        )

        letter = management_letters.on_contact_told(told, now=NOW)
        reached = recipient(letter, None)

        assert reached is not None
        assert address(letter, reached) == "contact@example.org"
        gone = sent(letter, message_id="m", now=NOW).state
        assert gone is not None
        assert not gone.to
        code = code_of("key", user_id="c-1", nonce="n-1", digits=10)
        assert code in rendered(letter, link=code).text
        assert len(code) == 10

    def test_notice_says_until_when_to_object(self):
        notice = VacancyNoticeGiven(
            claim_id="c-1",
            structure_id="s-9",
            structure_name="Menuiserie Petit",
            claimant_id="u-omar",
            manager_id="u-lea",
            notice_until=NOW + timedelta(days=15),
            given_at=NOW,
        )

        assert (
            "20 janvier 2026 à 10:00" in rendered(management_letters.on_notice_given(notice)).text
        )

    def test_notice_is_told_once_handed_over_and_if_it_comes_back(self):
        letter = a_letter(template="vacancy-notice", subject_id="c-1")
        gone = sent(letter, message_id="m", now=NOW)
        [told] = gone.events

        failed = came_back(gone.state, error="5.1.1", now=SOON)
        [returned] = failed.events

        assert told == VacancyNoticeHandedOver(
            letter_id=letter.id, claim_id="c-1", manager_id="u-lea", handed_over_at=NOW
        )
        assert returned == VacancyNoticeReturned(
            letter_id=letter.id, claim_id="c-1", manager_id="u-lea", returned_at=SOON
        )
        assert not sent(gone.state, message_id="m", now=SOON).events
        assert not came_back(failed.state, error="5.1.1", now=SOON).events
        assert not sent(a_letter(), message_id="m", now=NOW).events

    def test_whom_the_desk_named_learns_why(self):
        [named] = management_letters.on_claim_settled(settled(reason="Délibération du 12 mai"))
        [claimed] = management_letters.on_claim_settled(settled())

        assert "> Délibération du 12 mai" in rendered(named).text
        assert "L’assistance" not in rendered(claimed).text

    def test_who_managed_until_then_is_written_to_as_well(self):
        both = management_letters.on_claim_settled(settled(former_manager_id="u-omar"))

        assert [(one.recipient_id, one.template) for one in both] == [
            ("u-lea", "vacancy-settled"),
            ("u-omar", "management-lost"),
        ]

    @pytest.mark.parametrize(
        ("outcome", "words"),
        [
            ("granted", "Vous êtes désormais gestionnaire principal"),
            ("objected", "s’est manifesté"),
            ("rejected", "Illisible"),
            ("lapsed", "n’a pas été justifiée à temps"),
        ],
    )
    def test_says_what_came_of_a_claim(self, outcome: Any, words: str):
        [letter] = management_letters.on_claim_settled(settled(outcome=outcome, reason="Illisible"))

        assert words in rendered(letter).text
