"""The outbound path, whole, on a real Asterisk: from Next to the recording with its marks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig.asterisk import AsteriskServer
from tests.rig.daemon import Client, Daemon, Page
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import asterisk, far_end, network, phones
from tests.rig.process import wait_until

__all__ = ["asterisk", "far_end", "network", "phones"]


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("maria", "op301")
    daemon.add_supervisor()
    numbers = [
        f"+7916{i:04d}{fate}" for i, fate in enumerate(["200", "201", "486", "404", "603", "480", "503"])
    ]
    daemon.add_campaign(numbers)
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def page(daemon: Daemon, far_end: FarEnd, phones: FarEnd) -> Iterator[Page]:
    page = Page(daemon, "maria")
    page.start_session()
    page.choose()
    yield page
    page.close()


def test_a_call_from_next_to_the_recording_with_its_marks(page: Page, daemon: Daemon) -> None:
    page.press("next")
    page.wait_state("preview")
    assert page.work["run"]["block"]["text"]
    page.on_work("dial")
    page.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
    for _ in range(3):
        page.answer()
    page.on_work("hangup")
    desk = page.wait_state("wrapup")
    assert desk["work"]["call"]["ended_by"] == "operator"
    call = desk["work"]["call"]["id"]
    page.save("sale")
    page.wait_state("ready")

    head = Client(daemon, "head")
    shown = wait_until(
        lambda: (found := head.get(f"/api/v1/calls/{call}"))["recording"]["state"] != "writing" and found,
        10,
        "the recording",
    )
    assert shown["recording"]["state"] == "ready"
    assert not shown["recording"]["uncertain"]
    assert len(shown["steps"]) >= 3
    assert all(step["offset_s"] is not None for step in shown["steps"])
    status, sound = head.fetch(shown["recording"]["segments"][0]["audio"], {"Range": "bytes=0-99"})
    assert status == 206
    assert sound[:4] == b"RIFF"


@pytest.mark.parametrize(
    ("outcome", "ended_by"),
    [
        ("answered", "client"),
        ("busy", None),
        ("wrong_number", None),
        ("rejected", None),
        ("unreachable", None),
        ("congestion", None),
    ],
)
def test_each_outcome_is_told_from_the_others(page: Page, outcome: str, ended_by: str | None) -> None:
    page.press("next")
    page.on_work("dial")
    desk = page.wait_state("wrapup")
    assert desk["work"]["call"]["outcome"] == outcome
    if ended_by:
        assert desk["work"]["call"]["ended_by"] == ended_by
    assert desk["session_up"]
    page.save(desk["work"]["suggested"] or "refused_no_need")
    page.wait_state("ready")
