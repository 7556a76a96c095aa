"""The API as a table of operations: one row gives the route, the checks and its part of the OpenAPI description."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from dialer import __version__
from dialer.auth.model import Permission, User
from dialer.http.once import Once
from dialer.http.problems import Problem

MOST_BODY = 64 * 1024
_HEADER = "X-Callwright"
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ApiCall:
    """One request, after its rights and its body were checked. `key` is its Idempotency-Key or ""."""

    user: User
    body: Any
    key: str
    request: web.Request

    def path(self, name: str) -> str:
        return self.request.match_info[name]

    def query(self, name: str, default: str = "") -> str:
        return self.request.query.get(name, default)


Handler = Callable[[ApiCall], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`permission` is asked of the user's role; `answers` is the type of what the handler gives (or bytes: JSON).

    `most_body` is how many bytes a request may bring, for those that bring more than others. A POST that comes again
    with its key is answered as before (`once`, which a restart forgets), unless `sees_keys`: the handler looks at
    the key itself.
    """

    method: str
    path: str
    summary: str
    permission: Permission
    handler: Handler
    body: type | None = None
    answers: type
    most_body: int = MOST_BODY
    sees_keys: bool = False


Answered = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refusals = Callable[[web.Request, Answered], Awaitable[web.StreamResponse]]


def register(
    app: web.Application, operations: Sequence[Operation], user_of: Callable[..., Any], refusals: Refusals
) -> None:
    """Put the operations behind the checks that hold for all: login, right, header, size, form.

    `refusals` makes answers of what is raised.
    """
    once = Once()
    for operation in operations:
        handle = _guarded(operation, user_of, refusals, once)
        app.router.add_route(operation.method, operation.path, handle)


def _guarded(operation: Operation, user_of: Callable[..., Any], refusals: Refusals, once: Once) -> Answered:
    carry_out = _carried_out(operation)

    async def handle(request: web.Request) -> web.StreamResponse:
        user: User = await user_of(request, operation.permission)
        if request.method != "GET" and request.headers.get(_HEADER) != "1":
            raise Problem(403, "header_missing", {"header": _HEADER})
        key = request.headers.get("Idempotency-Key", "")[:100]
        if request.method != "POST" or not key or operation.sees_keys:
            return await carry_out(request, user, key)
        return await once.answer(
            (user.id, request.method, request.path, key),
            lambda: refusals(request, lambda asked: carry_out(asked, user, key)),
        )

    return handle


def _carried_out(
    operation: Operation,
) -> Callable[[web.Request, User, str], Awaitable[web.StreamResponse]]:
    decoder: msgspec.json.Decoder[Any] | None = (
        msgspec.json.Decoder(operation.body) if operation.body is not None else None
    )

    async def carry_out(request: web.Request, user: User, key: str) -> web.StreamResponse:
        body = None
        if decoder is not None:
            body = read_body(decoder, await _whole(request, operation.most_body) or b"{}")
        answer = await operation.handler(ApiCall(user=user, body=body, key=key, request=request))
        if isinstance(answer, web.StreamResponse):
            return answer
        payload = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        return web.Response(body=payload, content_type="application/json")

    return carry_out


async def _whole(request: web.Request, most: int) -> bytes:
    """The body, if it has no more than `most` bytes; aiohttp's own limit is that of the whole application."""
    if most <= MOST_BODY:
        return await request.read()
    got = bytearray()
    async for part in request.content.iter_any():
        got += part
        if len(got) > most:
            raise web.HTTPRequestEntityTooLarge(max_size=most, actual_size=len(got))
    return bytes(got)


def read_body(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """A body of the form that the decoder knows. Raises `Problem` for whatever else may come."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Problem(400, "body_wrong", {"detail": str(error)[:300]}) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "body_not_json", {"detail": str(error)[:300]}) from error


def number(text: str) -> int:
    """A number from outside. Raises `Problem`."""
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Problem(404, "not_found")
    return int(text)


def describe(operations: Sequence[Operation], further: Sequence[type] = ()) -> dict[str, Any]:
    """The OpenAPI 3.1 description of the operations; `further` types (of the websocket) stand among the schemas."""
    types = [t for op in operations for t in (op.body, op.answers) if t is not None and t is not bytes]
    unique = list(dict.fromkeys([*types, *further]))
    schemas, components = msgspec.json.schema_components(unique, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(unique, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        answer = {"description": "done"}
        if operation.answers is not bytes:
            answer = {
                "description": "done",
                "content": {"application/json": {"schema": by_type[operation.answers]}},  # type: ignore[dict-item]
            }
        described: dict[str, Any] = {
            "summary": operation.summary,
            "operationId": operation.handler.__name__,
            "responses": {
                "200": answer,
                "default": {
                    "description": "a problem (RFC 9457)",
                    "content": {"application/problem+json": {"schema": _PROBLEM}},
                },
            },
        }
        if operation.body is not None:
            described["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": by_type[operation.body]}},
            }
        names = [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]
        if names:
            described["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
            ]
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    described_all = {
        "openapi": "3.1.0",
        "info": {"title": "Callwright", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {"schemas": components},
    }
    plain: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(described_all)
    )  # defaults as JSON has them
    return plain


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "params": {"type": "object"},
    },
}
