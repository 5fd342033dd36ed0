"""What support does when others tell."""

from contracts.users import RightsChanged
from kit.bus import Subscriptions
from kit.rights import RightsCopy


def handlers(rights: RightsCopy) -> Subscriptions:
    on = Subscriptions()
    on(RightsChanged, otherwise=rights.otherwise)(rights.hear)
    return on
