"""Lines for the console: seen by supervisors, stopped by them, steered by admins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from dialer.auth.model import Permission
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.telephony.line_control import LineControl, LinesView, LineUnknown
from dialer.telephony.policies import Person, PolicyInvalid
from dialer.telephony.policy import SERVICE, CallerIds, Caps, Hours, Rates
from dialer.telephony.ranges import Prefix, Range


class LineBody(Struct, frozen=True, kw_only=True):
    """`line` "" is the whole service."""

    line: str = SERVICE


class StopBody(LineBody, frozen=True, kw_only=True):
    hang_up: bool = False


class PolicyBody(LineBody, frozen=True, kw_only=True):
    """What is left out stays as it is; `hours` null = at any time."""

    caller_ids: CallerIds | UnsetType = UNSET
    rotation: Literal["fixed", "round_robin", "same_for_client"] | UnsetType = UNSET
    rates: Rates | UnsetType = UNSET
    caps: Caps | UnsetType = UNSET
    hours: Hours | UnsetType | None = UNSET


class RangeBody(LineBody, frozen=True, kw_only=True):
    prefix: Prefix
    allowed: bool = True
    remove: bool = False


class AnswerBody(Struct, frozen=True, kw_only=True):
    agreed: bool


_CHANGEABLE = ("caller_ids", "rotation", "rates", "caps", "hours")


def operations(control: LineControl) -> list[Operation]:
    async def list_lines(call: ApiCall) -> LinesView:
        return await control.view()

    async def stop_line(call: ApiCall) -> LinesView:
        await control.stop(_known(control, call.body.line), _person(call), hang_up=call.body.hang_up)
        return await control.view()

    async def resume_line(call: ApiCall) -> LinesView:
        await control.resume(_known(control, call.body.line), _person(call))
        return await control.view()

    async def change_line(call: ApiCall) -> LinesView:
        values = {name: getattr(call.body, name) for name in _CHANGEABLE}
        given = {name: value for name, value in values.items() if value is not UNSET}
        with _writable():
            await control.change(_known(control, call.body.line), given, _person(call))
        return await control.view()

    async def change_range(call: ApiCall) -> LinesView:
        body: RangeBody = call.body
        wanted = Range(prefix=body.prefix, allowed=body.allowed)
        line = _known(control, body.line)
        with _writable():
            await control.change_range(line, wanted, remove=body.remove, by=_person(call))
        return await control.view()

    async def answer_range(call: ApiCall) -> LinesView:
        proposal = number(call.path("id"))
        with _writable():
            refused = await control.answer(proposal, agreed=call.body.agreed, by=_person(call))
        if refused is not None:
            raise Problem(404 if refused.code == "proposal_gone" else 409, refused.code)
        return await control.view()

    def post(path: str, summary: str, permission: Permission, handler: object, body: type) -> Operation:
        return Operation(
            method="POST",
            path=f"/api/v1/lines/{path}",
            summary=summary,
            permission=permission,
            handler=handler,  # type: ignore[arg-type]
            body=body,
            answers=LinesView,
        )

    stops, manages = Permission.STOP_LINES, Permission.MANAGE_LINES
    return [
        Operation(
            method="GET",
            path="/api/v1/lines",
            summary="Lines: use against capacity, caps, what is allowed",
            permission=Permission.SEE_CONSOLE,
            handler=list_lines,
            answers=LinesView,
        ),
        post("stop", "Stop a line, or all dialling, at once", stops, stop_line, StopBody),
        post("resume", "Let a line, or all dialling, go on", stops, resume_line, LineBody),
        post("policy", "Change caller IDs, prices, caps or hours", manages, change_line, PolicyBody),
        post("ranges", "Allow or refuse a range of numbers", manages, change_range, RangeBody),
        post("proposals/{id}", "Agree to a range abroad, or refuse it", manages, answer_range, AnswerBody),
    ]


def _known(control: LineControl, line: str) -> str:
    try:
        return control.check(line)
    except LineUnknown:
        raise Problem(404, "not_found") from None


@contextlib.contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except PolicyInvalid as error:
        raise Problem(400, "policy_invalid", {"detail": str(error)}) from None


def _person(call: ApiCall) -> Person:
    return Person(id=call.user.id, name=call.user.name)
