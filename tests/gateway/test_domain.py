"""A revoked session is noted once, for as long as its tokens could be used."""

from datetime import UTC, datetime, timedelta

from contracts.users import SessionRevoked
from services.gateway.domain import note

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_revocation(**but: object) -> SessionRevoked:
    known = {"session_id": "s1", "user_id": "u1", "expires_at": NOW + timedelta(minutes=5)}
    return SessionRevoked.model_validate(known | but)


class TestNote:
    def test_keeps_the_session_until_its_last_token_ends(self) -> None:
        noted = note(a_revocation(), None, NOW).state
        assert noted is not None
        assert (noted.id, noted.expires_at) == ("s1", NOW + timedelta(minutes=5))

    def test_is_idempotent(self) -> None:
        noted = note(a_revocation(), None, NOW).state
        assert note(a_revocation(), noted, NOW + timedelta(seconds=9)).state is noted

    def test_keeps_nothing_of_a_session_whose_tokens_have_all_ended(self) -> None:
        assert note(a_revocation(expires_at=NOW), None, NOW).state is None
