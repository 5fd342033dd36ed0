"""A revoked session is refused for as long as its tokens could be used."""

from datetime import UTC, datetime, timedelta

from services.gateway.domain import refuse

NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=5)


class TestRefuse:
    def test_keeps_the_session_until_its_last_token_ends(self) -> None:
        refused = refuse("s1", None, UNTIL, NOW).state
        assert refused is not None
        assert (refused.id, refused.expires_at) == ("s1", UNTIL)

    def test_is_idempotent(self) -> None:
        refused = refuse("s1", None, UNTIL, NOW).state
        assert refuse("s1", refused, UNTIL, NOW + timedelta(seconds=9)).state is refused

    def test_lets_the_longest_word_stand(self) -> None:
        refused = refuse("s1", None, UNTIL, NOW).state
        longer = refuse("s1", refused, UNTIL + timedelta(days=1), NOW).state
        assert longer is not None
        assert longer.expires_at == UNTIL + timedelta(days=1)
        assert refuse("s1", longer, UNTIL, NOW).state is longer

    def test_keeps_nothing_of_a_session_whose_tokens_have_all_ended(self) -> None:
        assert refuse("s1", None, NOW, NOW).state is None
