"""The desk's units of work: each verb of an operator as one transaction.

Plain functions of a connection: they load, let the pure modules decide, and write down the new desk with all that
goes with it. They never commit and touch no wire.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from dialer.auth.model import Role
from dialer.campaigns import claim as claims_of
from dialer.campaigns import holds, leases, promises
from dialer.campaigns import service as campaigns
from dialer.campaigns.dispositions import EntryChange, check_result, settle
from dialer.campaigns.model import Campaign, Disposition, EntryState, Refusal
from dialer.campaigns.rules import may_postpone
from dialer.clients import deals
from dialer.clients import service as clients
from dialer.desk import tapes
from dialer.desk.doing import Presser
from dialer.desk.kept import Loaded
from dialer.desk.model import CallRecord, Desk, Draft, Work, entry_state, evolve
from dialer.desk.steps import begin_run, close_run
from dialer.desk.tables import desks
from dialer.events import EntryClaimed, ResultSaved
from dialer.scripts import aside, rights
from dialer.scripts import service as scripts
from dialer.scripts.run import Refusal as ScriptRefusal
from dialer.store import outbox, prepared
from dialer.telephony import dialling, thirds
from dialer.telephony import service as calls
from dialer.telephony.lines import Line
from dialer.telephony.model import CallState, EndReason, Outcome, Party

OPERATOR = Role.OPERATOR.value  # whose the desks are
NewId = Callable[[], str]


_KEEP = sqlite_insert(desks).values(operator_id=bindparam("operator"), desk=bindparam("state"))
_KEEP = _KEEP.on_conflict_do_update(index_elements=["operator_id"], set_={"desk": _KEEP.excluded.desk})
_ALL = select(desks.c.desk)


def keep(conn: Connection, desk: Desk) -> Desk:
    """Write the desk down as it is now. A desk that stands empty holds no client who called in."""
    if desk.work is None:
        holds.give_back(conn, desk.operator_id)
    prepared.run(conn, _KEEP, {"operator": desk.operator_id, "state": desk})
    return desk


def clear(conn: Connection, desk: Desk, now: datetime) -> Desk:
    """Take the work off the desk without a result; a run that was gone on with waits to be taken up again."""
    if desk.work is not None and desk.work.run_id:
        aside.put_back(conn, desk.work.run_id, now)
    return keep(conn, evolve(desk, now, work=None))


def load_all(conn: Connection) -> list[Desk]:
    return list(conn.execute(_ALL).scalars())


def load_one(conn: Connection, operator_id: int) -> Desk | None:
    found: Desk | None = conn.execute(_ALL.where(desks.c.operator_id == operator_id)).scalar()
    return found


def load_around(conn: Connection, work: Work, language: str) -> Loaded:
    """All that the page shows beside the desk itself."""
    campaign = campaigns.load(conn, work.campaign_id)
    if campaign is None:
        raise LookupError(f"campaign {work.campaign_id} is gone")
    run = scripts.load_run(conn, work.run_id) if work.run_id else None
    return Loaded(
        campaign=campaign,
        client=clients.load(conn, work.client_id),
        history=campaigns.history(conn, work.client_id, language),
        deal=deals.find_open(conn, work.client_id),
        version=scripts.load_version(conn, run.version_id) if run else None,
        run=run,
    )


def rescue(
    conn: Connection,
    held: Collection[tuple[int, int]],
    known_calls: Collection[str],
    known_thirds: Collection[str],
    now: datetime,
) -> tuple[int, int]:
    """Free entries and close calls that no desk knows of: (entries, calls) that there were."""
    lost = [row.id for row in calls.open_calls(conn) if row.id not in known_calls]
    for call_id in lost:
        calls.change(
            conn,
            call_id,
            now,
            ended_at=now,
            outcome=Outcome.UNKNOWN.value,
            end_reason=EndReason.LOST_SIGHT.value,
        )
    thirds.end_unknown(conn, known_thirds, now)
    return leases.free_unheld(conn, held, now), len(lost)


def _nothing_against(campaign: Campaign) -> None:
    return None


def take_next(
    conn: Connection,
    desk: Desk,
    *,
    refuses: Callable[[Campaign], Refusal | None] = _nothing_against,
    language: str,
    now: datetime,
    new_id: NewId,
) -> tuple[Desk, Loaded] | Refusal:
    """Claim the next client of the operator's campaign, with the script at its first block.

    `refuses` says what else speaks against this campaign at this desk.
    """
    campaign = campaigns.load(conn, desk.campaign_id) if desk.campaign_id is not None else None
    if campaign is None:
        return Refusal(code="no_campaign")
    if (refusal := refuses(campaign)) is not None:
        return refusal
    if campaign.script_id is not None and not may_run(conn, campaign.script_id, desk.operator_id):
        return Refusal(code="script_not_yours")
    claim = claims_of.next_entry(conn, campaign, desk.operator_id, now)
    if isinstance(claim, Refusal):
        return claim
    outbox.append(
        conn,
        EntryClaimed(entry_id=claim.entry_id, campaign_id=campaign.id, operator_id=desk.operator_id),
        now,
    )
    work = Work(
        id=new_id(),
        direction="outbound",
        campaign_id=campaign.id,
        client_id=claim.client_id,
        claim=claim,
        began_at=now,
    )
    return begin(conn, desk, work, campaign, language=language, now=now, new_id=new_id)


def may_run(conn: Connection, script_id: int, operator_id: int) -> bool:
    """Whether an operator may start runs of a script."""
    return rights.may(conn, script_id, "start", user_id=operator_id, role=OPERATOR)


def begin(
    conn: Connection,
    desk: Desk,
    work: Work,
    campaign: Campaign,
    *,
    language: str,
    now: datetime,
    new_id: NewId,
    aside_run: str | None = None,
) -> tuple[Desk, Loaded]:
    """Put work on a desk, with a run of the campaign's script if it has one: one that was set aside, or a new one."""
    loaded = Loaded(
        campaign=campaign,
        client=clients.load(conn, work.client_id),
        history=campaigns.history(conn, work.client_id, language),
        deal=deals.find_open(conn, work.client_id),
    )
    if campaign.script_id is not None and may_run(conn, campaign.script_id, desk.operator_id):
        loaded = begin_run(
            conn,
            loaded,
            work,
            campaign.script_id,
            operator_id=desk.operator_id,
            now=now,
            new_id=new_id,
            aside_run=aside_run,
        )
    if loaded.run is not None:
        work = msgspec.structs.replace(work, run_id=loaded.run.id)
    return keep(conn, evolve(desk, now, work=work)), loaded


def order_call(
    conn: Connection,
    desk: Desk,
    work: Work,
    campaign: Campaign,
    call: CallRecord,
    *,
    line: Line,
    now: datetime,
) -> Desk | Refusal:
    """Write an attempt and its call down, before anything is sent. Raises `StaleClaim`.

    What speaks against the line, the number or so many calls is asked of the store here, so that two who press
    together don't both get the last one, and nothing is dialled after a stop was committed.
    """
    if work.claim is None:
        return Refusal(code="not_outbound")
    dial = dialling.Dial(
        id=call.leg,
        number=call.number,
        line=line,
        operator_id=desk.operator_id,
        campaign_id=campaign.id,
        caller_ids=campaign.caller_ids,
    )
    allowed = dialling.ask(conn, dial, now)
    if not isinstance(allowed, dialling.Permit):
        return Refusal(code=allowed.code, params=allowed.params, until=allowed.until)
    refusal = claims_of.start_attempt(conn, campaign, work.claim, e164=call.number, call_id=call.id, now=now)
    if refusal is not None:
        return refusal
    dialling.note(conn, dial, allowed, now)
    call = msgspec.structs.replace(call, caller_id=allowed.caller_id, most_s=allowed.most_s)
    calls.start(
        conn,
        now=now,
        id=call.id,
        direction="outbound",
        pbx=call.pbx,
        leg=call.leg,
        line=call.line,
        number=call.number,
        operator_id=desk.operator_id,
        campaign_id=campaign.id,
        client_id=work.client_id,
    )
    if work.run_id:
        scripts.tie_to_call(conn, work.run_id, call.id)
    claim = msgspec.structs.replace(work.claim, attempts=work.claim.attempts + 1)
    draft = work.draft if work.call is None else Draft(comment=work.draft.comment)
    return keep(
        conn, evolve(desk, now, work=msgspec.structs.replace(work, call=call, claim=claim, draft=draft))
    )


_STORED = ("answered_at", "bridged_at", "ended_at", "outcome", "cause", "end_reason", "ended_by")


def changed_call(before: CallRecord, after: CallRecord) -> dict[str, object]:
    """What of a call's change is to be written down: turns that bear an outcome."""
    return {name: getattr(after, name) for name in _STORED if getattr(after, name) != getattr(before, name)}


def follow_call(conn: Connection, desk: Desk, work: Work, after: CallRecord, now: datetime) -> Desk:
    """Write a turn of the call down and move the entry along with it."""
    before = work.call
    if before is None:
        return desk
    calls.change(conn, after.id, now, recorded=after.recording_at is not None, **changed_call(before, after))
    tapes.follow(conn, before, after, now)
    never_rang = after.end_reason == EndReason.REFUSED.value and before.end_reason != after.end_reason
    if work.claim is not None and never_rang:
        attempts = claims_of.give_back_attempt(conn, work.claim, after.id)
        work = msgspec.structs.replace(work, claim=msgspec.structs.replace(work.claim, attempts=attempts))
    moved = msgspec.structs.replace(work, call=after)
    target = entry_state(moved)
    if work.claim is not None and target is not None and target is not entry_state(work):
        claims_of.move(conn, work.claim, target)
    return keep(conn, evolve(desk, now, work=moved))


def close_unsent(call: CallRecord, reason: EndReason, outcome: Outcome, now: datetime) -> CallRecord:
    """The record of a call that never was, or whose fate nobody can tell."""
    return msgspec.structs.replace(
        call,
        state=CallState.ENDED,
        ended_at=now,
        outcome=outcome.value,
        end_reason=reason.value,
        ended_by=Party.SYSTEM.value,
    )


def save(
    conn: Connection,
    desk: Desk,
    work: Work,
    loaded: Loaded,
    *,
    by: Presser,
    now: datetime,
) -> Desk | Refusal | ScriptRefusal:
    """Give the work its result and clear the desk. Raises `StaleClaim`, and `ActionRefused` by the script's end."""
    draft, campaign = work.draft, loaded.campaign
    disposition = campaign.disposition(draft.disposition)
    refusal = check_result(disposition, comment=draft.comment, callback_at=draft.callback_at, now=now)
    if disposition is None or refusal is not None:
        return refusal or Refusal(code="disposition_missing")
    change = settle(
        campaign,
        disposition,
        callback_at=draft.callback_at,
        operator_id=desk.operator_id,
        attempts=work.claim.attempts if work.claim else 0,
        now=now,
    )
    if work.claim is not None and change.owner_id is not None:
        refusal = may_postpone(campaign.rules, postponed=claims_of.count_postponed(conn, desk.operator_id))
        if refusal is not None:
            return refusal
    back_in, back_at = _promised(conn, desk, work, disposition)
    if isinstance(back_in, Refusal):
        return back_in
    closed = close_run(conn, work, loaded, later=disposition.callback, by=by, now=now)
    if isinstance(closed, ScriptRefusal):
        return closed
    change = _mark_numbers(conn, work, loaded, change, flag=disposition.flag_phone, now=now)
    if closed.exclude and change.state is not EntryState.EXCLUDED:  # the script's word, whatever the result
        change = EntryChange(state=EntryState.EXCLUDED, due_at=now, owner_id=None)
    campaigns.save_result(
        conn,
        work_id=work.id,
        campaign=campaign,
        client_id=work.client_id,
        call_id=work.call.id if work.call else None,
        operator_id=desk.operator_id,
        disposition=disposition,
        comment=_words(draft.comment, work.note),
        callback_at=draft.callback_at if disposition.callback else None,
        now=now,
    )
    if work.claim is not None:
        campaigns.settle_entry(conn, work.claim, change, disposition.id, now)
    if back_in is not None and back_at is not None:
        promises.promise(conn, back_in, client_id=work.client_id, operator_id=desk.operator_id, at=back_at)
    outbox.append(
        conn, ResultSaved(work_id=work.id, campaign_id=campaign.id, disposition=disposition.id), now
    )
    return keep(conn, evolve(desk, now, work=None, last_saved=work.id))


def _promised(
    conn: Connection, desk: Desk, work: Work, disposition: Disposition
) -> tuple[Campaign | Refusal | None, datetime | None]:
    """The campaign, and when, in which a client who called in is to be called back; or why that can't be."""
    at = work.draft.callback_at
    if work.claim is not None or not disposition.callback or at is None:
        return None, None
    campaign = campaigns.load(conn, desk.campaign_id) if desk.campaign_id is not None else None
    refusal = promises.may_promise(conn, campaign, client_id=work.client_id, operator_id=desk.operator_id)
    return refusal or campaign, at


def _words(comment: str, note: str) -> str:
    return "\n".join(part.strip() for part in (comment, note) if part.strip())[:2000]


def _mark_numbers(
    conn: Connection, work: Work, loaded: Loaded, change: EntryChange, *, flag: bool, now: datetime
) -> EntryChange:
    """Block the client's numbers, or flag the wrong one and let the next be tried."""
    if change.state is EntryState.EXCLUDED:
        for phone in loaded.client.phones:
            clients.block_number(conn, phone.e164, reason="asked not to be called", now=now)
        return change
    if not flag or work.call is None or work.direction != "outbound":
        return change
    others = 0
    for phone in loaded.client.phones:
        if phone.e164 == work.call.number:
            clients.flag_phone(conn, phone.id)
        elif not phone.flagged:
            others += 1
    if others and work.claim is not None and work.claim.attempts < loaded.campaign.max_attempts:
        return EntryChange(state=EntryState.WAITING, due_at=now, owner_id=None)
    return change
