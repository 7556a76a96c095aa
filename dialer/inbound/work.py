"""The units of work of the inbound path: a call put on a desk, a call that nobody took.

Plain functions of a connection: they never commit and touch no wire.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from dialer.campaigns import holds
from dialer.campaigns import service as campaigns
from dialer.campaigns.model import Campaign
from dialer.clients import service as clients
from dialer.clients.numbers import normalise
from dialer.desk import work as units
from dialer.desk.kept import Loaded
from dialer.desk.model import CallRecord, Desk, Work
from dialer.telephony import service as calls
from dialer.telephony.lines import Line
from dialer.telephony.model import CallState, EndReason, Party

OFFER = timedelta(seconds=20)  # how long a call rings at one operator
_LONGEST = 40  # characters of a caller's number that are kept


class Caller(Struct, frozen=True, kw_only=True):
    """Who calls, as far as the network says: `written` is what it sent, `e164` the number if it is one."""

    call_id: str
    leg: str
    pbx: str
    line: Line | None
    written: str
    e164: str | None
    client_id: int | None = None  # known once the call was on some desk

    @property
    def number(self) -> str:
        return self.e164 or self.written


def caller_of(
    call_id: str, *, leg: str, pbx: str, line: Line | None, number: str, client_id: int | None = None
) -> Caller:
    """Read a caller's number, which is text from outside: anything may stand in it, or nothing."""
    written = _clean(number)
    e164 = normalise(written, line.region) if line is not None and written else None
    return Caller(
        call_id=call_id, leg=leg, pbx=pbx, line=line, written=written, e164=e164, client_id=client_id
    )


def _clean(text: str) -> str:
    """What of a text can be shown: no control characters, nothing that turns the direction of writing."""
    shown = "".join(sign for sign in text if unicodedata.category(sign)[0] != "C")
    return " ".join(shown.split())[:_LONGEST].rstrip()


def begin(
    conn: Connection,
    desk: Desk,
    caller: Caller,
    line: Line,
    *,
    language: str,
    now: datetime,
    new_id: Callable[[], str],
) -> tuple[Desk, Loaded] | None:
    """Put a call on a desk, with its client, who is held from now on; None if the line has no campaign."""
    campaign = campaigns.inbound_of(conn, line.name)
    if campaign is None:
        return None
    client_id = caller.client_id or _client_of(conn, caller, now)
    call = CallRecord(
        id=caller.call_id,
        leg=caller.leg,
        direction="inbound",
        number=caller.number,
        line=line.name,
        pbx=caller.pbx,
        state=CallState.RINGING,
        started_at=now,
        record=campaign.record,
    )
    _write_down(conn, call, campaign, client_id, desk.operator_id)
    holds.hold_for(conn, desk.operator_id, client_id)
    work = Work(
        id=new_id(),
        direction="inbound",
        campaign_id=campaign.id,
        client_id=client_id,
        call=call,
        began_at=now,
        offered_until=now + OFFER,
    )
    return units.begin(conn, desk, work, campaign, language=language, now=now, new_id=new_id)


def _client_of(conn: Connection, caller: Caller, now: datetime) -> int:
    """The client who has this number, or a new one with the number filled in."""
    known = clients.identify(conn, caller.e164) if caller.e164 is not None else []
    if known:
        return known[0]
    numbers = [(caller.e164, "")] if caller.e164 is not None else []
    return clients.create(conn, name="", numbers=numbers, now=now, is_new=True)


def _write_down(
    conn: Connection, call: CallRecord, campaign: Campaign, client_id: int, operator_id: int
) -> None:
    whose: dict[str, Any] = {"operator_id": operator_id, "campaign_id": campaign.id, "client_id": client_id}
    if calls.known(conn, call.id):
        calls.change(conn, call.id, call.started_at, **whose)
        return
    calls.start(
        conn,
        now=call.started_at,
        id=call.id,
        direction="inbound",
        pbx=call.pbx,
        leg=call.leg,
        line=call.line,
        number=call.number,
        **whose,
    )


def lose(conn: Connection, caller: Caller, *, given_up: bool, now: datetime) -> None:
    """Write down a call that nobody took; `given_up` = the caller hung up."""
    if not calls.known(conn, caller.call_id):
        calls.start(
            conn,
            now=now,
            id=caller.call_id,
            direction="inbound",
            pbx=caller.pbx,
            leg=caller.leg,
            line=caller.line.name if caller.line is not None else "",
            number=caller.number,
        )
    calls.change(
        conn,
        caller.call_id,
        now,
        operator_id=None,
        ended_at=now,
        outcome="no_answer",
        end_reason=EndReason.HANGUP.value if given_up else "fell_back",
        ended_by=Party.CLIENT.value if given_up else "",
    )
