"""Each answer's mark in the recording, held against what was being said when it was given.

The operator's microphone in Chromium sounds another tone each second. A mark is right if the recording sounds, at
that second, as the client heard the operator when the answer was pressed: the client's RTP is read on the wire. What
the microphone itself says is no measure on a busy machine: Chromium's own times of its sound were up to 0.6 s off
there beside a recording that was right to 0.02 s.
"""

from __future__ import annotations

import io
import random
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from dialer.scripts.yaml_dump import dump
from dialer.scripts.yaml_form import load
from tests.faults.oracle import Json, seed_of_this_run
from tests.rig.asterisk import PROVIDER, AsteriskServer
from tests.rig.browser import BrowserPhone, chromium, served
from tests.rig.browser_files import PHONE
from tests.rig.daemon import SCRIPTS, Client, Daemon, Page, plausible
from tests.rig.far_end import FarEnd
from tests.rig.fixtures import asterisk, far_end, network, voice
from tests.rig.network import Network
from tests.rig.process import wait_until
from tests.rig.sound import Clock, Samples, moments_apart
from tests.rig.tap import Heard, Tap

__all__ = ["asterisk", "far_end", "network", "voice"]

pytestmark = pytest.mark.browser

WITHIN_S = 0.2
ANSWERS = 10
SPEAKING = [f"+791600{n:02d}200" for n in range(6)]
MUTED = [f"+791601{n:02d}200" for n in range(6)]
PAUSED = [f"+791603{n:02d}200" for n in range(12)]
CARD = ["+79160400200"]
SILENT = ["+79160200203"]
Pause = Callable[[float], None]


def with_a_card(folder: Path) -> Path:
    """The water script, whose second block is one on which nothing is recorded."""
    script = load((SCRIPTS / "water_reorder_ru.yaml").read_text(encoding="utf-8")).script
    assert script is not None
    first = script.block(script.start)
    assert first is not None
    blocks = (replace(block, pause_recording=block.id == first.answers[0].to) for block in script.blocks)
    marked = folder / "card.yaml"
    marked.write_text(dump(replace(script, name="С картой", blocks=tuple(blocks))), encoding="utf-8")
    return marked


@pytest.fixture(scope="module")
def daemon(asterisk: AsteriskServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    daemon = Daemon.beside(asterisk, tmp_path_factory.mktemp("daemon"))
    daemon.add_operator("maria", "op201", phone="webrtc", secret=asterisk.accounts.browser)
    daemon.add_supervisor()
    daemon.add_campaign(SPEAKING)
    daemon.add_campaign(MUTED, name="Молчание")
    daemon.add_campaign(PAUSED, name="Паузы")
    daemon.add_campaign(SILENT, name="Молчуны")
    daemon.add_campaign(CARD, name="Карты", script=str(with_a_card(daemon.folder)))
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def phone(network: Network, asterisk: AsteriskServer, voice: Path) -> Iterator[BrowserPhone]:
    with served(PHONE) as address, chromium(voice) as browser:
        phone = BrowserPhone(browser, address, user="op201", password=asterisk.accounts.browser)
        phone.wait_registered()
        yield phone


@pytest.fixture(scope="module")
def page(daemon: Daemon, phone: BrowserPhone, far_end: FarEnd) -> Iterator[Page]:
    page = Page(daemon, "maria")
    page.start_session()
    yield page
    page.close()


@pytest.fixture(scope="module")
def tap(network: Network) -> Iterator[Tap]:
    with Tap() as tap:
        yield tap


@dataclass(frozen=True, slots=True)
class Spoken:
    """By step, when its answer was pressed (s since 1970); and what the client heard meanwhile."""

    pressed: dict[int, float]
    heard: Heard


def call_with_answers(
    page: Page, phone: BrowserPhone, tap: Tap, pauses: list[float], between: Pause
) -> Spoken:
    began = time.time()
    page.press("next")
    page.on_work("dial")
    page.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
    pressed = {}
    for pause in pauses:
        between(pause)
        run = page.work["run"]
        fields = {f["id"]: plausible(f) for f in run["block"]["fields"] if f["required"] and not f["value"]}
        move = {"kind": "answer", "answer": run["block"]["answers"][0]["id"], "fields": fields}
        pressed[run["step"]] = time.time()
        page.on_work("step", step=run["step"], move=move)
    phone.page.wait_for_timeout(1500)  # of sound behind the last answer, so that its second can be told
    page.on_work("hangup")
    page.wait_state("wrapup")
    return Spoken(pressed, tap.told(PROVIDER, began))


def errors_of(head: Client, call: str, spoken: Spoken) -> list[float]:
    """For each answer: how much later (s) the mark stands than what was said at the press.

    Nothing for a recording of which the console itself says that its marks are uncertain: on a machine that is
    busy with other work, sound gets lost before Asterisk has it.
    """
    shown = finished(head, call)
    assert shown["recording"]["state"] == "ready"
    if shown["recording"]["uncertain"]:
        print(
            f"sound was lost, says the console: {shown['recording']['duration_s']} s of {shown['talk_s']} are left"
        )
        return []
    recorded = operators_voice(head, shown)
    errors = []
    for step in shown["steps"]:
        if step["seq"] in spoken.pressed and step["kind"] == "answer":
            said = spoken.heard.moment(spoken.pressed[step["seq"]])
            errors.append(moments_apart(recorded.moment(step["offset_s"]), said))
    assert len(errors) == len(spoken.pressed)
    return errors


def finished(head: Client, call: str) -> Json:
    """A call's page as soon as its recording is there."""

    def done() -> Json | None:
        found = head.get(f"/api/v1/calls/{call}")
        return found if found["recording"]["state"] != "writing" else None

    shown = wait_until(done, 10, "the recording")
    assert shown is not None
    return shown


def operators_voice(head: Client, shown: Json) -> Clock:
    """The left side of the recording, as the console plays it."""
    return Clock.listen(sides_of(head, shown["recording"])[0], 8000)


def sides_of(head: Client, recording: Json) -> tuple[Samples, Samples]:
    """Operator and client, as the console plays them."""
    _, sound = head.fetch(recording["segments"][0]["audio"])
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getframerate() == 8000
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64) / 32768
    return samples[0::2], samples[1::2]


def tell(what: str, errors: list[float]) -> None:
    print(f"{what}: " + " ".join(f"{1000 * error:+.0f}" for error in errors) + " ms")


def test_the_marks_of_ten_answers(page: Page, phone: BrowserPhone, tap: Tap, daemon: Daemon) -> None:
    rng, head = random.Random(seed_of_this_run()), Client(daemon, "head")
    page.choose()
    errors: list[float] = []
    while len(errors) < ANSWERS:
        pauses = [rng.uniform(0.15, 2.0) for _ in range(5)]
        spoken = call_with_answers(page, phone, tap, pauses, lambda s: phone.page.wait_for_timeout(1000 * s))
        errors += errors_of(head, page.work["call"]["id"], spoken)
        page.save("sale")
        page.wait_state("ready")
    tell("marks of ten answers", errors)
    assert max(map(abs, errors)) < WITHIN_S


def muted_a_while(phone: BrowserPhone) -> Pause:
    def between(seconds: float) -> None:
        phone.mute(True)
        phone.page.wait_for_timeout(1000 * seconds)
        phone.mute(False)
        phone.page.wait_for_timeout(1600)

    return between


def test_scenario_40_marks_behind_a_mute(page: Page, phone: BrowserPhone, tap: Tap, daemon: Daemon) -> None:
    page.choose("Молчание")
    errors: list[float] = []
    while not errors:
        spoken = call_with_answers(page, phone, tap, [1.1, 0.4, 1.7], muted_a_while(phone))
        errors = errors_of(Client(daemon, "head"), page.work["call"]["id"], spoken)
        page.save("sale")
        page.wait_state("ready")
    tell("behind a mute", errors)
    assert max(map(abs, errors)) < WITHIN_S


def paused_twice(page: Page, phone: BrowserPhone) -> Pause:
    def between(seconds: float) -> None:
        for _ in range(2):
            page.on_work("pause", on=True)
            phone.page.wait_for_timeout(500 * seconds)
            page.on_work("pause", on=False)
            phone.page.wait_for_timeout(1100)  # of sound, so that the second of a press can be told

    return between


def test_marks_behind_two_pauses_of_the_recording(
    page: Page, phone: BrowserPhone, tap: Tap, daemon: Daemon
) -> None:
    """Silence is written, so that time is kept: pauses move no mark, and stand in the waveform where they were."""
    page.choose("Паузы")
    head, errors = Client(daemon, "head"), list[float]()
    while not errors:
        spoken = call_with_answers(page, phone, tap, [0.9, 1.6], paused_twice(page, phone))
        call = page.work["call"]["id"]
        errors = errors_of(head, call, spoken)
        shown = head.get(f"/api/v1/calls/{call}")["recording"]
        page.save("sale")
        page.wait_state("ready")
    tell("behind two pauses", errors)
    assert max(map(abs, errors)) < 0.1
    assert [pause["how"] for pause in shown["pauses"]] == ["operator"] * 4
    lengths = [pause["to_s"] - pause["from_s"] for pause in shown["pauses"]]
    assert lengths == pytest.approx([s / 2 for s in (0.9, 1.6) for _ in range(2)], abs=0.15)
    for side in sides_of(head, shown):
        for pause in shown["pauses"]:
            inside = side[int((pause["from_s"] + 0.1) * 8000) : int((pause["to_s"] - 0.1) * 8000)]
            assert not inside.any(), "nothing of what was said then is in the file"


def test_marks_beside_a_client_who_sends_nothing(
    page: Page, phone: BrowserPhone, tap: Tap, daemon: Daemon
) -> None:
    """Only the operator's sound moves the recording's clock then: a mark is right, or said to be uncertain."""
    page.choose("Молчуны")
    spoken = call_with_answers(
        page, phone, tap, [1.5, 0.4, 1.7], lambda s: phone.page.wait_for_timeout(1000 * s)
    )
    errors = errors_of(Client(daemon, "head"), page.work["call"]["id"], spoken)
    page.save("sale")
    page.wait_state("ready")
    tell("beside a client who sends nothing", errors)
    assert max(map(abs, errors), default=0.0) < WITHIN_S


def test_nothing_is_recorded_while_a_block_for_card_numbers_is_on_the_page(
    page: Page, phone: BrowserPhone, tap: Tap, daemon: Daemon
) -> None:
    """Both blocks before and behind it sound; on it there is silence, from before it was shown."""
    page.choose("Карты")
    moves = iter([{"kind": "answer", "answer": "talk", "fields": {}}, {"kind": "back"}])
    page.press("next")
    page.on_work("dial")
    page.wait(lambda desk: desk["work"]["call"]["state"] == "bridged", "the answer")
    for move in moves:
        phone.page.wait_for_timeout(1200)
        page.on_work("step", step=page.work["run"]["step"], move=move)
        assert page.work["call"]["recording_paused"] == (move["kind"] == "answer")
    phone.page.wait_for_timeout(1200)
    page.on_work("hangup")
    page.wait_state("wrapup")
    head, call = Client(daemon, "head"), page.work["call"]["id"]
    recording = finished(head, call)["recording"]
    page.save("sale")
    page.wait_state("ready")
    (pause,) = recording["pauses"]
    assert (pause["how"], pause["by"]) == ("script", "Maria")
    assert pause["to_s"] - pause["from_s"] == pytest.approx(1.3, abs=0.3)
    for side in sides_of(head, recording):
        first, last = int(8000 * pause["from_s"]), int(8000 * pause["to_s"])
        assert not side[first + 1600 : last - 1600].any()
        assert side[:first].any() and side[last + 1600 :].any()
