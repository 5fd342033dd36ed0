"""What support does when others tell."""

from contracts.structures import (
    ClientAccountOpened,
    ClientContactPermissionsChanged,
    ClientPermissionsChanged,
)
from contracts.users import RightsChanged
from kit.bus import Subscriptions
from kit.collection import Ask, Collection
from kit.personal import PersonalElsewhere
from kit.rights import RightsCopy
from services.support import domain
from services.support.domain import Contact, Portal


def handlers(
    portals: Collection[Portal],
    contacts: Collection[Contact],
    rights: RightsCopy,
    kept: PersonalElsewhere,
) -> Subscriptions:
    on = Subscriptions()
    kept.hear(on)
    on(RightsChanged, otherwise=rights.otherwise)(rights.hear)

    def copy_portal(told: ClientAccountOpened | ClientPermissionsChanged) -> Ask:
        id = domain.portal_id(told.structure_id, told.supplier_id)
        return portals.ask(id, lambda current: domain.copy_portal(told, current))

    on(ClientAccountOpened)(copy_portal)
    on(ClientPermissionsChanged)(copy_portal)

    @on(ClientContactPermissionsChanged)
    def copy_contact(told: ClientContactPermissionsChanged) -> Ask:
        id = domain.contact_id(told.structure_id, told.supplier_id, told.user_id)
        return contacts.ask(id, lambda current: domain.copy_contact(told, current))

    return on
