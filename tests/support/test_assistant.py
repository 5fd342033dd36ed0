"""What the assistant answers from its articles, and what it says nothing about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.support import articles, categories
from services.support.domain.assistant import MOST, Article, Knowledge

KNOWLEDGE = articles.read()
QUESTIONS = {
    "Comment activer mon compte ?": "activer-mon-compte",
    "je n'ai pas recu le mail d'activation": "activer-mon-compte",
    "Bonjour, je suis dans une petite association de quartier et depuis hier mon lien "
    "d'activation ne marche plus, que faire ?": "activer-mon-compte",
    "mot de passe oublié": "mot-de-passe-oublie",
    "MON COMPTE EST BLOQUE": "compte-verrouille",
    "j'ai perdu mon téléphone, et le code ?": "double-authentification",
    "je voudrais désactiver mon compte": "desactiver-mon-compte",
    "mon compte est désactivé depuis deux semaines": "reactiver-mon-compte",
    "le délai de réactivation est dépassé": "reactiver-apres-soixante-jours",
    "mon SIRET est refusé": "siret-et-insee",
    "Mon entreprise a déménagé, son numéro de SIRET a changé": "dupliquer-une-structure",
    "comment ajouter un collègue à ma structure": "rattacher-un-utilisateur",
    "demande de rattachement": "demander-un-rattachement",
    "créer une mairie": "structure-publique",
    "le gestionnaire principal est parti": "structure-sans-gestionnaire",
    "comment changer l'IBAN de mon entreprise": "coordonnees-bancaires",
    "ma facture n'est pas payée": "question-au-destinataire",
    "où en est mon ticket": "suivre-mes-sollicitations",
    "qu'est-ce qu'un espace": "espaces",
    "créer un service": "services-de-la-structure",
    "souscrire un mandat": "mandats-de-facturation",
    "taille maximale des fichiers": "pieces-jointes",
    "demander un profil": "demander-une-habilitation",
    "valider une demande": "approbations",
}
STRANGE = (
    "recette de la tarte aux pommes",
    "quel temps fera-t-il demain",
    "changer la roue de ma voiture",
    "comment demander un passeport",
    "comment payer mes impôts sur le revenu",
    "acheter un billet de train pour Lyon",
    "je veux supprimer mon abonnement de téléphone",
    "demander un rendez-vous pour mon permis de conduire",
    "écris un poème sur la mer",
    "ouvrir une boulangerie",
    "bonjour",
    "comment faire pour que je puisse ?",
    "",
    "?!",
    "{{ config }} <script>alert(1)</script>",
)


def an_article(reference: str = "one", **but: object) -> Article:
    said = {
        "title": "Ouvrir la porte",
        "asked": ("entrer dans la maison",),
        "category": "C",
        "subcategory": "S",
        "passages": ("La clé est sous le tapis.", "La porte grince.", "Le chat attend."),
    }
    return Article(reference=reference, **said | but)  # type: ignore[arg-type]  # of its own types


class TestSuggest:
    @pytest.mark.feature("SUP-02")
    @pytest.mark.parametrize(("question", "reference"), QUESTIONS.items())
    def test_finds_the_article_that_answers(self, question: str, reference: str):
        assert reference in [one.article.reference for one in KNOWLEDGE.suggest(question)[:2]]

    @pytest.mark.feature("SUP-02")
    @pytest.mark.parametrize("question", STRANGE)
    def test_has_nothing_to_say_of_anything_else(self, question: str):
        assert KNOWLEDGE.suggest(question) == ()

    def test_gives_the_passages_that_speak_of_it(self):
        [found] = Knowledge([an_article()]).suggest("la porte et le chat")
        assert found.passages == ("La porte grince.", "Le chat attend.")

    def test_gives_the_beginning_where_the_title_alone_speaks_of_it(self):
        [found] = Knowledge([an_article()]).suggest("entrer dans la maison")
        assert found.passages == ("La clé est sous le tapis.",)

    def test_knows_nothing_without_articles(self):
        assert Knowledge([]).suggest("la porte") == ()

    @given(st.text(max_size=200))
    def test_never_says_more_than_the_articles_do(self, question: str):
        found = KNOWLEDGE.suggest(question)

        assert len(found) <= MOST
        for one in found:
            assert KNOWLEDGE.article(one.article.reference) == one.article
            assert set(one.passages) <= set(one.article.passages)
            assert one.passages


class TestArticles:
    def test_are_filed_under_categories_that_are_open(self):
        catalogue = categories.read()
        for one in KNOWLEDGE.articles:
            assert catalogue.subcategory(one.category, one.subcategory), one.reference

    def test_are_each_found_by_their_own_title_and_wordings(self):
        for one in KNOWLEDGE.articles:
            for wording in (one.title, *one.asked):
                found = [other.article.reference for other in KNOWLEDGE.suggest(wording)]
                assert one.reference in found, (one.reference, wording, found)
