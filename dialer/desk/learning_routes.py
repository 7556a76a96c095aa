"""What is learnt of scripts: their statistics, every answer with its sound, an operator's own figures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from msgspec.structs import replace
from sqlalchemy import Connection

from dialer.auth.model import Permission
from dialer.desk.answer_filters import AnswerFilters, load_filters
from dialer.desk.answers import AnswerList, Sought, day_begins, day_ends, list_answers
from dialer.desk.recording_routes import Sound
from dialer.desk.script_report import (
    OwnFigures,
    Period,
    ScriptStatistics,
    ScriptStatisticsList,
    list_scripts,
    load_own,
    load_statistics,
)
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.scripts import rights
from dialer.scripts.guarded import with_right
from dialer.store.engine import Store

MOST_DAYS = 366
MOST_WORDS = 200


def operations(store: Store, sound: Sound, now: Callable[[], datetime]) -> list[Operation]:
    async def list_script_statistics(call: ApiCall) -> ScriptStatisticsList:
        period = _period(call)
        return ScriptStatisticsList(
            items=await store.read(lambda conn: list_scripts(conn, period, _closed_to(conn, call)))
        )

    async def show_script_statistics(call: ApiCall) -> ScriptStatistics:
        script, version, period = number(call.path("id")), _whole(call, "version"), _period(call)
        zone = f"{now().astimezone():UTC%z}"
        found = await store.read(
            lambda conn: load_statistics(conn, script, version=version, period=period, zone=zone)
        )
        if found is None:
            raise Problem(404, "not_found")
        return found

    async def list_given_answers(call: ApiCall) -> AnswerList:
        sought, cursor, link = _sought(call), call.query("cursor")[:80], sound.links_of(call.user.id)

        def found(conn: Connection) -> AnswerList:
            closed = _closed_to(conn, call, sought.script)
            return list_answers(conn, replace(sought, closed=closed), cursor=cursor, link=link)

        try:
            return await store.read(found)
        except (ValueError, OverflowError) as wrong:
            raise Problem(400, "body_wrong", {"detail": "cursor"}) from wrong

    async def show_answer_filters(call: ApiCall) -> AnswerFilters:
        script = _whole(call, "script")
        return await store.read(lambda conn: load_filters(conn, script, _closed_to(conn, call, script)))

    async def show_own_figures(call: ApiCall) -> OwnFigures:
        days, user_id = _whole(call, "days") or 1, call.user.id
        since = now().astimezone().date() - timedelta(days=min(days, MOST_DAYS) - 1)
        return await store.read(lambda conn: load_own(conn, user_id, since.isoformat()))

    return [
        Operation(
            method="GET",
            path="/api/v1/statistics/scripts",
            summary="Scripts with their runs and goals in a period (since, until: days)",
            permission=Permission.SEE_CONSOLE,
            handler=list_script_statistics,
            answers=ScriptStatisticsList,
        ),
        Operation(
            method="GET",
            path="/api/v1/statistics/scripts/{id}",
            summary="The statistics of a script, or of one version, in a period (version, since, until)",
            permission=Permission.SEE_CONSOLE,
            handler=with_right(store, "see", show_script_statistics),
            answers=ScriptStatistics,
        ),
        Operation(
            method="GET",
            path="/api/v1/answers",
            summary="Answers with their sound, the newest first (script, block, answer, kind, operator, campaign, "
            "since, until, text, field, value, cursor)",
            permission=Permission.LISTEN,
            handler=list_given_answers,
            answers=AnswerList,
        ),
        Operation(
            method="GET",
            path="/api/v1/answers/filters",
            summary="What answers can be looked for by; blocks and fields are those of a script",
            permission=Permission.LISTEN,
            handler=show_answer_filters,
            answers=AnswerFilters,
        ),
        Operation(
            method="GET",
            path="/api/v1/own/figures",
            summary="An operator's own runs and goals beside the team's, of the last days",
            permission=Permission.USE_DESK,
            handler=show_own_figures,
            answers=OwnFigures,
        ),
    ]


def _closed_to(conn: Connection, call: ApiCall, asked: int | None = None) -> frozenset[int]:
    """The scripts that this user may not see. Raises `Problem` where it is one of them that is asked for."""
    closed = rights.closed(conn, "see", user_id=call.user.id, role=call.user.role.value)
    if asked in closed:
        raise Problem(403, "script_closed")
    return closed


def _whole(call: ApiCall, name: str) -> int | None:
    return number(call.query(name)) if call.query(name) else None


def _day(call: ApiCall, name: str) -> str:
    """A day from outside, "" if none is given. Raises `Problem`."""
    given = call.query(name)
    try:
        return date.fromisoformat(given).isoformat() if given else ""
    except ValueError as wrong:
        raise Problem(400, "body_wrong", {"detail": name}) from wrong


def _period(call: ApiCall) -> Period:
    return Period(since=_day(call, "since"), until=_day(call, "until"))


def _sought(call: ApiCall) -> Sought:
    since, until = _day(call, "since"), _day(call, "until")
    return Sought(
        script=_whole(call, "script"),
        block=call.query("block")[:64],
        answer=call.query("answer")[:64],
        kind=call.query("kind")[:10],
        operator=_whole(call, "operator"),
        campaign=_whole(call, "campaign"),
        since=day_begins(since) if since else None,
        until=day_ends(until) if until else None,
        text=call.query("text")[:MOST_WORDS],
        field=call.query("field")[:40],
        value=call.query("value")[:MOST_WORDS],
    )
