"""Pages of others do not get in."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from dialer.auth.origin import check_origin, why_refused

HOST = "calls.example:8080"
ALLOWED = frozenset({"https://calls.example"})
FOREIGN = [
    None,
    "",
    "null",
    "http://evil.example",
    "http://calls.example",  # another port is another page
    "http://calls.example:8081",
    "http://calls.example:80800",
    "https://calls.example:8080",
    "https://calls.example:443",
    "HTTP://calls.example:8080",
    "http://CALLS.example:8080",
    "https://Calls.example",
    "https://calls.example/",
    "https://calls.example.evil.example",
    "https://evil-calls.example",
    "https://evil.example/https://calls.example",
    "https://calls.example@evil.example",
    "https://calls.example https://evil.example",
    " https://calls.example",
    "https://calls.example\t",
    "https://саlls.example",  # Cyrillic letters
    "file://",
    "chrome-extension://calls.example",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin_is_refused(origin: str | None) -> None:
    assert not check_origin(origin, HOST, ALLOWED)
    headers = {"Origin": origin} if origin is not None else {}
    for request in (websocket(headers), post(headers)):
        assert why_refused(*request, ALLOWED) == "origin"


def test_our_own_pages_are_known() -> None:
    assert check_origin(f"http://{HOST}", HOST, ALLOWED)
    assert check_origin("https://calls.example", HOST, ALLOWED)
    assert check_origin(f"https://{HOST}", HOST, (), secure=True)
    assert not check_origin(f"http://{HOST}", HOST, (), secure=True)
    assert not check_origin("http://", "", ())


def websocket(headers: dict[str, str]) -> tuple[str, CIMultiDict[str]]:
    return "GET", CIMultiDict({"Host": HOST, "Upgrade": "WebSocket"} | headers)


def post(headers: dict[str, str]) -> tuple[str, CIMultiDict[str]]:
    whole = {"Host": HOST, "X-Callwright": "1", "Content-Type": "application/json; charset=utf-8"}
    return "POST", CIMultiDict(whole | headers)


def test_our_pages_requests_pass() -> None:
    ours = {"Origin": f"http://{HOST}"}
    assert why_refused(*websocket(ours), ALLOWED) is None
    assert why_refused(*post(ours), ALLOWED) is None
    assert why_refused("GET", CIMultiDict({"Host": HOST}), ALLOWED) is None
    assert why_refused("GET", CIMultiDict({"Host": HOST, "Sec-Fetch-Site": "same-origin"}), ALLOWED) is None
    assert why_refused("GET", CIMultiDict({"Host": HOST, "Sec-Fetch-Site": "none"}), ALLOWED) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Same-Origin", ""])
def test_what_the_browser_calls_foreign_is_refused(site: str) -> None:
    ours = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": site}
    assert why_refused("GET", CIMultiDict({"Host": HOST, "Sec-Fetch-Site": site}), ALLOWED) == "origin"
    assert why_refused(*post(ours), ALLOWED) == "origin"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"X-Callwright": "0"}, "header"),
        ({"X-Callwright": ""}, "header"),
        ({"Content-Type": "text/plain"}, "content_type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "content_type"),
        ({"Content-Type": "text/plain; application/json"}, "content_type"),
        ({"Content-Type": ""}, "content_type"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post"])
def test_what_a_form_could_send_is_refused(method: str, change: dict[str, str], reason: str) -> None:
    _, headers = post({"Origin": f"http://{HOST}"} | change)
    assert why_refused(method, headers, ALLOWED) == reason
