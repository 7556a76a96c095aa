"""The order that the command line leaves beside the store: taken whole, from the right hand, or not at all."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialer.store.engine import Store
from dialer.telephony import line_orders
from dialer.telephony.line_command import carry_out, standing
from dialer.telephony.line_orders import LineOrder

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_what_is_left_is_taken(tmp_path: Path) -> None:
    path = line_orders.place(tmp_path / "store.db")
    assert line_orders.take(path) is None
    order = LineOrder(action="stop", line="main", hang_up=True)
    line_orders.leave(path, order)
    assert line_orders.take(path) == order
    line_orders.done(path)
    assert line_orders.take(path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"action": "explode"}', b"\xff\xfe", b'{"action": "stop", "line": 5}']
)
def test_what_is_no_order_is_not_taken(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "order"
    path.write_bytes(raw)
    assert line_orders.take(path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write as somebody else")
def test_another_users_file_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "order"
    line_orders.leave(path, LineOrder(action="stop"))
    os.chown(path, 12345, 12345)
    assert line_orders.take(path) is None


async def test_without_a_daemon_it_is_done_in_the_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    told = await carry_out(url, LineOrder(action="stop", line="main"), NOW)
    assert told == "line main: stopped (no daemon is running)"
    assert await standing(url, ["main", "second"]) == [
        "all dialling: on",
        "main: stopped by command line, 2026-11-22 09:00 UTC",
        "second: on",
    ]
    await carry_out(url, LineOrder(action="resume", line="main"), NOW)
    assert (await standing(url, ["main"]))[1] == "main: on"


async def test_with_a_daemon_it_is_left_for_it_and_waited_for(tmp_path: Path) -> None:
    path = line_orders.place(tmp_path / "store.db")
    taken: list[LineOrder] = []

    async def daemon() -> None:
        while (order := line_orders.take(path)) is None:
            await asyncio.sleep(0)  # the sweep's turn
        taken.append(order)
        line_orders.done(path)

    store = await Store.open(f"sqlite:///{tmp_path / 'store.db'}")
    try:
        order = LineOrder(action="stop", hang_up=True)
        told, _ = await asyncio.gather(carry_out(f"sqlite:///{tmp_path / 'store.db'}", order, NOW), daemon())
    finally:
        await store.close()
    assert told == "all dialling: stopped"
    assert taken == [order]


async def test_an_order_that_nobody_takes_does_not_stay(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = await Store.open(url)
    try:
        with pytest.raises(TimeoutError):
            await carry_out(url, LineOrder(action="stop"), NOW, wait_s=0.0)
    finally:
        await store.close()
    assert not line_orders.place(tmp_path / "store.db").exists()
