"""A clock that nobody moves under the daemon."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.clock import FOLLOWS, SteadyClock

START = 1_795_000_000.0


@dataclass
class Machine:
    """A machine whose clock is set as a test wishes."""

    passed: float = 1000.0
    wall: float = START

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.passed)

    def go_on(self, seconds: float) -> None:
        self.passed += seconds
        self.wall += seconds


STEPS = st.lists(
    st.tuples(st.floats(0, 3600), st.sampled_from([0.0, 3600.0, -3600.0, 0.02, -0.02, 86400.0])), max_size=30
)


@given(STEPS)
def test_scenario_36_a_difference_is_wrong_by_a_tenth_at_most(steps: list[tuple[float, float]]) -> None:
    """However the clock is set between two looks: a lease is neither much longer nor much shorter."""
    machine = Machine()
    clock = machine.clock()
    before = clock()
    for seconds, moved in steps:
        machine.go_on(seconds)
        machine.wall += moved
        now = clock()
        assert abs((now - before) - seconds) <= FOLLOWS * seconds + 1e-6
        assert now >= before
        before = now


@given(st.floats(-3600, 3600))
def test_scenario_36_a_clock_that_was_set_is_followed_in_the_end(moved: float) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += moved
    for _ in range(12 * 60):
        machine.go_on(60)
        clock()
    assert clock() == pytest.approx(machine.wall, abs=1e-3)


def test_a_clock_that_nobody_sets_is_the_machines() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.go_on(12.5)
    assert clock() == machine.wall
    assert clock.utc().timestamp() == machine.wall
    assert clock.midnight() <= clock.utc()


def test_it_is_said_once_when_they_part_and_once_when_they_meet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "dialer.clock")
    machine = Machine()
    clock = machine.clock()
    machine.wall += 60
    for _ in range(100):
        machine.go_on(10)
        clock()
    assert [record.message.split()[0] for record in caplog.records] == ["clock_moved", "clock_agrees"]
