"""What the assistant answers from its articles, and what it says nothing about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.support import articles, categories
from services.support.domain.assistant import MOST, Article, Knowledge

KNOWLEDGE = articles.read()
QUESTIONS = {
    "Comment activer mon compte ?": "activer-mon-compte",
    "Créer un compte": "activer-mon-compte",
    "Je ne reçois pas l'email d'activation": "activer-mon-compte",
    "Changer mon email": "changer-adresse-connexion",
    "Supprimer structure": "desactiver-une-structure",
    "Ajouter un utilisateur": "rattacher-un-utilisateur",
    "2FA": "double-authentification",
    "Virus": "pieces-jointes",
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
    "changer mon adresse postale": "adresse-postale",
    "je me suis mariée et mon nom de famille a changé": "adresse-postale",
    "Mon compte est désactivé depuis trois mois": "reactiver-apres-soixante-jours",
    "mon compte est désactivé depuis un an": "reactiver-apres-soixante-jours",
    "compte désactivé il y a six mois": "reactiver-apres-soixante-jours",
    "supprimer mon compte": "desactiver-mon-compte",
    "supprimer mon compte bancaire": "coordonnees-bancaires",
    # A name the articles do not know may be anybody's.
    "mon mot de passe Netflix est oublié": "mot-de-passe-oublie",
    "mot de passe": "changer-mot-de-passe",
    "IBAN": "coordonnees-bancaires",
    "RGPD": "mes-donnees",
    "tchat": "echanger-avec-un-agent",
    "quels sont les horaires du support ?": "echanger-avec-un-agent",
    "la structure n'a plus de gestionnaire": "structure-sans-gestionnaire",
    "comment devenir gestionnaire": "transferer-la-gestion",
    "mon entreprise a fermé": "desactiver-une-structure",
    "désactiver un service": "services-de-la-structure",
    "je ne reçois plus les notifications": "adresse-de-contact",
    "facturer pour un autre": "mandats-de-facturation",
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
    "Quelle heure est-il ?",
    "j'ai perdu mon chat",
    "j'ai perdu mes clés",
    "ajouter un chat",
    "mon chat est malade",
    "mot",
    "le dernier mot",
    "passe",
    "un an",
    "trois mois",
    "famille",
    "ma voiture est bloquée",
    "ouvrir la porte",
    "code de la porte",
    "quel est le code de la route",
    "réactiver ma carte bancaire",
    "valider mon panier",
    "supprimer une photo",
    "créer un site web",
    "refuser une invitation à un mariage",
    "numéro de téléphone de la mairie de Lyon",
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


def references(knowledge: Knowledge, question: str) -> list[str]:
    return [one.article.reference for one in knowledge.suggest(question)]


class TestSuggest:
    @pytest.mark.feature("SUP-02")
    @pytest.mark.parametrize(("question", "reference"), QUESTIONS.items())
    def test_finds_the_article_that_answers(self, question: str, reference: str):
        assert reference in references(KNOWLEDGE, question)[:2]

    @pytest.mark.feature("SUP-02")
    def test_of_an_account_for_long_deactivated_begins_with_the_support(self):
        first = references(KNOWLEDGE, "Mon compte est désactivé depuis trois mois")[0]
        assert first == "reactiver-apres-soixante-jours"

    @pytest.mark.feature("SUP-02")
    def test_of_a_bank_account_says_nothing_on_one_s_own(self):
        found = references(KNOWLEDGE, "supprimer mon compte bancaire")
        assert "desactiver-mon-compte" not in found

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

    def test_says_nothing_on_a_small_part_of_a_wording(self):
        knowledge = Knowledge([an_article(title="La vieille porte du jardin", asked=())])

        assert knowledge.suggest("jardin") == ()
        assert len(knowledge.suggest("porte du jardin")) == 1

    def test_says_nothing_on_words_of_the_text_alone(self):
        assert Knowledge([an_article()]).suggest("le chat attend") == ()

    def test_leaves_out_what_speaks_of_less_than_the_first(self):
        whole = an_article("whole", title="Ouvrir la porte du jardin", asked=())
        less = an_article("less", passages=("Rien.",))

        assert references(Knowledge([less, whole]), "ouvrir la porte du jardin") == ["whole"]
        assert references(Knowledge([less, whole]), "ouvrir la porte") == ["less", "whole"]

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
