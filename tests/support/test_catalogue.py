"""What a ticket may be filed under."""

import pytest

from services.support import categories


class TestCategories:
    def test_come_from_the_data_file_each_code_once(self):
        catalogue = categories.read()

        codes = [one.code for one in catalogue.categories]
        assert codes
        assert len(set(codes)) == len(codes)
        for category in catalogue.categories:
            filed = [one.code for one in category.subcategories]
            assert filed
            assert len(set(filed)) == len(filed)

    @pytest.mark.feature("SUP-06")
    def test_need_a_recipient_when_their_label_begins_with_m(self):
        catalogue = categories.read()

        business = catalogue.subcategory("PAIEMENT", "M_QUESTION_DEMANDE_REJETEE")
        plain = catalogue.subcategory("FACTURES_EMISES", "SAISIE_ET_DEPOT")
        assert [one and one.needs_recipient for one in (business, plain)] == [True, False]
