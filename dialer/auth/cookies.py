"""The cookie that carries a session's token."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web


def cookie_name(*, secure: bool) -> str:
    """Over HTTPS the browser itself holds the name to this host; plain HTTP cannot have that prefix."""
    return "__Host-callwright" if secure else "callwright"


def token_in(cookies: Mapping[str, str], *, secure: bool) -> str:
    """The token of a request, "" without one."""
    return cookies.get(cookie_name(secure=secure), "")


def put_token(response: web.StreamResponse, token: str, *, secure: bool, max_age_s: int) -> None:
    """Gives the browser the token: not to scripts, not to other sites' requests."""
    response.set_cookie(
        cookie_name(secure=secure),
        token,
        max_age=max_age_s,
        path="/",
        secure=secure,
        httponly=True,
        samesite="Strict",
    )


def drop_token(response: web.StreamResponse, *, secure: bool) -> None:
    response.del_cookie(cookie_name(secure=secure), path="/", secure=secure, httponly=True, samesite="Strict")
