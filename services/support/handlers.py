"""What support does when others tell."""

from contracts.structures import ClientAccountOpened, ClientPermissionsChanged
from contracts.users import RightsChanged
from kit.bus import Subscriptions
from kit.collection import Ask, Collection
from kit.personal import PersonalElsewhere
from kit.rights import RightsCopy
from services.support import domain
from services.support.domain import Portal


def handlers(
    portals: Collection[Portal], rights: RightsCopy, kept: PersonalElsewhere
) -> Subscriptions:
    on = Subscriptions()
    kept.hear(on)
    on(RightsChanged, otherwise=rights.otherwise)(rights.hear)

    def copy_portal(told: ClientAccountOpened | ClientPermissionsChanged) -> Ask:
        id = domain.portal_id(told.structure_id, told.supplier_id)
        return portals.ask(id, lambda current: domain.copy_portal(told, current))

    on(ClientAccountOpened)(copy_portal)
    on(ClientPermissionsChanged)(copy_portal)
    return on
