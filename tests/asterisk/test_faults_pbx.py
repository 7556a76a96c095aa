"""Asterisk killed at random moments of an operator's work: told at once, closed with its reason, taken up again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.faults.oracle import Json, Oracle, seed_of_this_run
from tests.rig.asterisk import AsteriskServer
from tests.rig.daemon import Client, Daemon, Page
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import asterisk, far_end, network, phones
from tests.rig.process import wait_until

__all__ = ["asterisk", "far_end", "network", "phones"]

KILLS = 20
PHASES = ("preview", "ringing", "talking", "talking", "talking")
LOST_TAIL_S = 2.1  # what Asterisk had not yet written down


@pytest.fixture(scope="module")
def rng() -> random.Random:
    return random.Random(seed_of_this_run())


@pytest.fixture(scope="module")
def phases(rng: random.Random) -> list[str]:
    phases = [*PHASES * (KILLS // len(PHASES))]
    rng.shuffle(phases)
    return phases


@pytest.fixture(scope="module")
def daemon(
    asterisk: AsteriskServer, phases: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("maria", "op301")
    daemon.add_supervisor()
    fates = ["408" if phase == "ringing" else "200" for phase in phases]
    daemon.add_campaign([f"+7916{index:04d}{fate}" for index, fate in enumerate(fates)])
    daemon.start()
    yield daemon
    daemon.stop()


@dataclass
class Figures:
    """What was measured, in seconds."""

    told: list[float]
    back: list[float]
    tails: list[float]
    unwritten: int = 0  # talks so short that nothing of them had reached the disk

    def say(self) -> None:
        print(
            f"page told after {max(self.told):.3f} s at most; PBX back after {max(self.back):.2f} s at most"
        )
        print(
            f"recordings: {len(self.tails)} repaired, tail lost {min(self.tails):.2f} to {max(self.tails):.2f} s; "
            f"{self.unwritten} too short to have been written"
        )


@dataclass
class Round:
    phase: str
    page: Page
    oracle: Oracle
    rng: random.Random
    number: str = ""
    call: str = ""
    killed_at: float = 0.0

    def reach(self) -> None:
        page = self.page
        page.start_session()
        page.press("next")
        page.wait_state("preview")
        self.number = page.work["card"]["phones"][0]["e164"]
        if self.phase == "preview":
            return
        page.on_work("dial")
        self.call = page.work["call"]["id"]
        if self.phase == "ringing":
            page.wait(lambda desk: desk["work"]["call"]["state"] == "ringing", "the ringing")
            return
        page.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
        page.answer()
        self.oracle.look(self.rng.uniform(0.2, 4.5))

    def refused_while_away(self) -> None:
        """Nothing is ordered of a PBX that is away, and the page says so."""
        page = self.page
        verb = "dial" if self.phase == "preview" else "hangup"
        page.on_work(verb)
        assert page.desk["refusal"]["code"] == "pbx_away"
        assert not page.desk["pbx_up"]

    def closed(self, desk: Json) -> None:
        call = desk["work"]["call"]
        assert call["id"] == self.call
        assert call["ended_by"] == "system"
        assert call["outcome"] == ("unknown" if self.phase == "ringing" else "answered")
        assert not desk["session_up"]

    def finish(self) -> None:
        page = self.page
        if self.phase == "preview":
            assert page.desk["state"] == "preview"
            assert page.work["call"] is None
        page.save("call_failed")
        page.wait_state("offline")


def started_at(oracle: Oracle, call: str) -> float:
    return float(oracle.heard("MixMonitorStart", call)["Timestamp"])


@pytest.mark.timeout(400)
def test_scenario_21_asterisk_killed_in_mid_call(
    asterisk: AsteriskServer,
    far_end: FarEnd,
    phones: FarEnd,
    daemon: Daemon,
    phases: list[str],
    rng: random.Random,
) -> None:
    page, head, oracle = Page(daemon, "maria"), Client(daemon, "head"), Oracle(asterisk)
    figures = Figures([], [], [])
    page.choose()
    for phase in phases:
        one = Round(phase, page, oracle, rng)
        one.reach()
        began = started_at(oracle, one.call) if phase == "talking" else 0.0
        asterisk.kill()
        killed, killed_at = time.monotonic(), time.time()
        page.wait(lambda desk: not desk["pbx_up"], "the page's word of it", 5)
        figures.told.append(time.monotonic() - killed)
        one.refused_while_away()
        asterisk.start()
        oracle.open()
        page.wait(lambda desk: desk["pbx_up"], "the PBX", 10)
        figures.back.append(time.monotonic() - killed)
        if phase != "preview":
            one.closed(page.wait_state("wrapup"))
            shown = recording_done(head, one.call)
            assert shown["end_reason"] == "pbx_restarted"
            if phase == "talking":
                check_recording(shown["recording"], killed_at - began, figures)
        one.finish()
        oracle.look(0.3)
        assert oracle.rings(one.number) == (0 if phase == "preview" else 1), "nothing is dialled later"
    page.close()
    oracle.close()
    figures.say()


def recording_done(head: Client, call: str) -> Json:
    def look() -> Json | None:
        found = head.get(f"/api/v1/calls/{call}")
        writing = found["recording"] is not None and found["recording"]["state"] == "writing"
        return None if writing else found

    shown = wait_until(look, 15, "the recording")
    assert shown is not None
    return shown


def check_recording(recording: Json, truth_s: float, figures: Figures) -> None:
    """All but the tail that Asterisk had not written is there, and plays."""
    assert not recording["uncertain"]
    if truth_s <= LOST_TAIL_S and recording["state"] == "no_audio":
        figures.unwritten += 1
        return
    assert recording["state"] == "repaired"
    assert recording["segments"][0]["audio"]
    figures.tails.append(truth_s - recording["duration_s"])
    assert -0.1 < figures.tails[-1] < LOST_TAIL_S
