"""What support does when others tell."""

from contracts.structures import (
    ClientAccountOpened,
    ClientContactPermissionsChanged,
    ClientPermissionsChanged,
)
from contracts.users import RightsChanged
from kit.bus import Subscriptions
from kit.collection import Ask
from kit.personal import PersonalElsewhere
from kit.rights import RightsCopy
from services.support.domain import portals
from services.support.domain.portals import contact_id, portal_id
from services.support.records import Records


def handlers(records: Records, rights: RightsCopy, kept: PersonalElsewhere) -> Subscriptions:
    on = Subscriptions()
    kept.hear(on)
    on(RightsChanged, otherwise=rights.otherwise)(rights.hear)

    def copy_portal(told: ClientAccountOpened | ClientPermissionsChanged) -> Ask:
        id = portal_id(told.structure_id, told.supplier_id)
        return records.portals.ask(id, lambda current: portals.copy_portal(told, current))

    on(ClientAccountOpened)(copy_portal)
    on(ClientPermissionsChanged)(copy_portal)

    @on(ClientContactPermissionsChanged)
    def copy_contact(told: ClientContactPermissionsChanged) -> Ask:
        id = contact_id(told.structure_id, told.supplier_id, told.user_id)
        return records.contacts.ask(id, lambda current: portals.copy_contact(told, current))

    return on
