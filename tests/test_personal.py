"""Whatever a service keeps is given to people and taken out for them, or says nothing of them."""

import pytest

from kit.personal import Personal
from kit.service import Service
from tests.tools.built import EVERY_SERVICE, built

OF_NOBODY = {
    "approvals": {"approvers", "rights", "ended", "numbers"},
    "notifications": {
        *("movements", "notices", "rights", "settled", "client-accounts", "contacts"),
    },
    "structures": {
        *("units", "rights", "bank-registers", "client-accounts", "client-references"),
        *("client-profiles", "facts", "turnovers", "contacts", "public-structures"),
    },
    "support": {
        # Addresses are hashed in their ids, or are gone within a day.
        *("efforts", "form-letters", "forms", "seats"),
        "numbers",
        "portals",
        "contacts",
        "rights",
        "structures",
        "units",
        "objects",
        "attachments-counts",
    },
    "users": {
        # What managers wrote in a file goes when its time has passed.
        *("imports", "import-lines"),
        # Addresses are hashed in their ids, and they are gone within the hour.
        *("attempts", "challenges", "efforts", "provider-sign-ins"),
        *(
            "unsubscriptions",
            "clients",
            "structures",
            "units",
            "management",
            "duplications",
            "transfers",
            "openings",
            "returns",
            "attachments-counts",
        ),
    },
}
"""Ids of users at most, which say nothing once nobody knows whose they were."""


def listed(service: Service) -> set[str]:
    known = [
        job.work.__self__  # type: ignore[attr-defined]  # a Worker's
        for job in service.jobs
        if isinstance(getattr(getattr(job, "work", None), "__self__", None), Personal)
    ]
    return {kept.collection.name for one in known for kept in one._kept} | {"erasures"}


@pytest.mark.parametrize("name", sorted({*EVERY_SERVICE} - {"gateway"}))
def test_is_listed(name: str):
    service: Service = built(name).state.service
    owned = {one.name for one in service.collections}
    assert owned - OF_NOBODY[name] == listed(service)
    assert OF_NOBODY[name] <= owned
