"""How often and how stubbornly INSEE is asked."""

import pytest

from services.structures.pacing import Breaker, Budget, Lately, Shared


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class TestBudget:
    def test_refills_as_time_goes_by(self, clock: Clock):
        budget = Budget(30, clock)

        assert [budget.take() for _ in range(30)] == [0] * 30
        assert budget.take() == pytest.approx(2)
        clock.now += 2
        assert budget.take() == 0
        assert budget.take() == pytest.approx(2)

    def test_pauses_when_told_to(self, clock: Clock):
        budget = Budget(30, clock)

        budget.pause(20)
        assert budget.take() == pytest.approx(20)
        clock.now += 20
        assert budget.take() == 0


class TestShared:
    def test_gives_nobody_more_than_their_part(self, clock: Clock):
        shared = Shared(30, 0.3, clock)

        assert [shared.take("u-zoe") for _ in range(9)] == [0] * 9
        assert shared.take("u-zoe") == pytest.approx(60 / 9)
        assert shared.take("u-ana") == 0
        clock.now += 60 / 9
        assert shared.take("u-zoe") == 0

    def test_gives_all_together_no_more_than_there_is(self, clock: Clock):
        shared = Shared(30, 0.3, clock)

        assert sum(shared.take(f"u-{nth}") == 0 for nth in range(100)) == 30
        assert shared.take("u-ana") == pytest.approx(2)

    def test_gives_everybody_something(self, clock: Clock):
        assert Shared(1, 0.1, clock).take("u-ana") == 0

    def test_pauses_for_all(self, clock: Clock):
        shared = Shared(30, 0.3, clock)

        shared.pause(20)
        assert [shared.take(by) for by in ("u-ana", "u-zoe")] == [pytest.approx(20)] * 2

    def test_never_forgets_a_share_that_is_not_whole_again(self, clock: Clock):
        shared = Shared(2, 0.5, clock)
        assert shared.take("u-zoe") == 0
        others = 0
        while shared.take("u-zoe"):
            others += shared.take(f"u-{others}") == 0
            clock.now += 1

        assert clock.now >= 160


class TestBreaker:
    @pytest.fixture
    def breaker(self, clock: Clock) -> Breaker:
        return Breaker(3, 15, clock)

    def open(self, breaker: Breaker) -> None:
        for about, by in (("a", "u-ana"), ("b", "u-bob"), ("c", "u-ana")):
            breaker.failed(about, by)

    def test_lets_all_through_until_enough_failed_in_a_row(self, breaker: Breaker):
        breaker.failed("a", "u-ana")
        breaker.failed("b", "u-bob")
        breaker.succeeded()
        breaker.failed("c", "u-ana")
        breaker.failed("d", "u-bob")

        assert breaker.wait() == 0
        breaker.failed("e", "u-ana")
        assert breaker.wait() == pytest.approx(15)

    def test_is_not_stopped_by_one_thing_whoever_asks_about_it(self, breaker: Breaker):
        for nth in range(20):
            breaker.failed("a", f"u-{nth}")

        assert breaker.wait() == 0

    def test_is_not_stopped_by_one_caller_whatever_they_ask_about(self, breaker: Breaker):
        for nth in range(20):
            breaker.failed(str(nth), "u-zoe")

        assert breaker.wait() == 0

    def test_lets_one_try_after_each_rest(self, breaker: Breaker, clock: Clock):
        self.open(breaker)
        clock.now += 15

        assert breaker.wait() == 0
        assert breaker.wait() == pytest.approx(15)
        clock.now += 3
        breaker.failed("d", "u-ana")
        assert breaker.wait() == pytest.approx(15)

    def test_lets_another_try_at_once_after_what_had_failed_before(
        self, breaker: Breaker, clock: Clock
    ):
        self.open(breaker)
        clock.now += 15

        assert breaker.wait() == 0
        breaker.failed("a", "u-zoe")
        assert breaker.wait() == 0

    def test_lets_all_through_again_once_one_succeeded(self, breaker: Breaker, clock: Clock):
        self.open(breaker)
        clock.now += 15
        breaker.wait()
        breaker.succeeded()

        assert [breaker.wait() for _ in range(5)] == [0] * 5

    def test_remembers_no_end_of_failures(self, breaker: Breaker):
        for nth in range(2_000):
            breaker.failed(str(nth), f"u-{nth}")

        assert len(breaker._failed) == 1_000


class TestLately:
    def test_is_forgotten_after_its_time(self, clock: Clock):
        lately = Lately[str](300, clock=clock)
        lately.keep("a", "said")

        clock.now += 299
        assert lately.get("a") == "said"
        clock.now += 1
        assert lately.get("a") is None

    def test_is_kept_anew_when_said_again(self, clock: Clock):
        lately = Lately[str](300, clock=clock)
        lately.keep("a", "said")
        clock.now += 200
        lately.keep("a", "said since")
        clock.now += 200

        assert lately.get("a") == "said since"

    def test_holds_only_so_many(self, clock: Clock):
        lately = Lately[str](300, most=2, clock=clock)
        for about in "abc":
            lately.keep(about, about)

        assert [lately.get(about) for about in "abc"] == [None, "b", "c"]

    def test_of_no_time_is_nothing(self, clock: Clock):
        lately = Lately[str](0, clock=clock)
        lately.keep("a", "said")

        assert lately.get("a") is None
