"""Clients from a file into a campaign's pool: each row whole or not at all, twice the same file makes no doubles."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select

from dialer.campaigns import service
from dialer.campaigns.importing import CHUNK, MOST_SHOWN, ImportOrder, ImportReport, run_import
from dialer.campaigns.model import Rules
from dialer.campaigns.tables import campaigns, entries
from dialer.clients.tables import clients, phones
from dialer.store import Store
from tests.fresh_store import fresh_store

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SCRIPT = Path(__file__).resolve().parents[2] / "dialer/simulation/scripts/water_reorder_ru.yaml"
HEADING = "Name,Phone,Phone 2,City,Debt\n"
GOOD = "Ann,8 916 555-01-01,,Tver,5\nBob,8 916 555-01-02,+7 495 123-45-67,Omsk,\n"

Import = Callable[..., Any]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await fresh_store(tmp_path / "store.db")
    yield opened
    await opened.close()


@pytest.fixture
def load(store: Store, tmp_path: Path) -> Import:
    """Import a file's text; the order's other values by name."""

    async def run(text: str | None, **more: Any) -> ImportReport:
        path = None
        if text is not None:
            path = tmp_path / "clients.csv"
            path.write_text(text, encoding="utf-8")
        order = ImportOrder(file=path, campaign="Water", script=None, line="main", language="ru", region="RU")
        order = msgspec.structs.replace(order, **more)
        return await run_import(store, order, lambda: NOW, lambda done: None)

    return run


async def count(store: Store, table: Any) -> int:
    query = select(func.count()).select_from(table)
    return await store.read(lambda conn: int(conn.execute(query).scalar_one()))


async def test_a_campaign_its_script_and_its_clients(store: Store, load: Import) -> None:
    report = await load(HEADING + GOOD, script=SCRIPT, entries_per_window=5, window_s=600)
    assert (report.loaded, report.known, report.doubles, report.faults, report.failed) == (2, 0, 0, [], "")
    campaign = await store.read(lambda conn: service.find(conn, "Water"))
    assert campaign is not None
    assert (campaign.kind, campaign.line, campaign.language) == ("outbound", "main", "ru")
    assert campaign.script_id is not None
    assert campaign.rules == Rules(entries_per_window=5, window_s=600)
    rows = await store.read(
        lambda conn: conn.execute(
            select(clients.c.name, phones.c.e164, phones.c.label, clients.c.city, clients.c.fields).join(
                phones, phones.c.client_id == clients.c.id
            )
        ).all()
    )
    assert {tuple(row)[:4] for row in rows} == {
        ("Ann", "+79165550101", "Phone", "Tver"),
        ("Bob", "+79165550102", "Phone", "Omsk"),
        ("Bob", "+74951234567", "Phone 2", "Omsk"),
    }
    assert rows[0].fields == {"Debt": "5"}


async def test_the_same_file_twice_makes_no_doubles(store: Store, load: Import) -> None:
    await load(HEADING + GOOD)
    again = await load(HEADING + GOOD)
    assert (again.loaded, again.known, again.doubles) == (0, 0, 2)
    assert [await count(store, table) for table in (campaigns, clients, entries, phones)] == [1, 2, 2, 3]


async def test_the_same_client_twice_in_a_file_is_one(store: Store, load: Import) -> None:
    report = await load(HEADING + GOOD + "Ann again,+79165550101,,,\n")
    assert (report.loaded, report.doubles) == (2, 1)
    assert await count(store, clients) == 2


async def test_a_known_client_comes_into_another_pool(store: Store, load: Import) -> None:
    await load(HEADING + GOOD)
    report = await load(HEADING + GOOD, campaign="Tea")
    assert (report.loaded, report.known) == (0, 2)
    assert [await count(store, table) for table in (campaigns, clients, entries)] == [2, 2, 4]


async def test_bad_rows_are_told_and_the_others_loaded(load: Import) -> None:
    report = await load(HEADING + "No phone,,,,\n" + GOOD + "Wrong,12,,,\nToo,8 916 555 01 03,,,,more\n")
    assert report.loaded == 2
    assert [(fault.row, fault.reason) for fault in report.faults] == [
        (2, "no phone"),
        (5, "no phone number: '12'"),
        (6, "more cells than headings"),
    ]
    told = report.in_words()
    assert "2 clients loaded" in told
    assert "row 5: no phone number: '12'" in told


async def test_bad_rows_can_be_mended_and_loaded_again(store: Store, load: Import, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    await load(HEADING + GOOD + "Cid,12,,Perm,=1+1\nDan,,,,\n", bad_rows=file)
    text = file.read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert rows[0][1:] == ["Name", "Phone", "Phone 2", "City", "Debt"]
    assert [row[1] for row in rows[1:]] == ["Cid", "Dan"]
    assert rows[1][5] == "'=1+1", "no spreadsheet may take a cell for a formula"
    mended = text.replace("Cid,12", "Cid,8 916 555 01 03")
    report = await load(mended, bad_rows=file)
    assert (report.loaded, len(report.faults)) == (1, 1)
    kept = await store.read(
        lambda conn: conn.execute(select(clients.c.fields).where(clients.c.name == "Cid")).scalar_one()
    )
    assert kept == {"Debt": "'=1+1"}, "why a row was bad is no field of its client"
    again = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert again == [rows[0], rows[2]], "however often it is done"


async def test_a_file_without_bad_rows_leaves_none(load: Import, tmp_path: Path) -> None:
    await load(HEADING + GOOD, bad_rows=tmp_path / "bad.csv")
    assert not (tmp_path / "bad.csv").exists()


@pytest.mark.parametrize("text", ["", "Name,City\nAnn,Tver\n", "PK\x03\x04"])
async def test_a_broken_file_harms_nothing(store: Store, load: Import, text: str) -> None:
    report = await load(text)
    assert report.failed
    assert "clients.csv" in report.in_words()
    assert await count(store, campaigns) == 0, "nor is there a campaign without anybody in it"


async def test_a_broken_script_harms_nothing(store: Store, load: Import, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [", encoding="utf-8")
    report = await load(HEADING + GOOD, script=broken)
    assert "broken.yaml:" in report.failed
    assert [await count(store, table) for table in (campaigns, clients)] == [0, 0]


async def test_an_inbound_campaign_needs_no_clients(store: Store, load: Import) -> None:
    report = await load(None, inbound=True)
    assert (report.loaded, report.failed) == (0, "")
    found = await store.read(lambda conn: service.inbound_of(conn, "main"))
    assert found is not None
    assert found.disposition("inbound_done") is not None


async def test_rules_of_a_campaign_that_is_there_are_changed_only_where_given(
    store: Store, load: Import
) -> None:
    await load(HEADING + GOOD, cooldown_s=30)
    await load(HEADING + GOOD)
    kept = await store.read(lambda conn: service.find(conn, "Water"))
    assert kept is not None
    assert kept.rules == Rules(cooldown_s=30)
    await load(HEADING + GOOD, max_postponed=3)
    changed = await store.read(lambda conn: service.find(conn, "Water"))
    assert changed is not None
    assert changed.rules == Rules(cooldown_s=30, max_postponed=3)


async def test_a_long_file_goes_in_pieces_and_says_how_far_it_is(store: Store, tmp_path: Path) -> None:
    total = 2 * CHUNK + 7
    path = tmp_path / "long.csv"
    path.write_text("phone\n" + "".join(f"8916{i:07d}\n" for i in range(total)), encoding="utf-8")
    order = ImportOrder(file=path, campaign="Long", script=None, line="main", language="en", region="RU")
    done: list[int] = []
    report = await run_import(store, order, lambda: NOW, done.append)
    assert report.loaded == total
    assert done == [CHUNK, 2 * CHUNK, total]


def test_so_many_faults_are_not_all_read_out() -> None:
    faults = [{"row": row, "reason": "no phone"} for row in range(2, 2 + MOST_SHOWN + 5)]
    report = msgspec.convert({"campaign": "C", "faults": faults}, ImportReport)
    assert "and 5 more" in report.in_words()
