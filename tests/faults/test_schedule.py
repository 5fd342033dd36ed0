"""What a fault run does, and where its processes may end themselves."""

from itertools import islice

import pytest

from tests.faults.points import HEARING, POINTS, Point, arm
from tests.faults.schedule import PAUSES, ROUND, rounds


def some(seed: str, members: int = 3) -> list[list[str]]:
    return [[str(one) for one in faults] for faults in islice(rounds(seed, members=members), 150)]


class TestRounds:
    def test_are_the_same_for_the_same_seed(self):
        assert some("1") == some("1")

    def test_differ_from_seed_to_seed(self):
        assert some("1") != some("2")

    @pytest.mark.parametrize("members", [1, 3])
    def test_leave_nothing_out(self, members: int):
        faults = [one for faults in islice(rounds("1", members=members), 150) for one in faults]
        killed = {one.target for one in faults if one.what == "kill"}
        paused = {one.target for one in faults if one.what == "pause"}
        assert {*HEARING, *(f"kafka-{n}" for n in range(1, members + 1)), "primary"} <= killed
        assert {*HEARING, "kafka-1", "primary"} <= paused
        assert {one.then.point for one in faults if one.then.point} == {*POINTS}
        assert {one.target for one in faults if one.what == "mood"} == {
            "down",
            "slow",
            "4xx",
            "5xx",
        }
        assert {one.then.skew > 0 for one in faults if one.then.skew} == {True, False}
        assert any(one.what == "disk" for one in faults)

    def test_end_before_the_next_begins(self):
        assert all(
            one.at < ROUND for faults in islice(rounds("1", members=3), 50) for one in faults
        )

    def test_pause_for_longer_than_a_lease_and_a_session(self):
        assert min(PAUSES) > 5
        assert max(PAUSES) > 10


class TestPoints:
    @pytest.mark.parametrize("name", POINTS)
    def test_are_places_that_the_product_has(self, name: str):
        find, *_ = POINTS[name]
        owner, function = find()
        assert callable(getattr(owner, function))

    @pytest.mark.parametrize(
        ("name", "order"),
        [("before commit", ["end", "commit"]), ("after commit", ["commit", "end"])],
    )
    async def test_are_on_their_side_of_it(
        self, monkeypatch: pytest.MonkeyPatch, name: str, order: list[str]
    ):
        from kit.mongo import Mongo

        seen = list[str]()

        async def commit(_: Mongo, session: str) -> str:
            seen.append("commit")
            return session

        monkeypatch.setattr(Mongo, "_commit", commit)
        arm(name, 2, lambda: seen.append("end"))
        assert await Mongo._commit(None, "of a session") == "of a session"  # type: ignore[arg-type]
        assert seen == ["commit"]
        await Mongo._commit(None, "")  # type: ignore[arg-type]
        assert seen == ["commit", *order]


def test_a_point_ends_once():
    ends = list[int]()
    point = Point(2, lambda: ends.append(1))
    for _ in range(5):
        point.passed()
    assert ends == [1]
