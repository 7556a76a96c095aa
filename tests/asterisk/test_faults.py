"""The daemon killed at random moments of an operator's work: nothing is lost, nobody is rung twice.

The oracle is an AMI session of its own, which counts the channels that Asterisk made for each number.
"""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.faults.blind import press_blind
from tests.faults.oracle import Json, Oracle, seed_of_this_run
from tests.rig.asterisk import AsteriskServer
from tests.rig.daemon import Client, Daemon, Page, plausible
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import asterisk, far_end, network, phones
from tests.rig.process import wait_until

__all__ = ["asterisk", "far_end", "network", "phones"]

KILLS = 20
PHASES = ("preview", "dial", "ringing", "talking", "step", "wrapup")
DAEMON_BACK_S = 10.0


@dataclass
class Round:
    """One client, one kill."""

    phase: str
    page: Page
    daemon: Daemon
    rng: random.Random
    number: str = ""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    step: int = 0
    sent: Json = field(default_factory=dict)
    answers: int = 0
    before: Json = field(default_factory=dict)
    waiting: list[HTTPConnection] = field(default_factory=list)  # presses whose answers will never come

    def pause(self, longest: float) -> None:
        time.sleep(self.rng.uniform(0, longest))  # the random moment

    def begin(self) -> None:
        self.page.press("next")
        self.page.wait_state("preview")
        self.number = self.page.work["card"]["phones"][0]["e164"]
        self.page.on_work("draft", note=f"слышно плохо, {self.phase}")
        self._type_a_field()

    def _type_a_field(self) -> None:
        run = self.page.work["run"]
        texts = [each["id"] for each in run["block"]["fields"] if each["kind"] == "text"]
        if texts:
            self.page.on_work("fields", step=run["step"], fields={texts[0]: "полуслово"})

    def talk(self) -> None:
        self.page.on_work("dial")
        self.page.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
        self.page.answer()
        self.answers += 1

    def blind(self, verb: str, **body: Any) -> None:
        self.sent = {"work": self.page.work["id"], **body}
        self.waiting.append(press_blind(self.page, verb, key=self.key, **self.sent))

    def reach(self) -> None:
        """Go to the phase, and to a random moment of it."""
        self.begin()
        getattr(self, f"_reach_{self.phase}")()
        self.before = self.page.desk

    def _reach_preview(self) -> None:
        self.pause(0.3)

    def _reach_dial(self) -> None:
        self.blind("dial")
        self.pause(0.06)

    def _reach_ringing(self) -> None:
        self.page.on_work("dial")
        if self.number.endswith("408"):
            self.page.wait(lambda desk: desk["work"]["call"]["state"] == "ringing", "the ringing")
        self.pause(0.25)

    def _reach_talking(self) -> None:
        self.talk()
        self.pause(0.5)

    def _reach_step(self) -> None:
        self.talk()
        run = self.page.work["run"]
        self.step = run["step"]
        answer = run["block"]["answers"][0]["id"]
        fields = {f["id"]: plausible(f) for f in run["block"]["fields"] if f["required"] and not f["value"]}
        self.blind("step", step=self.step, move={"kind": "answer", "answer": answer, "fields": fields})
        self.pause(0.02)

    def _reach_wrapup(self) -> None:
        self.talk()
        self.page.on_work("hangup")
        self.page.wait_state("wrapup")
        self.page.on_work("draft", disposition="refused_no_need", comment="есть свой колодец")
        self.pause(0.3)

    # --- after the kill ---

    def check_back(self) -> None:
        """The page is where it was."""
        was, now = self.before["work"], self.page.work
        assert now["id"] == was["id"]
        assert now["note"] == was["note"]
        assert now["draft"] == was["draft"]
        assert now["card"] == {**was["card"], "attempt": now["card"]["attempt"]}
        if self.phase == "step":
            assert now["run"]["step"] in (self.step, self.step + 1)
        else:
            assert now["run"] == was["run"]
        if was["call"] is not None:
            assert now["call"]["id"] == was["call"]["id"]

    def press_again(self) -> None:
        """What a page does with a press whose answer never came: the same, with the same key."""
        if not self.sent:
            return
        verb = "dial" if self.phase == "dial" else "step"
        self.page.press(verb, key=self.key, **self.sent)
        if verb == "step":
            self.answers += 1
            assert self.page.work["run"]["step"] == self.step + 1

    def finish(self) -> None:
        """Work goes on to its end, whatever the kill left."""
        page = self.page
        if self.phase == "preview":
            page.on_work("dial")
        page.wait(_settled, "a settled call", 20)
        call = page.work["call"]
        if call["state"] in ("bridged", "answered"):
            page.wait(lambda desk: desk["work"]["call"]["state"] in ("bridged", "ended"), "the bridge")
            page.answer()
            self.answers += 1
        if page.desk["state"] != "wrapup":
            page.on_work("hangup")
            page.wait_state("wrapup")
            assert page.work["call"]["ended_by"] == "operator"
        page.save("refused_no_need")
        page.wait_state("ready")


def _settled(desk: Json) -> bool:
    call = desk["work"]["call"]
    if call is None:
        return False
    if call["state"] in ("dialling", "ringing"):
        return desk["work"]["card"]["phones"][0]["e164"].endswith("408")
    return call["state"] in ("bridged", "ended")


def plan(rng: random.Random) -> list[str]:
    """Every phase at least three times, in random order."""
    phases = [*PHASES * (KILLS // len(PHASES)), *rng.sample(PHASES, KILLS % len(PHASES))]
    rng.shuffle(phases)
    return phases


@pytest.mark.timeout(400)
def test_scenario_31_killed_at_random_moments_nobody_is_rung_twice(
    asterisk: AsteriskServer,
    far_end: FarEnd,
    phones: FarEnd,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rng = random.Random(seed_of_this_run())
    phases = plan(rng)
    numbers = []
    for index, phase in enumerate(phases):
        rings_on = phase == "ringing" and rng.random() < 0.5
        numbers.append(f"+7916{index:04d}{'408' if rings_on else '200'}")
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("maria", "op301")
    daemon.add_supervisor()
    daemon.add_campaign(numbers)
    daemon.start()
    oracle = Oracle(asterisk)
    page = Page(daemon, "maria")
    back: list[float] = []
    try:
        page.start_session()
        page.choose()
        for phase, number in zip(phases, numbers, strict=True):
            one = Round(phase=phase, page=page, daemon=daemon, rng=rng)
            one.reach()
            assert one.number == number
            daemon.kill()
            killed = time.monotonic()
            daemon.start()
            page.reopen()
            one.check_back()
            page.wait(lambda desk: desk["pbx_up"], "the PBX")
            back.append(time.monotonic() - killed)
            assert page.desk["session_up"]
            one.press_again()
            one.finish()
            assert oracle.rings(number) == 1, f"{phase}: rung once, whatever happened"
            check_kept(daemon, one)
        assert oracle.all_rings == KILLS
        assert len(page.popped) == KILLS, "each client shown once"
    finally:
        page.close()
        oracle.close()
        daemon.stop()
    print(
        f"page back with its PBX after {max(back):.2f} s at most, {sorted(back)[len(back) // 2]:.2f} s median"
    )
    assert max(back) < DAEMON_BACK_S


def check_kept(daemon: Daemon, one: Round) -> None:
    """What the console shows of the call: each answer once, with its second of the recording."""
    head = Client(daemon, "head")
    newest = head.get("/api/v1/calls")["items"][0]["id"]
    shown = wait_until(
        lambda: (
            (found := head.get(f"/api/v1/calls/{newest}"))
            and (found["recording"] is None or found["recording"]["state"] != "writing")
            and found
        ),
        10,
        "the recording",
    )
    answers = [step for step in shown["steps"] if step["kind"] == "answer"]
    assert len(answers) == one.answers, f"{one.phase}: {[step['block'] for step in shown['steps']]}"
    assert len({step["seq"] for step in shown["steps"]}) == len(shown["steps"])
    assert shown["recording"] is None or not shown["recording"]["uncertain"]
    if shown["talk_s"] > 0.5:  # a shorter one may hold no sound at all
        assert shown["recording"]["state"] == "ready"
        assert all(step["offset_s"] is not None for step in answers)
    elif shown["talk_s"]:
        assert shown["recording"]["state"] in ("ready", "no_audio")
    assert shown["disposition"]
