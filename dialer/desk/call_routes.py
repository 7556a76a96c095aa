"""Calls for the console: lists, a call's page. Their sound has routes of its own (recording_routes.py)."""

from __future__ import annotations

from dialer.auth.model import Permission, may
from dialer.desk.call_page import CallList, CallPage, list_calls, load_call
from dialer.desk.recording_routes import Sound
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Problem
from dialer.store.engine import Store


def operations(store: Store, sound: Sound) -> list[Operation]:
    async def list_(call: ApiCall) -> CallList:
        campaign = number(call.query("campaign")) if call.query("campaign") else None
        before, language = call.query("cursor")[:26], call.user.language
        return await store.read(
            lambda conn: list_calls(conn, before=before, campaign_id=campaign, language=language)
        )

    async def show(call: ApiCall) -> CallPage:
        call_id, user = call.path("id")[:26], call.user
        link = sound.links_of(user.id) if may(user.role, Permission.LISTEN) else None
        page = await store.read(lambda conn: load_call(conn, call_id, language=user.language, link=link))
        if page is None:
            raise Problem(404, "not_found")
        return page

    list_.__name__, show.__name__ = "list_calls", "show_call"
    return [
        Operation(
            method="GET",
            path="/api/v1/calls",
            summary="Calls, the newest first",
            permission=Permission.SEE_CALLS,
            handler=list_,
            answers=CallList,
        ),
        Operation(
            method="GET",
            path="/api/v1/calls/{id}",
            summary="One call with its answers and its recording",
            permission=Permission.SEE_CALLS,
            handler=show,
            answers=CallPage,
        ),
    ]
