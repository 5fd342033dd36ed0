"""What the notifications service tells. Topic: notifications.events."""

from pydantic import AwareDatetime

from contracts.event import Event, Gathered


class LettersGathered(Gathered, Event, type="notifications.letters-gathered.v1", key="export_id"):
    """What notifications keeps of a person."""


class AddressSuppressed(Event, type="notifications.address-suppressed.v1", key="address_id"):
    """A mail server has refused an address for good: links, codes and warnings alone go there."""

    address_id: str
    """A keyed hash: it does not lead to the address."""
    user_id: str | None
    """None: an address without an account."""
    letter_id: str
    code: str
    """What the server answered: ``550 5.1.1``."""
    suppressed_at: AwareDatetime


class AddressRestored(Event, type="notifications.address-restored.v1", key="address_id"):
    """An operator lets letters go to this address again."""

    address_id: str
    user_id: str | None
    restored_by: str
    restored_at: AwareDatetime


class VacancyNoticeHandedOver(
    Event, type="notifications.vacancy-notice-handed-over.v1", key="letter_id"
):
    """A mail server has taken the notice to the manager of a structure that is claimed."""

    letter_id: str
    claim_id: str
    manager_id: str
    handed_over_at: AwareDatetime


class VacancyNoticeReturned(
    Event, type="notifications.vacancy-notice-returned.v1", key="letter_id"
):
    """That notice was taken, and came back: the manager has not read it."""

    letter_id: str
    claim_id: str
    manager_id: str
    returned_at: AwareDatetime
