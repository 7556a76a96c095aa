"""What is amiss: told since when it is so, and no longer than it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.health.troubles import LOST_SHOWN, LOW_BYTES, Facts, PbxFacts, Trouble, Watch

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PLENTY = {"store": LOW_BYTES * 10, "recordings": LOW_BYTES * 10}
FINE = PbxFacts(up=True, cause="", problem="", lag_s=0.01, lost=0)
AWAY = PbxFacts(up=False, cause="login_refused", problem="login refused", lag_s=0.0, lost=0)
WELL = Facts(pbxs={"south": FINE, "north": FINE}, free=PLENTY)


def later(**by: float) -> datetime:
    return NOW + timedelta(**by)


def codes(troubles: list[Trouble]) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in troubles]


def test_all_well_is_nothing_to_tell() -> None:
    assert Watch().look(WELL, NOW) == []


def test_a_pbx_away_is_told_by_name_with_its_cause_since_it_went() -> None:
    watch, gone = Watch(), replace(WELL, pbxs={"south": FINE, "north": AWAY})
    watch.look(WELL, NOW)
    watch.look(gone, later(seconds=5))
    (told,) = watch.look(gone, later(minutes=3))
    assert (told.code, told.where, told.cause, told.detail) == (
        "pbx_away", "north", "login_refused", "login refused"
    )  # fmt: skip
    assert told.since == later(seconds=5)
    assert watch.look(WELL, later(minutes=4)) == []
    (again,) = watch.look(gone, later(minutes=9))
    assert again.since == later(minutes=9), "another time is another trouble"


def test_a_pbx_that_works_with_a_flaw() -> None:
    flawed = replace(FINE, cause="no_timestamps", problem="events come without their time")
    assert codes(Watch().look(replace(WELL, pbxs={"south": flawed}), NOW)) == [("pbx_amiss", "south")]


def test_late_events_are_told_with_how_late() -> None:
    (told,) = Watch().look(replace(WELL, pbxs={"south": replace(FINE, lag_s=7.2)}), NOW)
    assert (told.code, told.number) == ("events_late", 7)


def test_losses_stand_from_the_first_to_a_while_after_the_last() -> None:
    watch = Watch()

    def look(lost: int, at: datetime) -> list[Trouble]:
        return watch.look(replace(WELL, pbxs={"south": replace(FINE, lost=lost)}), at)

    (first,) = look(2, NOW)
    (more,) = look(5, later(minutes=1))
    assert (first.number, more.number) == (2, 5)
    assert first.since == more.since == NOW
    assert look(5, later(minutes=1) + LOST_SHOWN) != []
    assert look(5, later(minutes=1, seconds=1) + LOST_SHOWN) == []
    (anew,) = look(6, later(hours=2))
    assert (anew.number, anew.since) == (1, later(hours=2)), "what was lost yesterday is not told again"


def test_events_set_aside_are_losses_of_no_pbx() -> None:
    assert codes(Watch().look(replace(WELL, set_aside=1), NOW)) == [("events_lost", "")]


def test_a_full_disk_is_told_from_other_troubles_of_the_store() -> None:
    watch = Watch()
    full = replace(WELL, store_trouble="the disk is full — free some space", store_full=True)
    assert codes(watch.look(full, NOW)) == [("disk_full", "")]
    assert codes(watch.look(replace(full, store_full=False), NOW)) == [("store_away", "")]


def test_little_space_is_told_before_there_is_none() -> None:
    (told,) = Watch().look(replace(WELL, free={"store": LOW_BYTES - 1, "recordings": LOW_BYTES}), NOW)
    assert (told.code, told.where, told.number) == ("disk_low", "store", 499)


def test_the_most_urgent_comes_first() -> None:
    facts = replace(
        WELL,
        pbxs={"south": AWAY},
        store_trouble="full",
        store_full=True,
        recordings_wait=3,
        free={"store": 0},
    )
    kinds = [one.code for one in Watch().look(facts, NOW)]
    assert kinds == ["disk_full", "pbx_away", "recordings_wait", "disk_low"]


_PBX = st.builds(
    PbxFacts,
    up=st.booleans(),
    cause=st.sampled_from(["", "lost"]),
    problem=st.sampled_from(["", "gone"]),
    lag_s=st.floats(0, 3),
    lost=st.integers(0, 3),
)
_FACTS = st.builds(
    Facts,
    pbxs=st.fixed_dictionaries({"a": _PBX, "b": _PBX}),
    set_aside=st.integers(0, 2),
    free=st.just(PLENTY),
)


@given(st.lists(_FACTS, min_size=1, max_size=20))
def test_a_trouble_never_begins_in_the_future_and_stands_once(seen: list[Facts]) -> None:
    watch, now, before = Watch(), NOW, {}
    for facts in seen:
        now += timedelta(seconds=1)
        told = watch.look(facts, now)
        assert len(set(codes(told))) == len(told)
        stand = {(one.code, one.where): one.since for one in told}
        for key, since in stand.items():
            assert since <= now
            assert key not in before or before[key] == since, "it has stood since it began"
        before = stand
