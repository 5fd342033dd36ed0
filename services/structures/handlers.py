"""What structures does when others tell."""

from functools import partial

from contracts.approvals import ApprovalDecidedV2, ApprovalExpired, ApprovalWithdrawnV2
from contracts.users import RightsChanged, VacancyCodeRequested
from kit.bus import Subscriptions
from kit.change import Change
from kit.collection import Ask, Collection
from kit.personal import PersonalElsewhere
from kit.rights import RightsCopy
from services.structures.domain import contacts, mandates
from services.structures.domain.contacts import Contact
from services.structures.domain.mandates import Mandate
from services.structures.domain.structures import Structure


def handlers(
    rights: RightsCopy,
    kept: PersonalElsewhere,
    structures: Collection[Structure],
    told: Collection[Contact],
    wanted: Collection[Mandate],
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

    def settle_mandate(ending: mandates.Ending) -> Ask | None:
        if ending.kind != mandates.KIND:
            return None
        return wanted.ask(ending.subject_id, partial(mandates.settle, ending))

    @on(ApprovalDecidedV2)
    def settle_decided(decided: ApprovalDecidedV2) -> Ask | None:
        return settle_mandate(decided)

    @on(ApprovalWithdrawnV2)
    def settle_withdrawn(withdrawn: ApprovalWithdrawnV2) -> Ask | None:
        return settle_mandate(withdrawn)

    @on(ApprovalExpired)
    def settle_expired(expired: ApprovalExpired) -> Ask | None:
        return settle_mandate(expired)

    return on
