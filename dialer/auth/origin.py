"""Whose page a request comes from: what stands against foreign pages that use a visitor's cookie.

Pure functions over headers. A browser always sends `Origin` with a websocket and with every POST; a request
that carries our cookie and no `Origin` there is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

OWN_HEADER = "X-Callwright"  # no foreign page can add it without asking first, and the answer is no
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def check_origin(origin: str | None, host: str, allowed: Collection[str], *, secure: bool = False) -> bool:
    """Whether a page of this origin is ours: the request's own host, or exactly one of `allowed`.

    No letter case, port, suffix or path is forgiven: browsers send one form only (RFC 6454, 6.2).
    """
    if not origin or origin == "null":
        return False
    own = f"{'https' if secure else 'http'}://{host}"
    return (bool(host) and origin == own) or origin in allowed


def why_refused(
    method: str, headers: Mapping[str, str], allowed: Collection[str], *, secure: bool = False
) -> str | None:
    """The reason to refuse a request to the API, None to let it pass: `origin`, `header`, `content_type`.

    `headers` must find names in any letter case (aiohttp's do).
    """
    websocket = headers.get("Upgrade", "").lower() == "websocket"
    if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return "origin"
    if method in _SAFE and not websocket:
        return None
    if not check_origin(headers.get("Origin"), headers.get("Host", ""), allowed, secure=secure):
        return "origin"
    if websocket:
        return None
    if headers.get(OWN_HEADER) != "1":
        return "header"
    if headers.get("Content-Type", "").split(";")[0].strip().lower() != "application/json":
        return "content_type"
    return None
