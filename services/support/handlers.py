"""What support does when others tell."""

from functools import partial

from contracts.structures import (
    ClientAccountOpened,
    ClientContactPermissionsChanged,
    ClientPermissionsChanged,
    StructureChanged,
    StructureCreated,
    UnitChanged,
    UnitCreated,
    UnitEnded,
)
from contracts.users import PersonChanged, RightsChanged
from kit.bus import Subscriptions
from kit.collection import Ask
from kit.personal import PersonalElsewhere
from kit.rights import RightsCopy
from services.support.domain import known, portals
from services.support.domain.portals import contact_id, portal_id
from services.support.records import Records


def handlers(records: Records, rights: RightsCopy, kept: PersonalElsewhere) -> Subscriptions:
    on = Subscriptions()
    kept.hear(
        on,
        lambda erased: records.people.ask(erased.user_id, partial(known.forget_somebody, erased)),
    )
    on(RightsChanged, otherwise=rights.otherwise)(rights.hear)

    _hear_of_names(on, records)

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


def _hear_of_names(on: Subscriptions, records: Records) -> None:
    def copy_structure(told: StructureCreated | StructureChanged) -> Ask:
        return records.structures.ask(told.structure_id, partial(known.copy_structure, told))

    def copy_unit(told: UnitCreated | UnitChanged | UnitEnded) -> Ask:
        id = known.unit_id(told.structure_id, told.code)
        return records.units.ask(id, partial(known.copy_unit, told))

    on(StructureCreated)(copy_structure)
    on(StructureChanged)(copy_structure)
    on(UnitCreated)(copy_unit)
    on(UnitChanged)(copy_unit)
    on(UnitEnded)(copy_unit)

    @on(PersonChanged)
    def copy_somebody(told: PersonChanged) -> Ask:
        return records.people.ask(told.user_id, partial(known.copy_somebody, told))
