"""The doctor: one examination at a time, its steps, its last report; and a phone rung into an echo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from dialer.doctor import gather
from dialer.doctor.contract import CONTEXTS
from dialer.doctor.diagnose import diagnose
from dialer.doctor.gather import Place
from dialer.doctor.model import Facts, Finding, OrphansSeen, PagesSeen, Phone, StoreSeen, TrialFile
from dialer.doctor.phones import of_echo
from dialer.telephony.examined import Examiner, PbxSeen, Wanted

STEPS_OF_PBX = 5  # connect, dialplan, lines, phones, trial
ECHO_RINGS_S = 20

ReadStore = Callable[[], Awaitable[tuple[StoreSeen, tuple[Phone, ...] | None, OrphansSeen | None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    at: datetime
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """A phone that is being rung, or was: then with what came of it."""

    endpoint: str
    finding: Finding | None = None


class Doctor:
    """Looks at everything there is. `pages` says how the daemon's own pages stand where we are that daemon."""

    def __init__(
        self,
        place: Place,
        examiners: Sequence[Examiner],
        read_store: ReadStore,
        *,
        now: Callable[[], datetime],
        pages: Callable[[], PagesSeen] | None = None,
    ) -> None:
        self.report: Report | None = None
        self.echo: Echo | None = None
        self.step = ""
        self.done = 0
        self.of = 2 + STEPS_OF_PBX * len(examiners)
        self._place = place
        self._examiners: Mapping[str, Examiner] = {examiner.name: examiner for examiner in examiners}
        self._read_store = read_store
        self._now = now
        self._pages = pages
        self._phones: tuple[Phone, ...] = ()
        self._examining: asyncio.Task[None] | None = None
        self._ringing: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self._examining is not None and not self._examining.done()

    @property
    def ringing(self) -> bool:
        return self._ringing is not None and not self._ringing.done()

    def start(self) -> None:
        """Begin an examination, unless one is under way."""
        if not self.running:
            self._examining = asyncio.create_task(self._keep(), name="doctor")

    def ring(self, endpoint: str, pbx: str) -> None:
        """Ring a phone of a PBX into an echo, unless one is being rung."""
        if not self.ringing:
            self.echo = Echo(endpoint=endpoint)
            self._ringing = asyncio.create_task(self._ring(endpoint, pbx), name="doctor echo")

    async def stop(self) -> None:
        for task in (self._examining, self._ringing):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def examine(self, told: Callable[[str], None] = lambda step: None) -> tuple[Finding, ...]:
        """All findings. Never raises for what a PBX, a disk or the store may do."""
        self.done = 0

        def tell(step: str) -> None:
            self.step, self.done = step, min(self.of, self.done + 1)
            told(step)

        tell("store")
        store, phones, orphans = await self._read_store()
        self._phones = phones or ()
        seen, files = await self._pbxs(phones or (), tell)
        tell("machine")
        sources = self._place.sources.items()
        facts = Facts(
            pbxs=seen,
            lines=gather.sets_of(self._place.lines),
            phones=phones,
            sources={name: await asyncio.to_thread(gather.look_at, path) for name, path in sources},
            kept=await asyncio.to_thread(gather.look_at, self._place.kept),
            trial_files=files,
            orphans=orphans,
            store=store,
            pages=await self._pages_seen(phones or ()),
        )
        return diagnose(facts)

    async def ring_echo(self, endpoint: str, pbx: str = "") -> Finding:
        """Ring a phone of a PBX ("" = whose the phone is, else of the first), and say what came of it."""
        pbx = pbx or next((phone.pbx for phone in self._phones if phone.endpoint == endpoint), "")
        examiner = self._examiners.get(pbx) or next(iter(self._examiners.values()))
        return of_echo(endpoint, await examiner.ring(endpoint, timeout_s=ECHO_RINGS_S))

    async def _pbxs(
        self, phones: tuple[Phone, ...], tell: Callable[[str], None]
    ) -> tuple[tuple[PbxSeen, ...], dict[str, TrialFile]]:
        """One after the other: they may record into the same folder."""
        seen: list[PbxSeen] = []
        files: dict[str, TrialFile] = {}
        for name, examiner in self._examiners.items():
            source = self._place.sources.get(name, Path())
            before = await asyncio.to_thread(gather.mark_of, source)
            one = await examiner.examine(self._wanted(name, phones), tell)
            seen.append(one)
            if one.trial is not None and not one.trial.failed:
                files[name] = await gather.trial_file(source, before)
        return tuple(seen), files

    def _wanted(self, pbx: str, phones: tuple[Phone, ...]) -> Wanted:
        first = next(iter(self._examiners))
        lines = gather.sets_of(self._place.lines)
        endpoints = [line.endpoint for line in lines if line.endpoint and (line.pbx or first) == pbx]
        endpoints += [phone.endpoint for phone in phones if (phone.pbx or first) == pbx]
        return Wanted(contexts=tuple(CONTEXTS), endpoints=tuple(dict.fromkeys(endpoints)))

    async def _pages_seen(self, phones: tuple[Phone, ...]) -> PagesSeen:
        pages = self._pages() if self._pages is not None else await gather.pages_seen(self._place)
        if not any(phone.browser for phone in phones):
            return pages
        sockets = [await gather.socket_seen(url) for url in self._place.sockets]
        return replace(pages, sockets=tuple(sockets))

    async def _keep(self) -> None:
        self.report = Report(findings=await self.examine(), at=self._now())
        self.step = ""

    async def _ring(self, endpoint: str, pbx: str) -> None:
        self.echo = Echo(endpoint=endpoint, finding=await self.ring_echo(endpoint, pbx))
