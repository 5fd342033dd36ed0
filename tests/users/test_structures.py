"""What users knows of structures, however late and often it is told."""

import pytest

from services.users.domain.structures import follow, learn
from tests.users.rattaching import a_change, a_creation, a_structure


class TestFollow:
    @pytest.mark.feature("STR-23")
    def test_keeps_what_was_told_last(self):
        change = follow(a_change(legal_name="Boulangerie du Quai"), a_structure())

        assert change.state == a_structure(
            legal_name="Boulangerie du Quai", status="inactive", heard=2
        )

    def test_knows_one_whose_creation_has_not_been_heard(self):
        known = follow(a_change(), None).state

        assert known == a_structure(status="inactive", heard=2)
        assert learn(a_creation(), known).state == known

    @pytest.mark.parametrize("version", [1, 2])
    def test_changes_nothing_when_told_again_or_late(self, version: int):
        known = a_structure(heard=2)

        assert follow(a_change(version=version), known).state == known

    @pytest.mark.parametrize("hidden", [{"kind": "person"}, {"non_diffusible": True}])
    def test_keeps_quiet_about_what_is_hidden_since(self, hidden):
        known = follow(a_change(**hidden), a_structure()).state

        assert known
        assert known.discreet
