"""A recording's WAV made into Ogg Opus, a tenth of its size, and the WAV dropped once the copy was verified.

Whatever moment a process dies at, the file that the store names is whole: the copy gets its name when it was decoded
and compared, the store names it then, and only then the original goes.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from sqlalchemy import Connection, select, update

from dialer.store.engine import Store
from dialer.telephony.naming import stem
from dialer.telephony.private import settle
from dialer.telephony.recordings import PLAYABLE
from dialer.telephony.tables import calls, segments

log = logging.getLogger(__name__)

OPUS_RATES: Final = (8000, 12000, 16000, 24000, 48000)
AT_A_TIME: Final = 20
TELLS_LOUDNESS_S: Final = 0.5  # a voice that sets in at the end of a shorter tail is smeared by the codec
LOUD: Final = 300.0  # root mean square of a second, of 32,768; below it a codec may round to silence
LOUDNESS_DB: Final = 3.0  # how far a loud second may be from its original; voices stay within 1 dB
QUIET_GROWS: Final = 4.0


class NotFaithful(Exception):
    """The copy is not what the original was, or can't be: the original stays."""


def compress(kept: Path, name: str) -> None:
    """Make `name.opus` of `name.wav` and verify it. Blocking. Raises OSError, `NotFaithful`."""
    source, target = kept / f"{name}.wav", kept / f"{name}.opus"
    part = kept / f"{name}.opus.part"
    try:
        _encode(source, part)
        verify(source, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(target)
        settle(target)
    except soundfile.SoundFileError as error:
        raise NotFaithful(str(error)) from error
    finally:
        part.unlink(missing_ok=True)


def _encode(source: Path, part: Path) -> None:
    with soundfile.SoundFile(source) as wav:
        if wav.samplerate not in OPUS_RATES:
            raise NotFaithful(f"{wav.samplerate} Hz")
        # A file object: the name ends in .part, from which no format can be told.
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(descriptor, "r+b") as file,
            soundfile.SoundFile(
                file, "w", wav.samplerate, wav.channels, format="OGG", subtype="OPUS"
            ) as opus,
        ):
            for block in wav.blocks(blocksize=wav.samplerate * 10, dtype="int16", always_2d=True):
                opus.write(block)


def verify(source: Path, copy: Path) -> None:
    """Decode both and hold them together: as long to the frame, and each second of each side as loud.

    What is left after the last whole second counts by its length alone if it is too short to have a loudness.
    """
    with soundfile.SoundFile(source) as wav, soundfile.SoundFile(copy) as opus:
        if (opus.samplerate, opus.channels) != (wav.samplerate, wav.channels):
            raise NotFaithful(f"{opus.channels} channels of {opus.samplerate} Hz")
        second, blocksize = 0, wav.samplerate
        while True:
            one = wav.read(blocksize, dtype="int16", always_2d=True)
            other = opus.read(blocksize, dtype="int16", always_2d=True)
            if len(one) != len(other):
                raise NotFaithful(f"another length, from second {second} on")
            if not len(one):
                return
            if len(one) >= TELLS_LOUDNESS_S * blocksize and not _as_loud(one, other):
                raise NotFaithful(f"another loudness in second {second}")
            second += 1


def _as_loud(one: Any, other: Any) -> bool:
    was, is_ = (np.sqrt((block.astype(np.float64) ** 2).mean(axis=0)) for block in (one, other))
    for before, after in zip(was, is_, strict=True):
        if before < LOUD:
            if after > max(QUIET_GROWS * before, LOUD):
                return False
        elif after <= 0 or abs(20 * np.log10(after / before)) > LOUDNESS_DB:
            return False
    return True


def _forget_original(call_id: str, number: int, conn: Connection) -> None:
    conn.execute(
        update(segments)
        .where(segments.c.call_id == call_id, segments.c.number == number)
        .values(original_until=None)
    )


class Compressor:
    """`after`: a WAV's age when it is compressed (None = never); `originals`: how long it stays beside its copy."""

    def __init__(
        self,
        store: Store,
        *,
        kept: Path,
        now: Callable[[], datetime],
        after: timedelta | None,
        originals: timedelta,
    ) -> None:
        self._store = store
        self._kept = kept
        self._now = now
        self._after = after
        self._originals = originals
        self._left_alone: set[tuple[str, int]] = set()  # could not be done in this life of the daemon

    async def run(self) -> int:
        """Compress what is due, drop originals whose time is over; how many were compressed."""
        done = 0
        while self._after is not None and (rows := await self._due(self._after)):
            for row in rows:
                done += await self._one(row.call_id, row.number)
        await self._drop()
        return done

    async def _due(self, after: timedelta) -> list[Any]:
        before = self._now() - after
        query = (
            select(segments.c.call_id, segments.c.number)
            .join(calls, calls.c.id == segments.c.call_id)
            .where(
                segments.c.codec == "wav",
                segments.c.state.in_(PLAYABLE),
                calls.c.ended_at <= before,
            )
            .order_by(segments.c.call_id, segments.c.number)
            .limit(AT_A_TIME + len(self._left_alone))
        )
        rows = await self._store.read(lambda conn: list(conn.execute(query)))
        return [row for row in rows if (row.call_id, row.number) not in self._left_alone][:AT_A_TIME]

    async def _one(self, call_id: str, number: int) -> bool:
        name = stem(call_id, number)
        try:
            await asyncio.to_thread(compress, self._kept, name)
        except (OSError, NotFaithful) as error:
            log.warning("recording %s stays a WAV: %s", name, error)
            self._left_alone.add((call_id, number))
            return False
        until = self._now() + self._originals

        def name_it(conn: Connection) -> bool:
            named = conn.execute(
                update(segments)
                .where(
                    segments.c.call_id == call_id,
                    segments.c.number == number,
                    segments.c.state.in_(PLAYABLE),
                )
                .values(codec="opus", original_until=until)
            )
            return bool(named.rowcount)

        if not await self._store.write(name_it):  # deleted meanwhile
            await asyncio.to_thread((self._kept / f"{name}.opus").unlink, missing_ok=True)
            return False
        return True

    async def _drop(self) -> None:
        now = self._now()
        query = select(segments.c.call_id, segments.c.number).where(segments.c.original_until <= now)
        for row in await self._store.read(lambda conn: list(conn.execute(query.limit(1000)))):
            name = stem(row.call_id, row.number)
            if not await asyncio.to_thread(self._drop_original, name):
                continue
            await self._store.write(partial(_forget_original, row.call_id, row.number))

    def _drop_original(self, name: str) -> bool:
        copy = self._kept / f"{name}.opus"
        if not copy.is_file():
            log.error("recording %s: its copy is gone, the original stays", name)
            return False
        (self._kept / f"{name}.wav").unlink(missing_ok=True)
        return True
