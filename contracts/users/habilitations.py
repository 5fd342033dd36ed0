"""What becomes of a user's request to be given or to lose habilitations."""

from pydantic import AwareDatetime

from contracts.event import Event, PersonalText
from contracts.users.rights import Habilitation


class HabilitationsRequested(
    Event, type="users.habilitations-requested.v1", key="request_id", audience="public"
):
    """A user asks to be given or to lose habilitations of their own; somebody has to decide."""

    request_id: str
    user_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """The units it is about; none means the whole structure."""
    given: tuple[Habilitation, ...] = ()
    taken: tuple[Habilitation, ...] = ()
    comment: PersonalText = ""
    requested_at: AwareDatetime
    list_id: str | None = None
    """What the lines have in common that the opening of one espace led to."""


class HabilitationsGranted(
    Event, type="users.habilitations-granted.v1", key="request_id", audience="public"
):
    """A request for habilitations was approved and applied."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    given: tuple[Habilitation, ...] = ()
    taken: tuple[Habilitation, ...] = ()
    granted_at: AwareDatetime


class HabilitationsRefused(
    Event, type="users.habilitations-refused.v1", key="request_id", audience="public"
):
    """A request for habilitations was refused, and the requester is told why."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    reason: PersonalText
    refused_at: AwareDatetime
    decided_by: str = ""
    """Whose words the reason is."""


class HabilitationsNotApplied(
    Event, type="users.habilitations-not-applied.v1", key="request_id", audience="public"
):
    """A request for habilitations was approved, but could no longer be applied."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    reason: str
    decided_at: AwareDatetime


class HabilitationsRequestExpired(
    Event, type="users.habilitations-request-expired.v1", key="request_id", audience="public"
):
    """Nobody decided on a request for habilitations in time: it is over."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    requested_at: AwareDatetime
    expired_at: AwareDatetime
