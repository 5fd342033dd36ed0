"""What structures does when others tell."""

from contracts.users import RightsChanged, VacancyCodeRequested
from kit.bus import Subscriptions
from kit.change import Change
from kit.collection import Ask, Collection
from kit.personal import PersonalElsewhere
from kit.rights import RightsCopy
from services.structures.domain import contacts
from services.structures.domain.contacts import Contact
from services.structures.domain.structures import Structure


def handlers(
    rights: RightsCopy,
    kept: PersonalElsewhere,
    structures: Collection[Structure],
    told: Collection[Contact],
) -> Subscriptions:
    on = Subscriptions()
    kept.hear(on)

    @on(RightsChanged, otherwise=rights.otherwise)
    def keep_rights(changed: RightsChanged) -> Ask:
        return rights.hear(changed)

    @on(VacancyCodeRequested)
    def tell_contact(asked: VacancyCodeRequested) -> Ask:
        return Ask(
            (told.at(asked.claim_id), structures.at(asked.structure_id)),
            lambda current, structure: (
                contacts.tell(asked, current, structure),
                Change(structure),
            ),
        )

    return on
