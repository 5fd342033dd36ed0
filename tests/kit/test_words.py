"""Words that people write differently and mean the same."""

import pytest

from kit.words import stem, stems


class TestStems:
    @pytest.mark.parametrize(
        ("one", "another"),
        [
            ("désactivée", "desactive"),
            ("activée", "activees"),
            ("réactivation", "REACTIVATIONS"),
            ("rattachements", "rattachement"),
            ("factures", "facture"),
            ("bancaires", "bancaire"),
            ("habilitations", "habilitation"),
            ("supprimé", "supprimer"),
            ("transférer", "transfere"),
            ("numéro", "numéros"),
            ("euro", "euros"),
            ("reçue", "REÇUS"),
            ("délai", "délais"),
            ("loi", "lois"),
            ("lieu", "lieux"),
            ("refusés", "refus"),
            ("e-mail", "courriels"),
            ("mél", "Emails"),
        ],
    )
    def test_are_the_same_for_endings_accents_and_case(self, one: str, another: str):
        assert stems(one) == stems(another) != []

    @pytest.mark.parametrize(
        ("one", "another"), [("cas", "ca"), ("lieu", "loi"), ("prix", "prise"), ("mois", "mot")]
    )
    def test_tell_words_apart_that_are_not_the_same(self, one: str, another: str):
        assert stems(one) != stems(another)

    def test_leave_out_words_that_say_nothing(self):
        assert stems("Comment faire pour que je puisse l'avoir ?") == []

    def test_keep_the_order_and_what_is_said_twice(self):
        once = stem("compte")
        assert stems("Le compte, mon compte") == [once, once]

    def test_have_nothing_left_to_take_off(self):
        for word in ("nationalement", "activee", "habilitations", "numeros", "essais", "choix"):
            assert stem(stem(word)) == stem(word)
