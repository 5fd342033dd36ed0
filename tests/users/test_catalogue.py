"""The applications there are, and what a new rattachement may do in each."""

from pathlib import Path

import pytest

from contracts.users import Habilitation
from services.users import catalogue
from services.users.domain.drafts import MANAGES
from services.users.domain.rattachements import attach, nothing_yet
from tests.users.rattaching import TODAY, an_extent

OURS = catalogue.read()
KNOWN = {
    "Organisation",
    "Engagements",
    "Factures émises",
    "Factures à valider",
    "Factures de travaux",
    "Raccordements",
    "Remboursements de taxes",
    "Sollicitations émises",
    "Suivi des flux",
}


def attached(role, known=OURS):
    """What a new rattachement in this role may do."""
    made = attach(
        nothing_yet("u-lea", "s-bakery"),
        role=role,
        extent=an_extent(),
        on=TODAY,
        defaults=catalogue.defaults(known),
    )
    return made.state.habilitations


class TestOurs:
    @pytest.mark.feature("HAB-18")
    def test_has_every_application_that_is_known(self):
        assert {one.name for one in OURS.values()} >= KNOWN

    @pytest.mark.feature("HAB-01", "HAB-02")
    def test_has_one_or_two_levels_of_each(self):
        for one in OURS.values():
            assert one.levels
            assert {*one.levels} <= {"consultation", "modification"}

    @pytest.mark.feature("HAB-19")
    def test_has_the_flows_in_consultation_only(self):
        [flows] = [one for one in OURS.values() if one.name == "Suivi des flux"]
        assert flows.levels == ("consultation",)

    @pytest.mark.feature("HAB-03", "HAB-04")
    def test_gives_all_but_organisation_modification_to_a_new_user(self):
        everything = {
            Habilitation(application=code, level=level)
            for code, one in OURS.items()
            for level in one.levels
        }

        assert {*attached("user")} == everything - {MANAGES}
        assert {*attached("principal_manager")} == everything


class TestAnother:
    def written(self, folder: Path, text: str) -> str:
        path = folder / "applications.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    @pytest.mark.feature("HAB-03", "HAB-06")
    def test_says_what_a_new_user_has_to_ask_for(self, tmp_path: Path):
        known = catalogue.read(
            self.written(
                tmp_path,
                """
                organisation: {name: Organisation, levels: [modification], default: {user: []}}
                factures-emises:
                  name: Factures émises
                  levels: [consultation, modification]
                  default: {user: [consultation]}
                """,
            )
        )

        reads = Habilitation(application="factures-emises", level="consultation")
        assert attached("user", known) == (reads,)

    @pytest.mark.parametrize(
        "text",
        [
            "factures: {name: Factures, levels: [consultation]}",
            "organisation: {name: Organisation, levels: [consultation]}",
            "organisation: {name: Organisation, levels: [everything]}",
            "'Organisation !': {name: Organisation, levels: [modification]}",
        ],
    )
    def test_without_organisation_modification_or_wrong_is_refused(self, text, tmp_path: Path):
        with pytest.raises(ValueError):
            catalogue.read(self.written(tmp_path, text))
