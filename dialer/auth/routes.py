"""Logging in and out, one's own settings, and what a browser's phone registers with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from dialer.auth.cookies import drop_token, put_token
from dialer.auth.guard import Guard
from dialer.auth.model import Permission, Refused, User, home
from dialer.auth.service import Auth
from dialer.auth.sessions import WHOLE
from dialer.http.api import ApiCall, Operation, read_body
from dialer.http.problems import Problem


class LoginBody(Struct, frozen=True, kw_only=True):
    login: Annotated[str, Meta(max_length=64)]
    password: Annotated[str, Meta(max_length=1024)]  # too long a one is wrong, not malformed


_LOGIN = msgspec.json.Decoder(LoginBody)


class LoginAnswer(Struct, frozen=True, kw_only=True):
    role: str
    language: str
    home: str


class MePhone(Struct, frozen=True, kw_only=True):
    kind: str
    endpoint: str


class Me(Struct, frozen=True, kw_only=True):
    id: int
    login: str
    name: str
    role: str
    language: str
    theme: str
    single_keys: bool
    phone: MePhone


class MeBody(Struct, frozen=True, kw_only=True):
    """What is left out stays as it is."""

    language: Literal["ru", "en"] | None = None
    theme: Literal["light", "dark", "system"] | None = None
    single_keys: bool | None = None


class PhoneAccount(Struct, frozen=True, kw_only=True):
    uri: str
    ws: str
    password: str
    display: str


def add_login_routes(app: web.Application, auth: Auth, guard: Guard) -> None:
    """POST /api/v1/login and /logout: the two requests that come before and after a login."""

    async def login(request: web.Request) -> web.Response:
        guard.check_page(request)
        body = read_body(_LOGIN, await request.read())
        entered = await auth.login(body.login, body.password, guard.address(request))
        if isinstance(entered, Refused):
            raise Problem(429 if entered.code == "login_throttled" else 401, entered.code, entered.params)
        user = entered.session.user
        answer = LoginAnswer(role=user.role.value, language=user.language, home=home(user.role))
        response = _json(answer)
        put_token(response, entered.token, secure=guard.secure, max_age_s=int(WHOLE.total_seconds()))
        return response

    async def logout(request: web.Request) -> web.Response:
        try:
            await auth.logout(await guard.session(request))
        except Problem as problem:
            if problem.status != 401:  # out already is out
                raise
        response = _json({})
        drop_token(response, secure=guard.secure)
        return response

    app.router.add_post("/api/v1/login", login)
    app.router.add_post("/api/v1/logout", logout)


class PhonePlace(Struct, frozen=True, kw_only=True):
    """Where phones in the browser register: the websocket's address, and the domain in their SIP addresses."""

    ws: str
    domain: str


def operations(
    auth: Auth,
    *,
    phone_place: Callable[[User], PhonePlace | None],
    changed: Callable[[User], None] = lambda user: None,
) -> list[Operation]:
    """`changed` is told of a user who has changed their own settings; `phone_place` knows each one's PBX."""

    async def show_me(call: ApiCall) -> Me:
        return _me(call.user)

    async def change_me(call: ApiCall) -> Me:
        wish: MeBody = call.body
        now = await auth.change_own(
            call.user.id, language=wish.language, theme=wish.theme, single_keys=wish.single_keys
        )
        if isinstance(now, Refused):
            raise Problem(400, "body_wrong", {"detail": now.code})
        changed(now)
        return _me(now)

    async def show_phone(call: ApiCall) -> web.Response:
        user = call.user
        if user.phone_kind != "webrtc" or not user.endpoint or user.phone_secret is None:
            raise Problem(404, "no_phone")
        if (place := phone_place(user)) is None:
            raise Problem(404, "no_phone")
        account = PhoneAccount(
            uri=f"sip:{user.endpoint}@{place.domain}",
            ws=place.ws,
            password=user.phone_secret,
            display=user.name,
        )
        return _json(account)

    return [
        Operation(
            method="GET",
            path="/api/v1/me",
            summary="Who is logged in",
            permission=Permission.OWN_PROFILE,
            handler=show_me,
            answers=Me,
        ),
        Operation(
            method="POST",
            path="/api/v1/me",
            summary="Change one's own settings",
            permission=Permission.OWN_PROFILE,
            handler=change_me,
            body=MeBody,
            answers=Me,
        ),
        Operation(
            method="GET",
            path="/api/v1/phone",
            summary="The account that the phone in the browser registers with",
            permission=Permission.USE_DESK,
            handler=show_phone,
            answers=PhoneAccount,
        ),
    ]


def _me(user: User) -> Me:
    return Me(
        id=user.id,
        login=user.login,
        name=user.name,
        role=user.role.value,
        language=user.language,
        theme=user.theme,
        single_keys=user.single_keys,
        phone=MePhone(kind=user.phone_kind, endpoint=user.endpoint),
    )


def _json(answer: object) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
