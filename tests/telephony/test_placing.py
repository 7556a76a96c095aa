"""Segments in time: each moment has one place in the sound, in order, and within it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.telephony.placing import Span, locate, place_all

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECOND = st.floats(-30, 400)


def at(second: float) -> datetime:
    return NOW + timedelta(seconds=second)


def span(number: int = 1, begins: float = 0, lasts: float | None = 60.0, lasted: float | None = None) -> Span:
    return Span(number=number, started_at=at(begins), duration_s=lasts, lasted_s=lasted)


@st.composite
def several(draw: st.DrawFn) -> list[Span]:
    """One to four segments one after the other, with gaps between them, the last one perhaps still growing."""
    spans, begins = [], draw(st.floats(0, 20))
    count = draw(st.integers(1, 4))
    for number in range(1, count + 1):
        lasts = draw(st.floats(0.1, 60))
        growing = number == count and draw(st.booleans())
        spans.append(span(number, begins, None if growing else lasts))
        begins += lasts + draw(st.floats(0, 20))
    return spans


@given(several(), SECOND)
def test_scenario_40_a_mark_lies_within_its_recording(spans: list[Span], second: float) -> None:
    found = locate(at(second), spans)
    assert found is not None
    number, offset = found
    lasts = spans[number - 1].duration_s
    assert offset >= 0 and (lasts is None or offset <= round(lasts, 3))


@given(several(), SECOND, SECOND)
def test_places_keep_the_order_of_moments(spans: list[Span], one: float, other: float) -> None:
    first, second = (locate(at(each), spans) for each in sorted((one, other)))
    assert first is not None and second is not None
    assert first <= second


@given(several(), st.data())
def test_what_was_recorded_is_found_at_its_second(spans: list[Span], data: st.DataObject) -> None:
    meant = data.draw(st.sampled_from(spans))
    second = data.draw(st.floats(0, (meant.duration_s or 60.0) * 0.99))
    assert locate(meant.started_at + timedelta(seconds=second), spans) == (
        meant.number,
        pytest.approx(second, abs=0.002),
    )


def test_between_two_segments_the_nearer_edge_is_meant() -> None:
    spans = [span(1, 0, 10), span(2, 20, 10)]
    assert locate(at(12), spans) == (1, 10.0)
    assert locate(at(18), spans) == (2, 0.0)
    assert locate(at(-5), spans) == (1, 0.0)
    assert locate(at(99), spans) == (2, 10.0)
    assert locate(at(5), []) is None


def test_sound_that_was_lost_is_shared_out() -> None:
    assert locate(at(30), [span(lasts=54.0, lasted=60.0)]) == (1, 27.0)
    assert locate(at(30), [span(lasts=54.0)]) == (1, 30.0), "when it ended nobody knows"


# --- where segments begin ------------------------------------------------------------------------------------


LENGTHS = st.lists(st.tuples(st.floats(0.5, 60), st.floats(0.3, 20)), min_size=1, max_size=5)


@given(LENGTHS, st.data())
def test_beginnings_that_were_heard_stay_and_the_rest_is_told_by_the_lengths(
    lengths: list[tuple[float, float]], data: st.DataObject
) -> None:
    starts: dict[int, datetime | None] = {}
    began = {}
    moment = 0.0
    for number, (lasts, gap) in enumerate(lengths, 1):
        began[number] = at(moment)
        heard = number == 1 or data.draw(st.booleans())
        starts[number] = began[number] if heard else None
        moment += lasts + gap
    ended = moment - lengths[-1][1]
    durations: dict[int, float | None] = {number: lasts for number, (lasts, _) in enumerate(lengths, 1)}
    placed = place_all(starts, durations, at(ended), end_reason="hangup")
    assert list(placed) == sorted(starts)
    for number, found in placed.items():
        if starts[number] is not None:
            assert found.started_at == starts[number] and not found.uncertain
        elif number == max(starts):
            assert abs(found.started_at - began[number]) < timedelta(milliseconds=1), "its end is the call's"
            assert not found.uncertain
        else:
            assert found.uncertain, "it ended no later than the next began, and nobody knows when"
    order = [each.started_at for each in placed.values()]
    assert order == sorted(order)


def test_a_last_segment_whose_beginning_and_end_nobody_saw_is_uncertain() -> None:
    found = place_all({1: at(0), 2: None}, {1: 5.0, 2: 5.0}, at(20), end_reason="lost_sight")
    assert found[2].uncertain and not found[1].uncertain


def test_a_segment_without_sound_has_its_place_too() -> None:
    found = place_all({1: at(0), 2: at(10)}, {1: None, 2: 5.0}, at(15), end_reason="hangup")
    assert [each.started_at for each in found.values()] == [at(0), at(10)]
