"""The HTTP server: pages, API, websocket, and what holds for every answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from dialer.auth.guard import Guard
from dialer.auth.model import Permission, home, may
from dialer.auth.routes import add_login_routes
from dialer.auth.service import Auth
from dialer.desk.board import Board, ConsoleFrame
from dialer.desk.room import DeskFrame
from dialer.desk.service import DeskRefused, Desks
from dialer.http.api import MOST_BODY, Operation, describe, register
from dialer.http.live import serve_page
from dialer.http.metrics import Metrics
from dialer.http.problems import Catalogue, Problem, language_of
from dialer.store.errors import StoreError

log = logging.getLogger(__name__)

PAGES = ("login", "operator", "console")
_ASSET = re.compile(r"\w[\w.-]{0,100}", re.ASCII)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def static_folder() -> Path:
    """Where the built pages stand."""
    return Path(str(resources.files("dialer.http").joinpath("static")))


def build(
    *,
    auth: Auth,
    guard: Guard,
    desks: Desks,
    board: Board,
    operations: Sequence[Operation],
    phone_ws: Sequence[str],
    ready: Callable[[], str],
    alive: Callable[[], str],
    metrics: Metrics,
) -> web.Application:
    """Put the application together; `ready` says why the daemon can't work, `alive` why it is to be started anew."""
    problems = _problems(Catalogue())
    app = web.Application(middlewares=[problems], client_max_size=MOST_BODY)
    app.on_response_prepare.append(_headers(phone_ws))
    register(app, operations, guard.user, problems)
    add_login_routes(app, auth, guard)
    _add_description(app, operations)
    _add_live(app, auth, guard, desks, board)
    _add_pages(app, guard)
    _add_health(app, ready, alive)
    app.router.add_get("/metrics", metrics.serve)
    return app


def _headers(phone_ws: Sequence[str]) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Content security: nothing from other hosts, nothing inline; the phones' websockets are the one exception."""
    policy = (
        "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action 'self'; connect-src 'self' {' '.join(phone_ws)}".rstrip()
    )

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = "Callwright"  # not which Python, and which release of what
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")

    return add


def _problems(catalogue: Catalogue) -> Any:
    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return catalogue.response(problem, language_of(request))
        except DeskRefused as refused:
            return catalogue.response(Problem(409, refused.code, refused.params), language_of(request))
        except StoreError as error:
            log.warning("request refused: the store: %s", error)
            unavailable = Problem(503, "store_unavailable", {"detail": str(error)[:200]})
            return catalogue.response(unavailable, language_of(request))
        except web.HTTPRedirection:
            raise
        except web.HTTPException as error:
            code = {404: "not_found", 405: "method_wrong", 413: "too_large"}.get(
                error.status, "request_wrong"
            )
            return catalogue.response(Problem(error.status, code), language_of(request))
        except Exception:
            # The last line of defence: the cause goes to the log, nothing of it to the caller.
            log.exception("request failed: %s %s", request.method, request.match_info.route.resource)
            return catalogue.response(Problem(500, "internal"), language_of(request))

    return answer


def _add_description(app: web.Application, operations: Sequence[Operation]) -> None:
    text = msgspec.json.encode(describe(operations, further=(DeskFrame, ConsoleFrame)))

    async def openapi(request: web.Request) -> web.Response:
        return web.Response(body=text, content_type="application/json")

    app.router.add_get("/api/v1/openapi.json", openapi)


def _add_live(app: web.Application, auth: Auth, guard: Guard, desks: Desks, board: Board) -> None:
    async def live(request: web.Request) -> web.StreamResponse:
        session = await guard.session(request)
        if not web.WebSocketResponse().can_prepare(request):
            raise Problem(400, "websocket_wanted")
        if request.query.get("view") == "console":
            if not may(session.user.role, Permission.SEE_CONSOLE):
                raise Problem(403, "not_allowed")
            watcher = await board.watch()
            try:
                return await serve_page(request, watcher, session, auth)
            finally:
                board.unwatch(watcher)
        if not may(session.user.role, Permission.USE_DESK):
            raise Problem(403, "not_allowed")
        watcher = await desks.rooms.watch(session.user)
        board.changed()
        try:
            return await serve_page(request, watcher, session, auth)
        finally:
            await desks.rooms.unwatch(session.user, watcher)
            board.changed()

    app.router.add_get("/api/v1/live", live)


def _add_pages(app: web.Application, guard: Guard) -> None:
    folder = static_folder()

    def page(name: str) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            path = folder / f"{name}.html"
            if not path.is_file():
                return web.Response(status=503, text="The pages are not built: run `make web`.")
            return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

        return serve

    async def root(request: web.Request) -> web.StreamResponse:
        try:
            session = await guard.session(request)
        except Problem:
            raise web.HTTPFound("/login") from None
        raise web.HTTPFound(home(session.user.role))

    async def asset(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        path = folder / "assets" / name
        if _ASSET.fullmatch(name) is None or not path.is_file():
            raise Problem(404, "not_found")
        return web.FileResponse(path, headers={"Cache-Control": "public, max-age=31536000, immutable"})

    app.router.add_get("/", root)
    for name in PAGES:
        app.router.add_get(f"/{name}", page(name))
    app.router.add_get("/assets/{name}", asset)
    for file in ("favicon.svg", "favicon.ico", "theme.js"):
        if (folder / file).is_file():
            app.router.add_get(f"/{file}", _file(folder / file))


def _file(path: Path) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    return serve


def _add_health(app: web.Application, ready: Callable[[], str], alive: Callable[[], str]) -> None:
    async def healthz(request: web.Request) -> web.Response:
        reason = alive()
        return web.Response(status=503 if reason else 200, text=(reason or "ok") + "\n")

    async def readyz(request: web.Request) -> web.Response:
        reason = ready()
        return web.Response(status=503 if reason else 200, text=(reason or "ready") + "\n")

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
