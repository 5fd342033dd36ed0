"""How fast letters go to one domain."""

from collections import Counter
from heapq import heappop, heappush

from services.notifications import pacing
from services.notifications.pacing import PATIENT, Pace


class Clock:
    at = 100.0

    def __call__(self) -> float:
        return self.at


class TestTake:
    def test_is_at_once_where_nothing_is_limited(self):
        pace = Pace(0, Clock())

        assert [pace.take("a.example") for _ in range(1000)] == [(0, True)] * 1000

    def test_spaces_letters_evenly_and_leaves_other_domains_alone(self):
        pace = Pace(2, Clock())

        assert [pace.take("a.example") for _ in range(3)] == [(0, True), (0.5, True), (1, True)]
        assert pace.take("b.example") == (0, True)

    def test_puts_back_what_would_wait_for_long_one_behind_the_other(self):
        pace = Pace(2, Clock())
        here = [pace.take("a.example")[1] for _ in range(8)]

        assert here == [True] * 5 + [False] * 3
        waits = [pace.take("a.example")[0] for _ in range(3)]
        assert waits == [4, 4.5, 5]

    def test_forgets_domains_that_nothing_waits_for(self):
        clock = Clock()
        pace = Pace(1, clock)
        for n in range(pacing.REMEMBERED_MOST):
            pace.take(f"{n}.example")
        clock.at += 10

        pace.take("new.example")

        assert len(pace._lanes) == 1

    def test_keeps_its_rate_however_many_wait_and_moves_each_a_few_times(self):
        """A thousand letters at once, as a worker would bring them: each second those due."""
        clock, rate = Clock(), 20.0
        pace, due = Pace(rate, clock), [(100.0, n) for n in range(1000)]
        sent, tries = list[float](), Counter[int]()
        while due:
            at, n = heappop(due)
            clock.at = max(clock.at, float(int(at + 0.999)))  # seen at the next whole second
            tries[n] += 1
            seconds, here = pace.take("a.example")
            if here:
                sent.append(clock.at + seconds)
            else:
                heappush(due, (clock.at + seconds, n))

        assert max(tries.values()) <= 4
        per_second = Counter(int(at) for at in sent)
        assert max(per_second.values()) <= rate + 1
        assert max(sent) - min(sent) <= 1000 / rate + 3 * PATIENT
