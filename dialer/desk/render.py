"""A desk and what stands around it, as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import msgspec

from dialer.auth.model import User
from dialer.campaigns.dispositions import BY_OUTCOME
from dialer.campaigns.model import Refusal
from dialer.clients.numbers import national
from dialer.desk.kept import Loaded, Today
from dialer.desk.model import CallRecord, Desk, Draft, Work, controls_of, state_of
from dialer.desk.steps import context_of, number_of
from dialer.desk.talk import Guest, Third
from dialer.desk.view import (
    CallView,
    CampaignChoice,
    CampaignView,
    CardField,
    CardView,
    ControlsView,
    DeskView,
    DispositionView,
    GuestView,
    HistoryLine,
    Language,
    OperatorView,
    PhoneView,
    RefusalView,
    ResultDraft,
    Theme,
    ThirdView,
    TodayView,
    WorkView,
)
from dialer.scripts.run import Ended
from dialer.scripts.show import view as run_view
from dialer.scripts.view import TrailStep
from dialer.telephony.model import Outcome


def render(
    desk: Desk,
    user: User,
    loaded: Loaded | None,
    around_guest: Loaded | None = None,
    *,
    choices: Sequence[CampaignChoice],
    campaign: CampaignView | None,
    today: Today,
    refusal: Refusal | None,
    pbx_up: bool,
    now: datetime,
) -> DeskView:
    """The page's whole truth."""
    work = desk.work
    return DeskView(
        operator=_operator(user),
        server_now=now,
        state=state_of(desk),
        since=desk.since,
        pbx_up=pbx_up,
        session_up=desk.session_up,
        on_break=desk.on_break,
        campaign=campaign,
        campaigns=list(choices),
        today=TodayView(
            calls=today.calls,
            successes=today.successes,
            talk_s=today.talk_s,
            tasks=today.tasks,
            troubles=today.troubles,
        ),
        refusal=RefusalView(code=refusal.code, params=refusal.params, until=refusal.until)
        if refusal
        else None,
        work=_work(desk, work, loaded, user, pbx_up=pbx_up)
        if work is not None and loaded is not None
        else None,
        guest=_guest(desk.guest, around_guest) if desk.guest is not None else None,
        number=national(work.call.number) if work is not None and work.call is not None else "",
    )


def _operator(user: User) -> OperatorView:
    return OperatorView(
        id=user.id,
        login=user.login,
        name=user.name,
        role=user.role.value,
        language=cast(Language, user.language),
        theme=cast(Theme, user.theme),
        phone="webrtc" if user.phone_kind == "webrtc" else "sip",
        single_keys=user.single_keys,
    )


def _guest(guest: Guest, around: Loaded | None) -> GuestView:
    return GuestView(
        host=guest.host,
        card=_card(None, around) if around is not None else None,
        number=guest.number,
        since=guest.since,
        trail=_answers_so_far(guest, around) if around is not None else [],
    )


def _answers_so_far(guest: Guest, around: Loaded) -> list[TrailStep]:
    if around.version is None or around.run is None:
        return []
    return run_view(around.version.script, around.run.state, context_of(around, guest.host)).trail


def _work(desk: Desk, work: Work, loaded: Loaded, user: User, *, pbx_up: bool) -> WorkView:
    version, run = loaded.version, loaded.run
    draft = work.draft
    return WorkView(
        id=work.id,
        direction=work.direction,
        card=_card(work, loaded),
        call=_call(desk, work, work.call, pbx_up=pbx_up) if work.call is not None else None,
        run=run_view(
            version.script,
            run.state,
            context_of(loaded, user.name, number_of(work)),
            run_id=run.id,
            version=version.number,
        )
        if version is not None and run is not None
        else None,
        dispositions=[
            DispositionView(
                id=disposition.id,
                title=disposition.title(user.language),
                group=disposition.group,
                comment=disposition.comment,
                callback=disposition.callback,
            )
            for disposition in loaded.campaign.dispositions
        ],
        draft=ResultDraft(
            disposition=draft.disposition,
            comment=draft.comment,
            callback_at=draft.callback_at,
            reason=draft.reason,
        )
        if draft != Draft()
        else None,
        suggested=suggested(work, loaded),
        note=work.note,
        lease_until=work.claim.lease_until if work.claim is not None and work.call is None else None,
    )


def suggested(work: Work, loaded: Loaded) -> str:
    """The result that is preselected: the script's, else the one that the call's outcome speaks for."""
    proposal = loaded.run.state.at.suggested if loaded.run is not None else ""
    call = work.call
    if not proposal and call is not None and call.ended and call.outcome not in ("", Outcome.ANSWERED.value):
        proposal = BY_OUTCOME.get(Outcome(call.outcome), "")
    if not proposal and call is not None and call.ended and call.ended_by == "client" and call.bridged_at:
        ended = loaded.run.state.ended if loaded.run is not None else None
        proposal = "" if ended is not None and ended.kind is Ended.GOAL_MET else "hung_up"
    return proposal if loaded.campaign.disposition(proposal) is not None else ""


def _card(work: Work | None, loaded: Loaded) -> CardView:
    client = loaded.client
    return CardView(
        client_id=client.id,
        name=client.name,
        is_new=client.is_new,
        phones=[
            PhoneView(id=p.id, e164=p.e164, national=national(p.e164), label=p.label, flagged=p.flagged)
            for p in client.phones
        ],
        city=client.city,
        timezone=client.timezone,
        fields=[CardField(label=label, value=value) for label, value in client.fields.items()],
        attempt=_attempt(work),
        max_attempts=loaded.campaign.max_attempts if work and work.claim else 0,
        history=[
            HistoryLine(
                at=past.at,
                campaign=past.campaign,
                disposition=past.disposition,
                comment=past.comment,
                operator=past.operator,
            )
            for past in loaded.history
        ],
    )


def _attempt(work: Work | None) -> int:
    """Which try to reach the client this is, 0 where nobody is being tried."""
    if work is None or work.direction == "by_hand":
        return 0
    return (work.claim.attempts if work.claim else 0) + (work.call is None)


def _third(third: Third) -> ThirdView:
    return ThirdView(name=third.name, goal=third.goal.value, stage=third.stage.value, since=third.since)


def _call(desk: Desk, work: Work, call: CallRecord, *, pbx_up: bool) -> CallView:
    reasons = controls_of(desk, pbx_up=pbx_up)
    return CallView(
        id=call.id,
        number=national(call.number),
        state=call.state.value,
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        outcome=call.outcome,
        ended_by=call.ended_by,
        recorded=call.recording_at is not None,
        recording_paused=call.paused_at is not None and not call.pause_unsure and not call.ended,
        pause_unsure=call.pause_unsure != "" and not call.ended,
        muted=desk.muted,
        mute_unsure=desk.mute_unsure,
        held=work.held,
        third=_third(work.third) if work.third is not None else None,
        away_until=work.away_until,
        controls=ControlsView(**msgspec.structs.asdict(reasons)),
    )
