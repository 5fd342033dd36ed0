"""What support makes of what suppliers open to their clients and to each of their users."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from contracts.structures import (
    ClientAccountOpened,
    ClientContactPermissionsChanged,
    ClientPermissionsChanged,
)
from services.support.domain import portals
from services.support.domain.portals import Contact, Portal

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WHO = {"client_account_id": "a", "supplier_id": "s", "structure_id": "c"}


def opened(*features: str, **but: int) -> ClientAccountOpened:
    return ClientAccountOpened(**WHO, reference="10001", features=features, opened_at=NOW, **but)


def changed(*features: str, **but: int) -> ClientPermissionsChanged:
    return ClientPermissionsChanged(**WHO, features=features, changed_at=NOW, **but)


def switched(*features: str, version: int) -> ClientContactPermissionsChanged:
    who = WHO | {"contact_id": "a:u", "user_id": "u"}
    return ClientContactPermissionsChanged(
        **who, features=features, version=version, changed_at=NOW
    )


class TestCopyPortal:
    @pytest.mark.feature("CRM-03")
    @pytest.mark.parametrize("order", [*permutations(range(3))])
    def test_ends_with_the_newest_whatever_comes_last_and_how_often(self, order: tuple[int, ...]):
        told = (opened("support", version=1), changed("support", version=4), changed(version=7))
        portal: Portal | None = None
        for nth in (*order, *order):
            portal = portals.copy_portal(told[nth], portal).state

        assert portal
        assert (portal.id, portal.support_open, portal.told) == ("c:s", False, 7)

    def test_takes_what_was_told_without_a_version_in_its_order(self):
        portal: Portal | None = None
        for told in (opened("support"), changed(), changed("support"), changed(version=3)):
            portal = portals.copy_portal(told, portal).state

        assert portal
        assert not portal.support_open
        assert portals.copy_portal(changed("support"), portal).state == portal


class TestCopyContact:
    @pytest.mark.parametrize("order", [*permutations(range(3))])
    def test_ends_with_the_newest_whatever_comes_last_and_how_often(self, order: tuple[int, ...]):
        told = (
            switched(version=1),
            switched("support", version=2),
            switched("invoices", version=3),
        )
        contact: Contact | None = None
        for nth in (*order, *order):
            contact = portals.copy_contact(told[nth], contact).state

        assert contact == Contact(id="c:s:u", support_open=False, told=3)


class TestSupportIsOpen:
    @pytest.mark.feature("CRM-03")
    @pytest.mark.parametrize(
        ("portal", "contact", "is_open"),
        [
            (None, None, True),
            (True, None, True),
            (True, True, True),
            (None, True, True),
            (False, None, False),
            (False, True, False),
            (True, False, False),
            (None, False, False),
        ],
    )
    def test_asks_what_is_open_to_the_client_and_to_the_user(
        self, portal: bool | None, contact: bool | None, is_open: bool
    ):
        assert self.lets_in((portal, contact)) == is_open

    def test_is_content_with_one_of_several_clients(self):
        assert self.lets_in((False, None), (True, None))
        assert not self.lets_in((False, None), (True, False))
        assert not self.lets_in((False, None), (None, None))

    def lets_in(self, *clients: tuple[bool | None, bool | None]) -> bool:
        known = [
            (
                None if portal is None else Portal(id="c:s", support_open=portal),
                None if contact is None else Contact(id="c:s:u", support_open=contact, told=1),
            )
            for portal, contact in clients
        ]
        return portals.support_is_open(known)
