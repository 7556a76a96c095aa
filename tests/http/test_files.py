"""Pages, their assets and recordings: what may be cached, what may be loaded, and no way to any other file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dialer.auth.model import Role
from dialer.http.server import static_folder
from dialer.telephony import links
from tests.http.conftest import WAV, House, Page

pytestmark = pytest.mark.asyncio(loop_scope="session")

built = pytest.mark.skipif(
    not (static_folder() / "login.html").is_file(), reason="the pages are not built: make web"
)

HOSTILE = [
    "..",
    "../server.py",
    "..%2fserver.py",
    "%2e%2e%2fserver.py",
    "%2e%2e/server.py",
    "..%5cserver.py",
    "..%252fserver.py",
    "....//server.py",
    "..%c0%afserver.py",
    "..%ef%bc%8fserver.py",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "..%00.js",
    "%00",
    ".sources",
    "%2e",
    "con",
    "~root",
    "$HOME",
    "x" * 5000,
]


# --- headers ----------------------------------------------------------------------------------------------------


def policy_of(answer_headers: dict[str, str]) -> dict[str, list[str]]:
    parts = [part.split() for part in answer_headers["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts if part}


@pytest.mark.parametrize(
    "path", ["/login", "/operator", "/console", "/api/v1/me", "/nothing", "/healthz", "/"]
)
async def test_every_answer_forbids_what_is_not_ours(house: House, path: str) -> None:
    answer = await house.pages[Role.OPERATOR].get(path)
    policy = policy_of(answer.headers)
    assert policy["default-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'", house.app.settings.phones.ws]
    assert [policy[name] for name in ("object-src", "base-uri", "frame-ancestors")] == [["'none'"]] * 3
    assert policy["form-action"] == ["'self'"]
    everything = [source for sources in policy.values() for source in sources]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & set(everything)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in answer.headers.get("Server", ""), "which software answers is nobody's business"


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/campaigns", "/api/v1/nothing", "/api/v1/calls/x"])
async def test_no_answer_of_the_api_is_kept_by_anybody(house: House, path: str) -> None:
    assert (await house.pages[Role.SUPERVISOR].get(path)).headers["Cache-Control"] == "no-store"


async def test_the_front_door_leads_home(house: House) -> None:
    for page, home in (
        (house.page(), "/login"),
        (house.pages[Role.OPERATOR], "/operator"),
        (house.pages[Role.SUPERVISOR], "/console"),
    ):
        answer = await page.get("/")
        assert (answer.status, answer.headers["Location"]) == (302, home)


async def test_health_and_readiness(house: House) -> None:
    page = house.page()
    assert (await page.get("/healthz")).body == b"ok\n"
    assert (await page.get("/readyz")).status == 200, "the PBX may be away: results can be saved all the same"


# --- pages ------------------------------------------------------------------------------------------------------


@built
@pytest.mark.parametrize("name", ["login", "operator", "console"])
async def test_a_page_is_asked_for_anew_and_its_assets_never(house: House, name: str) -> None:
    page = house.page()
    answer = await page.get(f"/{name}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    text = answer.body.decode()
    named = sorted({part.split('"')[0] for part in text.split('"/assets/')[1:]})
    assert named
    for asset in named:
        kept = await page.get(f"/assets/{asset}")
        assert kept.status == 200, asset
        assert "immutable" in kept.headers["Cache-Control"] or asset == "theme.js"


@built
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_way_out_of_the_assets(house: House, name: str) -> None:
    answer = await house.page().get(f"/assets/{name}")
    assert answer.status in (400, 404, 414), name
    assert answer.code in ("not_found", "request_wrong", ""), name
    assert b"import" not in (answer.body if isinstance(answer.body, bytes) else b"")


# --- recordings -------------------------------------------------------------------------------------------------


def signed(house: House, call_id: str, user_id: int, *, lifetime_s: int = 60, name: str | None = None) -> str:
    secret = (house.folder / "kept" / ".link-key").read_bytes()
    expires = int(time.time()) + lifetime_s
    signature = links.sign(secret, call_id=call_id, segment=1, user_id=user_id, expires=expires)
    return f"/api/v1/recordings/{name or call_id}/1/audio?expires={expires}&signature={signature}"


async def listener(house: House) -> tuple[Page, int]:
    return house.pages[Role.REVIEWER], house.users[Role.REVIEWER].id


async def test_a_recording_is_heard_by_the_link_of_its_page(house: House) -> None:
    page = house.pages[Role.SUPERVISOR]
    shown = await page.get(f"/api/v1/calls/{house.call_id}")
    link = shown.body["recording"]["segments"][0]["audio"]
    answer = await page.get(link)
    assert (answer.status, answer.body) == (200, WAV)
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "no-store" in answer.headers["Cache-Control"]
    part = await page.get(link, Range="bytes=4-9")
    assert (part.status, part.body) == (206, WAV[4:10])
    beyond = await page.get(link, Range="bytes=9999-")
    assert beyond.status == 416
    other = await house.pages[Role.ADMIN].get(link)
    assert (other.status, other.code) == (410, "gone"), "a link is its reader's alone"
    assert (await house.page().get(link)).status == 401
    assert (await house.pages[Role.OPERATOR].get(link)).status == 403


@pytest.mark.parametrize("name", ["Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"])
async def test_a_recording_comes_with_the_same_protection(house: House, name: str) -> None:
    page, user_id = await listener(house)
    answer = await page.get(signed(house, house.call_id, user_id))
    assert name in answer.headers


@pytest.mark.parametrize("lifetime_s", [-1, -3600, links.LIFETIME_S + 60])
async def test_a_link_that_has_run_out_or_runs_too_long_is_gone(house: House, lifetime_s: int) -> None:
    page, user_id = await listener(house)
    answer = await page.get(signed(house, house.call_id, user_id, lifetime_s=lifetime_s))
    assert (answer.status, answer.code) == (410, "gone")


@pytest.mark.parametrize(
    "change",
    [
        ("signature=", "signature=0"),
        ("expires=", "expires=1"),
        ("signature=", "signature=%00"),
        ("signature=", "x="),
    ],
)
async def test_a_link_that_was_changed_is_gone(house: House, change: tuple[str, str]) -> None:
    page, user_id = await listener(house)
    answer = await page.get(signed(house, house.call_id, user_id).replace(*change))
    assert (answer.status, answer.code) in ((410, "gone"), (404, "not_found"))


@pytest.mark.parametrize(
    "name",
    [
        "..%2fsecret",
        "..%2f..%2fsecret",
        "%2fetc%2fpasswd",
        "..%2fstore.db%00",
        "%2e%2e%2fsecret",
        ".link-key",
    ],
)
async def test_no_way_out_of_the_recordings_even_with_a_true_signature(house: House, name: str) -> None:
    page, user_id = await listener(house)
    meant = name.replace("%2f", "/").replace("%2e", ".").replace("%00", "\x00")
    for call_id in (meant, house.call_id):
        answer = await page.get(signed(house, call_id, user_id, name=name))
        assert (answer.status, answer.code) in ((404, "not_found"), (410, "gone")), call_id


async def test_a_file_that_is_no_recording_in_the_store_is_not_there(house: House) -> None:
    page, user_id = await listener(house)
    (house.folder / "kept" / "STRAY.wav").write_bytes(WAV)
    answer = await page.get(signed(house, "STRAY", user_id))
    assert (answer.status, answer.code) == (404, "not_found")


async def test_the_key_of_the_links_is_its_owners_alone(house: House) -> None:
    key = Path(house.folder / "kept" / ".link-key")
    assert key.stat().st_mode & 0o077 == 0
    assert key.stat().st_size == 32
    assert os.access(key, os.R_OK)
