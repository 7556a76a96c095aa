"""Where recordings stand in time: a segment's beginning by its length, and a moment's place among the segments.

A pause writes silence, so that time is kept; a recording stopped and begun anew is another segment. A place in a
recording is therefore a pair: which segment, which second of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from dialer.telephony.model import EndReason

LENGTHS_AGREE_S = 0.2  # beyond it the marks are shown as uncertain (spec T5.2)


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """Where a recording stands in time: its marks are counted from `started_at`; `uncertain` = they may be off."""

    started_at: datetime
    uncertain: bool


def place(
    started_at: datetime,
    ended_at: datetime,
    *,
    end_reason: str,
    duration_s: float | None,
    heard: bool = True,
) -> Placed:
    """Hold the sound's length against the time in which it was made; `heard` = the PBX told us of its beginning.

    A recording ends with its call. One whose beginning nobody heard (the daemon was away), longer than the time we
    know of, began before: its end is seen, so its beginning is known. One that was heard to begin and is longer has
    silence in it that nobody kept: a PBX that waits in vain for one side's sound writes silence, and that sound too
    when it comes. Where the end was not seen (a crash, a gap) a shorter one is no surprise: it lost its tail, its
    marks are right.
    """
    if duration_s is None:
        return Placed(started_at=started_at, uncertain=False)
    longer = duration_s - (ended_at - started_at).total_seconds()
    seen = end_reason == EndReason.HANGUP.value
    if seen and not heard and longer > LENGTHS_AGREE_S:
        return Placed(started_at=ended_at - timedelta(seconds=duration_s), uncertain=False)
    return Placed(
        started_at=started_at, uncertain=longer > LENGTHS_AGREE_S or (seen and longer < -LENGTHS_AGREE_S)
    )


def place_all(
    starts: Mapping[int, datetime | None],
    durations: Mapping[int, float | None],
    ended_at: datetime,
    *,
    end_reason: str,
    answered_at: datetime | None = None,
) -> dict[int, Placed]:
    """Each segment's beginning, by number; None in `starts` = nobody heard it begin.

    The last one ends with its call, each other no later than the next begins. One that "began" in the very moment
    of the answer was not heard either: that is what stands there instead (`desk.model.follow`).
    """
    placed: dict[int, Placed] = {}
    until = ended_at
    for number in sorted(starts, reverse=True):
        last, length = not placed, durations[number]
        began = starts[number]
        unheard = began is None
        if began is None or began > until:
            began = until - timedelta(seconds=length or 0.0)
        if last:
            heard = not unheard and began != answered_at
            found = place(began, until, end_reason=end_reason, duration_s=length, heard=heard)
            seen = end_reason == EndReason.HANGUP.value
            found = msgspec.structs.replace(found, uncertain=found.uncertain or (unheard and not seen))
        else:
            over = (length or 0.0) - (until - began).total_seconds()
            found = Placed(started_at=began, uncertain=unheard or over > LENGTHS_AGREE_S)
        placed[number] = found
        until = found.started_at
    return dict(sorted(placed.items()))


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One playable segment in time. `duration_s` of sound (None = it still grows), made in `lasted_s` of the call."""

    number: int
    started_at: datetime
    duration_s: float | None
    lasted_s: float | None = None

    @property
    def pace(self) -> float:
        """Seconds of sound a second of the call; 1 where the end was not seen.

        What a PBX lost of the sound (packets too late) it lost nobody knows where: shared out evenly, a mark is
        off by less than by all of it.
        """
        if self.duration_s is None or self.lasted_s is None or self.lasted_s <= 0:
            return 1.0
        return self.duration_s / self.lasted_s

    @property
    def ends_at(self) -> datetime | None:
        if self.duration_s is None:
            return None
        return self.started_at + timedelta(seconds=self.lasted_s or self.duration_s)


def locate(moment: datetime, spans: Sequence[Span]) -> tuple[int, float] | None:
    """(segment, second) of a moment, held within the sound; None where there is none.

    A moment at which nothing was recorded is the nearer of the edges beside it.
    """
    began = [span for span in spans if span.started_at <= moment]
    later = next((span for span in spans if span.started_at > moment), None)
    if not began:
        return (later.number, 0.0) if later is not None else None
    here = began[-1]
    ended = here.ends_at
    if later is not None and ended is not None and later.started_at - moment < moment - ended:
        return later.number, 0.0
    return _second(moment, here)


def _second(moment: datetime, span: Span) -> tuple[int, float]:
    offset = max((moment - span.started_at).total_seconds(), 0.0) * span.pace
    return span.number, round(offset if span.duration_s is None else min(offset, span.duration_s), 3)
