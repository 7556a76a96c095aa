"""`dialer import`: a campaign, its script and its clients from files (spec C7, as far as CSV goes)."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from dialer.campaigns import service
from dialer.campaigns.dispositions import INBOUND, OUTBOUND
from dialer.campaigns.model import Campaign, Rules
from dialer.campaigns.tables import entries
from dialer.clients import service as clients
from dialer.clients.importing import NOT_LOADED, BadFile, BadRow, Row, read_table
from dialer.clients.numbers import normalise
from dialer.scripts import service as scripts
from dialer.scripts.command import library_of, read_script, rendered
from dialer.scripts.model import Script
from dialer.store.engine import Store

CHUNK = 500
MOST_SHOWN = 20


class ImportOrder(Struct, frozen=True, kw_only=True):
    file: Path | None
    campaign: str
    script: Path | None
    line: str
    language: str
    region: str
    inbound: bool = False
    bad_rows: Path | None = None
    entries_per_window: int | None = None
    window_s: int = 3600
    cooldown_s: int | None = None
    max_postponed: int | None = None
    recording_days: int | None = None  # None = as it is


class RowFault(Struct, frozen=True, kw_only=True):
    row: int
    reason: str


class ImportReport(Struct, frozen=True, kw_only=True):
    """What came of an import. `failed` is why nothing at all could be done, "" otherwise."""

    campaign: str
    loaded: int = 0
    known: int = 0  # clients found by their number and put into the pool
    doubles: int = 0  # already in this campaign's pool
    faults: list[RowFault] = []
    failed: str = ""

    def in_words(self) -> str:
        if self.failed:
            return self.failed
        lines = [
            f"campaign {self.campaign!r}: {self.loaded} clients loaded, {self.known} known ones added,"
            f" {self.doubles} already in the pool, {len(self.faults)} rows not loaded"
        ]
        lines += [f"  row {fault.row}: {fault.reason}" for fault in self.faults[:MOST_SHOWN]]
        if len(self.faults) > MOST_SHOWN:
            lines.append(f"  ... and {len(self.faults) - MOST_SHOWN} more (--bad-rows writes them to a file)")
        return "\n".join(lines)


async def run_import(
    store: Store, order: ImportOrder, now: Callable[[], datetime], progress: Callable[[int], None]
) -> ImportReport:
    """Make or change the campaign, then load the rows in chunks; a row is loaded whole or not at all.

    Nothing is changed where the script or the file as a whole can't be used.
    """
    script = None
    if order.script is not None:
        published = await store.read(scripts.sources)
        library = library_of([order.script], published)
        script, findings = read_script(order.script, _dispositions(order), library)
        if script is None:
            return ImportReport(campaign=order.campaign, failed=rendered(order.script, findings, "en"))
    try:
        headings, rows = read_table(order.file) if order.file is not None else ((), iter(()))
    except BadFile as error:
        return ImportReport(campaign=order.campaign, failed=f"{order.file}: {error}")
    campaign_id = await store.write(lambda conn: prepare_campaign(conn, order, script, now()))
    counts: Counter[str] = Counter()
    bad: list[BadRow] = []
    done = 0
    for chunk in _chunks(rows):
        came_of = await _load_chunk(store, chunk, campaign_id, order.region, now())
        bad += [row for row in came_of if isinstance(row, BadRow)]
        counts.update(word for word in came_of if isinstance(word, str))
        done += len(chunk)
        progress(done)
    bad.sort(key=lambda row: row.number)
    if order.bad_rows is not None and bad:
        order.bad_rows.write_text(_as_csv(headings, bad), encoding="utf-8-sig")
    return ImportReport(
        campaign=order.campaign,
        loaded=counts["loaded"],
        known=counts["known"],
        doubles=counts["doubles"],
        faults=[RowFault(row=row.number, reason=row.reason) for row in bad],
    )


async def _load_chunk(
    store: Store, chunk: list[Row | BadRow], campaign_id: int, region: str, now: datetime
) -> list[str | BadRow]:
    """What came of each row of a chunk, which is one transaction."""

    def load(conn: Connection) -> list[str | BadRow]:
        return [
            row if isinstance(row, BadRow) else load_row(conn, row, campaign_id, region, now) for row in chunk
        ]

    return await store.write(load)


def _dispositions(order: ImportOrder) -> list[str]:
    return [disposition.id for disposition in (INBOUND if order.inbound else OUTBOUND)]


def prepare_campaign(conn: Connection, order: ImportOrder, script: Script | None, now: datetime) -> int:
    """The campaign's id; made as the order says if there is none of this name, else its script and rules renewed."""
    script_id = scripts.publish(conn, script, now) if script is not None else None
    known = service.find(conn, order.campaign)
    rules = _rules(order, known.rules if known is not None else Rules())
    if known is not None:
        renewed = known.script_id if script_id is None else script_id
        service.change(conn, known.id, script_id=renewed, rules=rules)
        if order.recording_days is not None:
            service.change(conn, known.id, recording_days=order.recording_days)
        return known.id
    campaign = Campaign(
        name=order.campaign,
        kind="inbound" if order.inbound else "outbound",
        language=order.language,
        line=order.line,
        script_id=script_id,
        rules=rules,
        recording_days=order.recording_days,
        dispositions=INBOUND if order.inbound else OUTBOUND,
    )
    return service.create(conn, campaign, now)


def _rules(order: ImportOrder, before: Rules) -> Rules:
    """The rules as the order changes them; what it does not give stays."""
    given: dict[str, int] = {}
    if order.entries_per_window is not None:
        given |= {"entries_per_window": order.entries_per_window, "window_s": order.window_s}
    if order.cooldown_s is not None:
        given["cooldown_s"] = order.cooldown_s
    if order.max_postponed is not None:
        given["max_postponed"] = order.max_postponed
    return msgspec.structs.replace(before, **given)


def load_row(conn: Connection, row: Row, campaign_id: int, region: str, now: datetime) -> str | BadRow:
    """Load one client: `loaded`, `known`, `doubles`, or why not."""
    numbers: list[tuple[str, str]] = []
    for written, label in row.phones:
        e164 = normalise(written, region)
        if e164 is None:
            return BadRow(number=row.number, reason=f"no phone number: {written[:40]!r}", cells=row.cells)
        if all(e164 != other for other, _ in numbers):
            numbers.append((e164, label))
    if not numbers:
        return BadRow(number=row.number, reason="no phone number at all", cells=row.cells)
    known = clients.identify(conn, numbers[0][0])
    client_id = known[0] if known else None
    if client_id is None:
        client_id = clients.create(
            conn,
            name=row.name,
            numbers=numbers,
            now=now,
            city=row.city,
            timezone=row.timezone,
            fields=row.fields,
        )
    elif _in_pool(conn, campaign_id, client_id):
        return "doubles"
    service.add_entry(conn, campaign_id=campaign_id, client_id=client_id, now=now)
    return "known" if known else "loaded"


def _in_pool(conn: Connection, campaign_id: int, client_id: int) -> bool:
    found = select(entries.c.id).where(entries.c.campaign_id == campaign_id, entries.c.client_id == client_id)
    return conn.execute(found).first() is not None


def _chunks(rows: Iterator[Row | BadRow]) -> Iterator[list[Row | BadRow]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _as_csv(headings: tuple[str, ...], bad: list[BadRow]) -> str:
    """The rows that were not loaded, each with its reason first: to be mended, and loaded as they are.

    Cells that a spreadsheet would run are made harmless.
    """
    told_before = headings[:1] == (NOT_LOADED,)  # a file of bad rows, in which some still are
    text = io.StringIO()
    writer = csv.writer(text)
    for reason, cells in [(NOT_LOADED, headings), *((row.reason, row.cells) for row in bad)]:
        writer.writerow([reason, *(_harmless(cell) for cell in cells[told_before:])])
    return text.getvalue()


def _harmless(cell: str) -> str:
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
