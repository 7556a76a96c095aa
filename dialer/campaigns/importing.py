"""`dialer import`: a campaign, its script and its clients from files (spec C7, as far as CSV goes)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, select

from dialer.campaigns import service
from dialer.campaigns.dispositions import INBOUND, OUTBOUND
from dialer.campaigns.model import Campaign, Rules
from dialer.campaigns.tables import entries
from dialer.clients import service as clients
from dialer.clients.importing import BadFile, BadRow, Row, read_rows
from dialer.clients.numbers import normalise
from dialer.scripts import service as scripts
from dialer.scripts.command import read_script, rendered
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
    """Make or change the campaign, then load the rows in chunks; a row is loaded whole or not at all."""
    script = None
    if order.script is not None:
        script, findings = read_script(order.script, _dispositions(order))
        if script is None:
            return ImportReport(campaign=order.campaign, failed=rendered(order.script, findings, "en"))
    campaign_id = await store.write(lambda conn: prepare_campaign(conn, order, script, now()))
    report = ImportReport(campaign=order.campaign)
    if order.file is None:
        return report
    try:
        rows = read_rows(order.file)
        bad: list[BadRow] = []
        counts = {"loaded": 0, "known": 0, "doubles": 0}
        done = 0
        for chunk in _chunks(rows):
            bad += [row for row in chunk if isinstance(row, BadRow)]
            good = [row for row in chunk if isinstance(row, Row)]
            moment = now()

            def load(
                conn: Connection, good: list[Row] = good, moment: datetime = moment
            ) -> list[str | BadRow]:
                return [load_row(conn, row, campaign_id, order.region, moment) for row in good]

            for came_of in await store.write(load):
                if isinstance(came_of, BadRow):
                    bad.append(came_of)
                else:
                    counts[came_of] += 1
            done += len(chunk)
            progress(done)
    except BadFile as error:
        return ImportReport(campaign=order.campaign, failed=f"{order.file}: {error}")
    if order.bad_rows is not None and bad:
        order.bad_rows.write_text(_as_csv(bad), encoding="utf-8-sig")
    return ImportReport(
        campaign=order.campaign,
        loaded=counts["loaded"],
        known=counts["known"],
        doubles=counts["doubles"],
        faults=[RowFault(row=row.number, reason=row.reason) for row in sorted(bad, key=lambda b: b.number)],
    )


def _dispositions(order: ImportOrder) -> list[str]:
    return [disposition.id for disposition in (INBOUND if order.inbound else OUTBOUND)]


def prepare_campaign(conn: Connection, order: ImportOrder, script: Script | None, now: datetime) -> int:
    """The campaign's id; made as the order says if there is none of this name, else its script and rules renewed."""
    script_id = scripts.publish(conn, script, now) if script is not None else None
    rules = Rules(
        entries_per_window=order.entries_per_window,
        window_s=order.window_s,
        cooldown_s=order.cooldown_s,
        max_postponed=order.max_postponed,
    )
    known = service.find(conn, order.campaign)
    if known is not None:
        values: dict[str, object] = {"script_id": script_id} if script_id is not None else {}
        if rules != Rules():
            values["rules"] = rules
        if values:
            service.change(conn, known.id, **values)
        return known.id
    campaign = Campaign(
        name=order.campaign,
        kind="inbound" if order.inbound else "outbound",
        language=order.language,
        line=order.line,
        script_id=script_id,
        rules=rules,
        dispositions=INBOUND if order.inbound else OUTBOUND,
    )
    return service.create(conn, campaign, now)


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


def _as_csv(bad: list[BadRow]) -> str:
    """The rows that were not loaded, with the reason first; cells that a spreadsheet would run are made harmless."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in bad:
        writer.writerow([row.reason, *(_harmless(cell) for cell in row.cells)])
    return text.getvalue()


def _harmless(cell: str) -> str:
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
