"""Who hears a recording is written down; who holds one says why; and five thousand hostile tries open nothing."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from dialer.auth.model import Role
from dialer.telephony import links
from tests.http.conftest import WAV, House, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def log(house: House) -> dict[str, list[dict[str, object]]]:
    answer = await house.pages[Role.SUPERVISOR].get(f"/api/v1/recordings/{house.call_id}/log")
    assert answer.status == 200
    found: dict[str, list[dict[str, object]]] = answer.body
    return found


async def link_of(house: House, page: Page) -> str:
    shown = await page.get(f"/api/v1/calls/{house.call_id}")
    return str(shown.body["recording"]["segments"][0]["audio"])


async def test_whoever_gets_the_sound_is_written_down_whichever_part_is_asked_for_first(house: House) -> None:
    page = house.pages[Role.ADMIN]
    before = len((await log(house))["listenings"])
    link = await link_of(house, page)
    for part in ("bytes=100-199", "bytes=0-", "bytes=4-9"):
        assert (await page.get(link, Range=part)).status == 206
    after = (await log(house))["listenings"]
    assert len(after) == before + 1, "one link, one line"
    assert (after[0]["by"], after[0]["segment"], after[0]["from_s"]) == (
        house.users[Role.ADMIN].name, 1, None,
    )  # fmt: skip


async def test_the_parts_that_were_played_are_written_down_within_the_sound(house: House) -> None:
    page, path = house.pages[Role.REVIEWER], f"/api/v1/recordings/{house.call_id}/heard"
    for body in ({"segment": 1, "from_s": 2.0, "to_s": 5.5}, {"segment": 1, "from_s": 700, "to_s": 3}):
        assert (await page.post(path, body)).status == 200
    rows = (await log(house))["listenings"]
    assert [(row["from_s"], row["to_s"]) for row in rows[:2]] == [(3.0, 9.0), (2.0, 5.5)]
    for wrong in ({"segment": 7, "from_s": 1, "to_s": 2}, {"segment": 0, "from_s": 1, "to_s": 2}):
        assert (await page.post(path, wrong)).status in (400, 404)
    assert (await page.post(path, {"segment": 1, "from_s": -1, "to_s": 2})).status == 400


async def test_who_holds_a_recording_says_why_and_it_is_shown(house: House) -> None:
    page, path = house.pages[Role.SUPERVISOR], f"/api/v1/recordings/{house.call_id}/hold"
    assert (await page.post(path, {"on": True, "why": "  "})).code == "hold_why"
    assert (await page.post(path, {"on": True, "why": "complaint 17"})).status == 200
    shown = await page.get(f"/api/v1/calls/{house.call_id}")
    held = shown.body["recording"]["held"]
    assert (held["why"], held["by"]) == ("complaint 17", house.users[Role.SUPERVISOR].name)
    assert (await page.post(path, {"on": False, "why": "settled"})).status == 200
    assert (await page.post(path, {"on": False, "why": "again"})).status == 404
    shown = await page.get(f"/api/v1/calls/{house.call_id}")
    assert shown.body["recording"]["held"] is None
    assert [row["what"] for row in (await log(house))["changes"][:2]] == ["released", "held"]


def hostile(house: House, rng: random.Random, user_id: int) -> str:
    """A link that is almost one: another's, old, changed, or with a way out of the folder."""
    secret = Path(house.folder / "kept" / ".link-key").read_bytes()
    now, names = (
        int(time.time()),
        ("..%2fsecret", "%00", "%2fetc%2fpasswd", ".link-key", "STRAY", house.call_id),
    )
    call_id, segment = house.call_id, 1
    kind = rng.randrange(7)
    if kind == 0:  # another listener's
        signed = links.sign(
            secret, call_id=call_id, segment=1, user_id=user_id + rng.randint(1, 9), expires=now + 60
        )
        expires = now + 60
    elif kind == 1:  # run out, or good for too long
        expires = now - rng.randint(1, 10**6) if rng.random() < 0.5 else now + rng.randint(400, 10**6)
        signed = links.sign(secret, call_id=call_id, segment=1, user_id=user_id, expires=expires)
    elif kind == 2:  # another segment
        expires, segment = now + 60, rng.randint(2, 200)
        signed = links.sign(secret, call_id=call_id, segment=1, user_id=user_id, expires=expires)
    elif kind == 3:  # another key
        expires = now + 60
        signed = links.sign(rng.randbytes(32), call_id=call_id, segment=1, user_id=user_id, expires=expires)
    elif kind == 4:  # one character changed
        expires = now + 60
        signed = links.sign(secret, call_id=call_id, segment=1, user_id=user_id, expires=expires)
        at = rng.randrange(len(signed))
        signed = (
            signed[:at] + rng.choice([c for c in "0123456789abcdef" if c != signed[at]]) + signed[at + 1 :]
        )
    elif kind == 5:  # another expiry than was signed
        expires = now + rng.randint(61, 299)
        signed = links.sign(secret, call_id=call_id, segment=1, user_id=user_id, expires=now + 60)
    else:  # truly signed, for what is no recording of ours
        expires, call_id = now + 60, rng.choice(names[:-1])
        meant = call_id.replace("%2f", "/").replace("%00", "\x00")
        signed = links.sign(secret, call_id=meant, segment=1, user_id=user_id, expires=expires)
    return f"/api/v1/recordings/{call_id}/{segment}/audio?expires={expires}&signature={signed}"


@pytest.mark.parametrize(
    "tries", [300, pytest.param(5000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
async def test_hostile_links_open_nothing(house: House, tries: int) -> None:
    rng, page, user_id = random.Random(tries), house.pages[Role.REVIEWER], house.users[Role.REVIEWER].id
    (house.folder / "kept" / "STRAY.wav").write_bytes(WAV)
    leaks = []
    for _ in range(tries):
        link = hostile(house, rng, user_id)
        answer = await page.get(link)
        if answer.status not in (404, 410) or (isinstance(answer.body, bytes) and b"RIFF" in answer.body):
            leaks.append((answer.status, link))
    assert leaks == []
