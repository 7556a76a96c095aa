"""Admin > Health check: begin an examination, see how far it is, read the last report, ring a phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from msgspec import Meta, Struct

from dialer.auth.model import Permission, User
from dialer.doctor.model import Finding, Severity
from dialer.doctor.service import Doctor
from dialer.doctor.words import LANGUAGES, Words
from dialer.http.api import ApiCall, Operation
from dialer.http.problems import Problem

MOST_PHONES = 500


class HealthFinding(Struct, frozen=True, kw_only=True):
    """`severity`: error, warning, note, ok. `mend` is "" where nothing is to be done."""

    code: str
    severity: str
    part: str
    pbx: str
    what: str
    mend: str


class HealthEcho(Struct, frozen=True, kw_only=True):
    endpoint: str
    running: bool
    finding: HealthFinding | None


class HealthView(Struct, frozen=True, kw_only=True):
    """`at`: when the report was made, null before the first; `step` is done of of steps while `running`."""

    running: bool
    step: str
    done: int
    of: int
    at: str | None
    errors: int
    warnings: int
    findings: list[HealthFinding]
    echo: HealthEcho | None
    phones: list[str]
    own_phone: str


class CheckBody(Struct, frozen=True, kw_only=True):
    """Nothing can be chosen: all is looked at."""


class EchoBody(Struct, frozen=True, kw_only=True):
    endpoint: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,32}$")]


def operations(doctor: Doctor, all_users: Callable[[], Awaitable[list[User]]]) -> list[Operation]:
    words = Words()

    async def view(call: ApiCall) -> HealthView:
        wished = call.query(
            "language"
        )  # a page that has just changed its language is ahead of the user's row
        language = wished if wished in LANGUAGES else call.user.language
        return _view(doctor, words, call.user, await all_users(), language)

    async def show_health(call: ApiCall) -> HealthView:
        return await view(call)

    async def check_health(call: ApiCall) -> HealthView:
        doctor.start()
        return await view(call)

    async def ring_echo(call: ApiCall) -> HealthView:
        wish: EchoBody = call.body
        users = [user for user in await all_users() if user.active and user.endpoint == wish.endpoint]
        if not users:
            raise Problem(404, "phone_unknown")  # nobody rings what is not an operator's phone
        if doctor.ringing:
            raise Problem(409, "echo_under_way")
        doctor.ring(wish.endpoint, users[0].pbx)
        return await view(call)

    def operation(
        method: str, path: str, summary: str, handler: object, body: type | None = None
    ) -> Operation:
        return Operation(
            method=method,
            path=path,
            summary=summary,
            permission=Permission.CHECK_HEALTH,
            handler=handler,  # type: ignore[arg-type]
            body=body,
            answers=HealthView,
        )

    path = "/api/v1/admin/health"
    return [
        operation("GET", path, "The last examination, or the one under way", show_health),
        operation("POST", path, "Examine PBX, recordings, store and pages", check_health, CheckBody),
        operation("POST", f"{path}/echo", "Ring a phone so that it hears its own echo", ring_echo, EchoBody),
    ]


def _phones(users: list[User]) -> list[str]:
    return sorted({user.endpoint for user in users if user.active and user.endpoint})[:MOST_PHONES]


def _view(doctor: Doctor, words: Words, user: User, users: list[User], language: str) -> HealthView:
    findings = doctor.report.findings if doctor.report is not None else ()
    return HealthView(
        running=doctor.running,
        step=doctor.step,
        done=doctor.done,
        of=doctor.of,
        at=doctor.report.at.isoformat() if doctor.report is not None else None,
        errors=sum(finding.severity is Severity.ERROR for finding in findings),
        warnings=sum(finding.severity is Severity.WARNING for finding in findings),
        findings=[_said(finding, words, language) for finding in findings],
        echo=_echo(doctor, words, language),
        phones=_phones(users),
        own_phone=user.endpoint,
    )


def _echo(doctor: Doctor, words: Words, language: str) -> HealthEcho | None:
    echo = doctor.echo
    if echo is None:
        return None
    finding = _said(echo.finding, words, language) if echo.finding is not None else None
    return HealthEcho(endpoint=echo.endpoint, running=doctor.ringing, finding=finding)


def _said(finding: Finding, words: Words, language: str) -> HealthFinding:
    return HealthFinding(
        code=finding.code,
        severity=finding.severity.value,
        part=finding.part.value,
        pbx=finding.pbx,
        what=words.what(finding, language),
        mend=words.mend(finding, language),
    )
