"""Who changed what of a structure."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from kit.change import Change
from services.structures.domain.changes import deactivate
from services.structures.domain.history import Entry, FieldChange, differences, recorded
from services.structures.domain.options import Edi, Flags
from services.structures.domain.structures import Address
from tests.structures.builders import NOW, a_structure

LATER = NOW + timedelta(minutes=30)
QUAI = Address(line="2 QUAI DU PORT", complements=("BP 12",), postcode="44000", city="NANTES")


def deactivated(current: Any, kept: Entry | None = None) -> Any:
    decide = partial(deactivate, now=LATER)
    return recorded("e-1", decide, by="u-lea", asked_at=NOW, at=LATER)(current, kept)


class TestRecorded:
    def test_says_who_changed_what_and_when(self):
        structure, entry = deactivated(a_structure())

        assert structure == deactivate(a_structure(), now=LATER)
        assert entry == Change(
            Entry(
                id="e-1",
                structure_id=a_structure().id,
                by="u-lea",
                asked_at=NOW,
                at=LATER,
                changes=(FieldChange(field="status", before="active", after="inactive"),),
            )
        )

    def test_keeps_nothing_when_nothing_changes(self):
        inactive = a_structure(status="inactive")

        assert deactivated(inactive) == (Change(inactive), Change(None))

    def test_is_decided_once_by_two_who_wake_it(self):
        _, entry = deactivated(a_structure())

        active = a_structure(version=2)
        assert deactivated(active, entry.state) == (Change(active), Change(entry.state))


class TestDifferences:
    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [
            ({}, {}, []),
            ({}, {"label": "Siège"}, [("label", None, "Siège")]),
            ({}, {"email": "b@example.org"}, [("email", "c…@example.org", "b…@example.org")]),
            ({}, {"phone": "+33 1 02 03 04 05"}, [("phone", None, "…05")]),
            ({"last_name": "Bonjean"}, {"last_name": "Petit"}, [("last_name", "B…", "P…")]),
            (
                {},
                {"address": QUAI},
                [
                    (
                        "address",
                        "1 RUE DU BOIS, 44000 NANTES, France",
                        "2 QUAI DU PORT, BP 12, 44000 NANTES, France",
                    )
                ],
            ),
            ({"kind": "person"}, {"address": QUAI}, [("address", "1…", "2…")]),
            ({}, {"billing_mandates": ("M-1", "M-2")}, [("billing_mandates", "", "M-1, M-2")]),
            ({}, {"edi": Edi(sends_flows=True)}, [("edi/sends_flows", False, True)]),
            ({}, {"flags": Flags(moa=True)}, [("flags/moa", False, True)]),
            ({}, {"non_diffusible": True}, [("non_diffusible", False, True)]),
        ],
    )
    def test_names_each_field_with_both_values_and_masks_people(self, before, after, told):
        known = a_structure(**before)

        found = differences(known, replace(known, **after))

        assert [(one.field, one.before, one.after) for one in found] == told
