"""What structures does when others tell."""

from contracts.users import RightsChanged
from kit.bus import Subscriptions
from kit.collection import Ask
from kit.personal import PersonalElsewhere
from kit.rights import RightsCopy


def handlers(rights: RightsCopy, kept: PersonalElsewhere) -> Subscriptions:
    on = Subscriptions()
    kept.hear(on)

    @on(RightsChanged, otherwise=rights.otherwise)
    def keep_rights(changed: RightsChanged) -> Ask:
        return rights.hear(changed)

    return on
