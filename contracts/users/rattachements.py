"""How users come to be attached to structures, asked or not, and no longer are."""

from datetime import date

from pydantic import AwareDatetime

from contracts.event import Event, PersonalText


class RattachementRequested(
    Event, type="users.rattachement-requested.v1", key="request_id", audience="public"
):
    """A user asks to be attached to a structure; somebody has to decide."""

    request_id: str
    user_id: str
    structure_id: str
    structure_identifier: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """The units asked for; none means the whole structure."""
    valid_from: date
    valid_until: date | None = None
    comment: PersonalText = ""
    requested_at: AwareDatetime


class RattachementGranted(
    Event, type="users.rattachement-granted.v1", key="request_id", audience="public"
):
    """A request was approved and applied: the user is attached."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    valid_from: date
    valid_until: date | None = None
    left_out: bool = False
    """Whether it lacks default habilitations, which whoever approved does not hold."""
    granted_at: AwareDatetime


class RattachementRefused(
    Event, type="users.rattachement-refused.v1", key="request_id", audience="public"
):
    """A request was refused, and the requester is told why."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    reason: PersonalText
    refused_at: AwareDatetime
    decided_by: str = ""
    """Whose words the reason is."""


class RattachementNotApplied(
    Event, type="users.rattachement-not-applied.v1", key="request_id", audience="public"
):
    """A request was approved, but could no longer be applied."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    reason: str
    decided_at: AwareDatetime


class RattachementRequestExpired(
    Event, type="users.rattachement-request-expired.v1", key="request_id", audience="public"
):
    """Nobody decided on a request in time: it is over, and another may be made."""

    request_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    requested_at: AwareDatetime
    expired_at: AwareDatetime


class RattachementMade(
    Event, type="users.rattachement-made.v1", key="rattachement_id", audience="public"
):
    """A manager attached a user, who had not asked for it or was invited."""

    rattachement_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """None means the whole structure."""
    valid_from: date
    valid_until: date | None = None
    left_out: bool = False
    """Whether it lacks default habilitations, which whoever made it does not hold."""
    made_by: str
    made_at: AwareDatetime


class RattachementRemoved(
    Event, type="users.rattachement-removed.v1", key="rattachement_id", audience="public"
):
    """A user was detached from a structure or from some of its units, or has left it."""

    rattachement_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    """None means all that the user was attached to."""
    comment: PersonalText = ""
    removed_by: str
    """The user, if they left."""
    removed_at: AwareDatetime


class RattachementBegun(
    Event, type="users.rattachement-begun.v1", key="rattachement_id", audience="public"
):
    """The first day of a rattachement that was given for later has come."""

    rattachement_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    day: date


class RattachementEnded(
    Event, type="users.rattachement-ended.v1", key="rattachement_id", audience="public"
):
    """The last day of a rattachement has passed."""

    rattachement_id: str
    user_id: str
    structure_id: str
    structure_name: str | None
    units: tuple[str, ...] = ()
    day: date
    """The first on which it no longer stands."""


class InvitationSent(Event, type="users.invitation-sent.v1", key="user_id"):
    """Somebody without an account is invited to open one, to be attached to a structure."""

    user_id: str
    """Of the account that waits for them."""
    structure_id: str
    structure_name: str | None
    invited_by: str
    nonce: str
    expires_at: AwareDatetime
    sent_at: AwareDatetime
