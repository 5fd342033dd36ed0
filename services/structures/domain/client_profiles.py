"""Properties kept under a name, to be loaded into the form of a client account. Pure."""

from dataclasses import dataclass, replace

from kit.change import Change, Entity
from kit.problems import NotFound
from services.structures.domain.client_accounts import OrderProperties, Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileProperties:
    """What a profile says of each property; None: nothing."""

    chorus: bool | None = None
    engagement_number_required: bool | None = None
    validation_history: bool | None = None
    offer_subtotal: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProfile(Entity):
    """One of a supplier's profiles for its clients."""

    supplier_id: str
    name: str
    properties: ProfileProperties


def rewrite(
    current: ClientProfile | None, *, name: str, properties: ProfileProperties
) -> Change[ClientProfile]:
    if current is None:
        raise NotFound
    return Change(replace(current, name=name, properties=properties))


def forget(current: ClientProfile | None) -> Change[ClientProfile]:
    if current is None:
        raise NotFound
    return Change(None)


def loaded(profile: ProfileProperties, into: Properties) -> Properties:
    """What the form shows once the profile is loaded: nothing is saved."""

    def said(profile: bool | None, saved: bool) -> bool:
        return saved if profile is None else profile

    orders = into.orders
    return Properties(
        chorus=said(profile.chorus, into.chorus),
        orders=OrderProperties(
            engagement_number_required=said(
                profile.engagement_number_required, orders.engagement_number_required
            ),
            validation_history=said(profile.validation_history, orders.validation_history),
            offer_subtotal=said(profile.offer_subtotal, orders.offer_subtotal),
        ),
    )
