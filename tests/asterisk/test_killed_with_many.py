"""Asterisk killed with fifty recorded calls, over and over: all closed at its return, all sound kept but the tail.

What is lost is held against the sound that had reached Asterisk (the packets that it counted), not the clock: on a
starved machine sound comes late, or not at all, and no kill is to blame for that. All that is on the disk must be in
the recording.
"""

from __future__ import annotations

import io
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest
import soundfile

from tests.faults.oracle import seed_of_this_run
from tests.rig.asterisk import AsteriskServer
from tests.rig.crowd import Crowd, add_people, add_phones, crowd
from tests.rig.daemon import Client, Daemon, Page
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import far_end, network, phones
from tests.rig.network import Network
from tests.rig.process import wait_until
from tests.rig.wire import RawAmi

__all__ = ["far_end", "network", "phones"]

CALLS = 50
LONG = bool(os.environ.get("DIALER_LONG"))
ROUNDS = int(os.environ.get("KILL_ROUNDS") or (20 if LONG else 2))
CLOSED_S = 3.0
PACKET_S = 0.02
LOST_TAIL_S = 2.1  # what Asterisk had not yet written down
DONE_S = 60.0


@pytest.fixture(scope="module")
def asterisk(network: Network) -> Iterator[AsteriskServer]:
    server = AsteriskServer()
    try:
        add_phones(server, CALLS)
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    with daemon.config.open("a") as file:
        file.write(f"capacity = {2 * CALLS}\n")
    return daemon


@pytest.fixture(scope="module")
def office(daemon: Daemon, far_end: FarEnd, phones: FarEnd) -> Iterator[Crowd]:
    people = add_people(daemon, CALLS)
    daemon.add_supervisor()
    daemon.add_campaign([f"+7916{n:04d}200" for n in range(CALLS * ROUNDS)])
    daemon.start()
    with crowd(daemon, people.items()) as office:
        office.each(Page.choose)
        yield office
    daemon.stop()


@dataclass
class Figures:
    """What was measured, in seconds."""

    closed: list[float] = field(default_factory=list)  # after Asterisk's return
    lost: list[float] = field(default_factory=list)  # of each recording, of the sound that had come
    behind: list[float] = field(default_factory=list)  # how much of it had not come, by the clock
    done: list[float] = field(default_factory=list)  # until all recordings could be heard
    rounds: list[float] = field(default_factory=list)

    def say(self) -> None:
        over = sum(lost > LOST_TAIL_S for lost in self.lost)
        print(
            f"\n{len(self.closed)} kills: {CALLS} calls closed {max(self.closed):.2f} s after its return at most;"
            f" {len(self.lost)} recordings, {min(self.lost):.2f} to {max(self.lost):.2f} s lost, {over} of them"
            f" more than {LOST_TAIL_S} s; sound was {max(self.behind):.2f} s behind the clock at most;"
            f" all to be heard after {max(self.done):.1f} s at most; {max(self.rounds):.1f} s a round at most"
        )


def talk(page: Page) -> str:
    """From no session to a client on the line; the call."""
    page.start_session()
    page.press("next")
    page.wait_state("preview")
    page.on_work("dial")
    page.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer", 20)
    return str(page.work["call"]["id"])


def leave(page: Page) -> None:
    page.wait_state("wrapup")
    assert page.work["call"]["ended_by"] == "system"
    page.save("call_failed")
    page.wait_state("offline")


def open_calls(daemon: Daemon) -> int:
    with closing(sqlite3.connect(f"file:{daemon.folder}/store.db?mode=ro", uri=True)) as store:
        return int(store.execute("SELECT count(*) FROM calls WHERE ended_at IS NULL").fetchone()[0])


@pytest.mark.timeout(120 + 60 * ROUNDS)
def test_scenario_21_killed_with_fifty_recorded_calls(
    asterisk: AsteriskServer, daemon: Daemon, office: Crowd
) -> None:
    rng = random.Random(seed_of_this_run())
    figures, head = Figures(), Client(daemon, "head")
    for _ in range(ROUNDS):
        began = time.monotonic()
        one_round(asterisk, daemon, office, head, rng, figures)
        figures.rounds.append(time.monotonic() - began)
    figures.say()
    assert max(figures.closed) < CLOSED_S
    # Counted in packets, of which one at each end may be on its way: the limit holds to that grain.
    assert max(figures.lost) < LOST_TAIL_S + 2 * PACKET_S


def one_round(
    asterisk: AsteriskServer,
    daemon: Daemon,
    office: Crowd,
    head: Client,
    rng: random.Random,
    figures: Figures,
) -> None:
    with RawAmi() as witness:
        witness.login(asterisk.accounts.ami)
        calls = office.each(talk)
        witness.drain(rng.uniform(2.5, 3.5))
        began = {call: witness.event("MixMonitorStart", Uniqueid=call) for call in calls}
    assert open_calls(daemon) == len(set(calls)) == CALLS
    asked_at, packets = time.time(), received(asterisk)
    asterisk.kill()
    on_disk = {call: written(asterisk, call) for call in calls}
    asterisk.start()
    back = time.monotonic()
    wait_until(lambda: open_calls(daemon) == 0, 15, "the end of all calls")
    figures.closed.append(time.monotonic() - back)
    office.each(leave)
    for call in calls:
        kept = heard(head, call, back)
        assert kept == pytest.approx(on_disk[call], abs=0.001), "all that was on the disk"
        lasted = asked_at - float(began[call]["Timestamp"])
        had_come = PACKET_S * packets[began[call]["Channel"].removeprefix("PJSIP/")]
        if had_come < kept:  # this client's sound hardly came: the operator's moved the recording on
            had_come = lasted
        figures.lost.append(had_come - kept)
        figures.behind.append(lasted - had_come)
    figures.done.append(time.monotonic() - back)


def received(asterisk: AsteriskServer) -> dict[str, int]:
    """By channel, how many packets of sound have come from its far end."""
    rows = (line.split() for line in asterisk.cli("pjsip show channelstats").splitlines())
    return {row[1]: int(row[4]) for row in rows if len(row) > 8 and row[4].isdigit()}


def written(asterisk: AsteriskServer, call: str) -> float:
    """Seconds of sound of the longer side of a recording, as a dead Asterisk left it."""
    sizes = [path.stat().st_size for path in asterisk.monitor.glob(f"{call}-*.wav")]
    return max(0, max(sizes, default=0) - 44) // 2 / 8000


def heard(head: Client, call: str, back: float) -> float:
    """Seconds of a recording, fetched as a browser does, and read by a player's library."""
    shown = wait_until(
        lambda: (found := head.get(f"/api/v1/calls/{call}"))["recording"]["state"] != "writing" and found,
        DONE_S - (time.monotonic() - back),
        "the recording",
        pause_s=0.2,
    )
    assert shown["end_reason"] == "pbx_restarted"
    if shown["recording"]["state"] == "no_audio":
        return 0.0  # all of it is lost: that is too much of any talk of this test
    assert shown["recording"]["state"] == "repaired"
    assert not shown["recording"]["uncertain"]
    assert len(shown["recording"]["segments"]) == 1
    status, sound = head.fetch(shown["recording"]["segments"][0]["audio"])
    assert status == 200
    samples, rate = soundfile.read(io.BytesIO(sound))
    assert samples.shape[1] == 2
    return len(samples) / rate
