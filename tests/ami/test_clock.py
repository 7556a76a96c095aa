"""The offset of two clocks: within the quickest ping's half, and mended when a clock is moved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialer.ami.clock import KEPT, STEP_S, Sample, Unmoved, best, sample, with_sample

DELAY = st.floats(0.0001, 2.0)


@given(st.floats(-3600, 3600), st.lists(st.tuples(DELAY, DELAY), min_size=1, max_size=30))
def test_the_error_is_at_most_half_the_quickest_round_trip(
    offset: float, pings: list[tuple[float, float]]
) -> None:
    samples: tuple[Sample, ...] = ()
    now = 1_795_368_564.0
    for out, back in pings:
        samples = with_sample(samples, sample(now, now + out + back, now + out + offset))
        now += 2
    quickest = min(sum(ping) for ping in pings[-KEPT:])
    assert abs(best(samples).offset_s - offset) <= quickest / 2 + 1e-5


def test_a_clock_that_is_moved_is_believed_at_once() -> None:
    samples = with_sample((), sample(100.0, 100.1, 100.05))
    samples = with_sample(samples, sample(102.0, 102.1, 3702.05))
    assert abs(best(samples).offset_s - 3600) < 0.05


def test_without_a_ping_the_clocks_are_taken_for_one() -> None:
    assert best(()).offset_s == 0.0


# --- Asterisk's clock, as if nobody had ever set it -----------------------------------------------------------

WHAT_COMES = st.lists(
    st.tuples(st.floats(0.05, 60), st.sampled_from(["event", "event", "ping", 3600.0, -3600.0, 5.0, -5.0])),
    max_size=40,
)


@given(st.floats(-600, 600), WHAT_COMES)
def test_scenario_36_lengths_are_right_however_asterisks_clock_is_set(
    ahead: float, story: list[tuple[float, float | str]]
) -> None:
    """Each event's time is the true one to within a step too small to be one, as long as a ping follows each step."""
    unmoved, now, moved = Unmoved(), 1_795_368_564.0, 0.0
    unmoved.measured(ahead)
    for seconds, what in story:
        now += seconds
        if isinstance(what, float):
            moved += what
            unmoved.measured(ahead + moved)
        elif what == "ping":
            unmoved.measured(ahead + moved)
        else:
            assert abs(unmoved.at(now + ahead + moved, now) - (now + ahead)) <= STEP_S
    assert abs(unmoved.offset_s - ahead) <= STEP_S


def test_scenario_36_a_big_step_shows_in_the_next_event() -> None:
    for step in (3600.0, -3600.0):
        unmoved = Unmoved()
        unmoved.measured(0.0)
        assert unmoved.at(100.0, 100.01) == 100.0
        assert abs(unmoved.at(103.0 + step, 103.01) - 103.0) < 0.02
        unmoved.measured(step)
        assert abs(unmoved.at(104.0 + step, 104.01) - 104.0) < 0.02


def test_events_that_waited_while_we_stood_still_are_of_their_own_time() -> None:
    """A minute's events read at once, as after a stop of the daemon: no clock was set."""
    unmoved = Unmoved()
    unmoved.measured(0.0)
    assert [unmoved.at(100.0 + number, 160.0) for number in range(60)] == [
        100.0 + number for number in range(60)
    ]


def test_drift_is_followed_and_is_no_step() -> None:
    unmoved = Unmoved()
    for hour in range(100):
        unmoved.measured(0.1 * hour)
    assert unmoved.moved_s == 0.0
    assert abs(unmoved.offset_s - 9.9) < 1e-6
