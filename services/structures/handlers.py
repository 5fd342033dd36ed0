"""What structures does when others tell."""

from contracts.users import RightsChanged
from kit.bus import Subscriptions
from kit.collection import Ask
from kit.rights import RightsCopy


def handlers(rights: RightsCopy) -> Subscriptions:
    on = Subscriptions()

    @on(RightsChanged, otherwise=rights.otherwise)
    def keep_rights(changed: RightsChanged) -> Ask:
        return rights.hear(changed)

    return on
