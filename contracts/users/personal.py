"""What a person may ask for of all that is kept of them: a copy, and its erasure."""

from pydantic import AwareDatetime

from contracts.event import Event


class PersonErased(Event, type="users.person-erased.v1", key="user_id"):
    """Nothing that names this user may be kept any more."""

    user_id: str
    erased_at: AwareDatetime


class ExportRequested(Event, type="users.export-requested.v1", key="export_id"):
    """A user asks for all that is kept of them: each service answers with what it has."""

    export_id: str
    user_id: str
    public_key: str
    """The public key to seal it with (X25519, as JWK)."""
    requested_at: AwareDatetime


class ExportReady(Event, type="users.export-ready.v1", key="export_id"):
    """What a user asked for can be taken away, once, until it expires."""

    export_id: str
    user_id: str
    ready_at: AwareDatetime
    expires_at: AwareDatetime
