"""What an operator's page shows, as one value: the page's whole truth, pushed whole at every change.

A page draws this and nothing else; it holds no rule of the business. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Literal

from msgspec import Struct

from dialer.scripts.run import BrokenOff
from dialer.scripts.view import AnswerView as AnswerView
from dialer.scripts.view import BlockView as BlockView
from dialer.scripts.view import JumpView as JumpView
from dialer.scripts.view import RunView as RunView
from dialer.scripts.view import ScriptFieldView as ScriptFieldView
from dialer.scripts.view import TrailStep as TrailStep


class DeskState(enum.StrEnum):
    """What the operator is doing, as one word; the page makes a sentence, an icon and a timer of it."""

    OFFLINE = "offline"  # no session
    CONNECTING = "connecting"  # the operator's phone is being rung
    READY = "ready"  # in session, no client
    BREAK = "break"
    PREVIEW = "preview"  # a client on the page, nobody rung
    FILLING = "filling"  # a script is gone through without a call
    OFFERED = "offered"  # an inbound call rings
    DIALLING = "dialling"
    RINGING = "ringing"
    TALKING = "talking"
    HELPING = "helping"  # the phone is in a colleague's call
    WRAPUP = "wrapup"  # the call is over here, the result is not saved


Language = Literal["ru", "en"]
Theme = Literal["light", "dark", "system"]


class OperatorView(Struct, frozen=True, kw_only=True):
    id: int
    login: str
    name: str
    role: str
    language: Language
    theme: Theme
    phone: Literal["sip", "webrtc"]
    single_keys: bool  # single-character keys switched on


class CampaignChoice(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    waiting: int


class CampaignView(Struct, frozen=True, kw_only=True):
    id: int
    name: str
    talking_point: str


class TodayView(Struct, frozen=True, kw_only=True):
    calls: int
    successes: int
    talk_s: int
    tasks: int  # open ones: the page offers its list
    troubles: int  # what scripts did not bring about, not yet seen


class RefusalView(Struct, frozen=True, kw_only=True):
    """A no with its reason. `code` has a text in the catalogues (`refusal.<code>`), filled from `params`."""

    code: str
    params: dict[str, str | int] = {}
    until: datetime | None = None  # when it may be had; the page counts down


class PhoneView(Struct, frozen=True, kw_only=True):
    id: int
    e164: str
    national: str
    label: str
    flagged: bool  # known to be wrong


class CardField(Struct, frozen=True, kw_only=True):
    label: str
    value: str


class HistoryLine(Struct, frozen=True, kw_only=True):
    at: datetime
    campaign: str
    disposition: str  # its title in the operator's language
    comment: str
    operator: str


class CardView(Struct, frozen=True, kw_only=True):
    client_id: int
    name: str
    is_new: bool  # an unknown caller: the page offers to fill in the name
    phones: list[PhoneView]
    city: str
    timezone: str  # IANA name, "" if unknown
    fields: list[CardField]
    attempt: int
    max_attempts: int
    history: list[HistoryLine]


class ThirdView(Struct, frozen=True, kw_only=True):
    """Somebody who is brought into the call."""

    name: str
    goal: Literal["consult", "hand_over", "together", "take_over"]
    stage: Literal["ringing", "speaking", "together", "handed"]
    since: datetime


class ControlsView(Struct, frozen=True, kw_only=True):
    """Why each button of the call can't be pressed now (`why.<code>`), "" where it can."""

    hold: str
    digits: str
    transfer: str
    complete: str
    back: str
    join: str


class CallView(Struct, frozen=True, kw_only=True):
    id: str
    number: str  # national format
    state: Literal["dialling", "ringing", "answered", "bridged", "held", "transferred", "ended"]
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str  # answered, busy, no_answer, ... "" while open
    ended_by: str  # client, operator, system, ""
    recorded: bool
    recording_paused: bool  # silence is recorded: what is said now will not be in the file
    pause_unsure: bool  # a pause, or its end, was asked for without an answer: it is to be taken for recorded
    muted: bool
    mute_unsure: bool  # asked for without an answer: whether the client hears the operator nobody can tell
    held: bool  # the client hears music
    third: ThirdView | None
    away_until: datetime | None  # the operator's phone was lost; so long the client is kept
    controls: ControlsView


class DispositionView(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    group: Literal["reached", "not_reached", "refused", "success", "technical"]
    comment: Literal["none", "optional", "required"]
    callback: bool  # asks for a date


class ResultDraft(Struct, frozen=True, kw_only=True):
    disposition: str
    comment: str
    callback_at: datetime | None
    reason: BrokenOff | Literal[""] = ""


class WorkView(Struct, frozen=True, kw_only=True):
    """The client on the page, with all that is done about them. `id` appears once: a pop is shown once."""

    id: str
    direction: Literal["outbound", "inbound", "by_hand"]
    card: CardView
    call: CallView | None
    run: RunView | None
    dispositions: list[DispositionView]
    draft: ResultDraft | None
    suggested: str  # the disposition that the script's end, or the call's outcome, proposes; "" if none
    note: str
    lease_until: datetime | None  # the preview's limit


class GuestView(Struct, frozen=True, kw_only=True):
    """A colleague's call that this operator's phone takes part in."""

    host: str
    card: CardView | None
    number: str
    since: datetime
    trail: list[TrailStep]  # what the client has answered so far


class Colleague(Struct, frozen=True, kw_only=True):
    """Somebody whom the operator may bring into a call; `reason` says why not now, "" if it can be."""

    id: int
    name: str
    how: Literal["session", "phone"]  # there at once, or their phone rings
    reason: str


class DeskView(Struct, frozen=True, kw_only=True):
    operator: OperatorView
    server_now: datetime
    state: DeskState
    since: datetime
    pbx_up: bool
    session_up: bool
    on_break: bool  # with a client on the page: the break begins after this one
    campaign: CampaignView | None
    campaigns: list[CampaignChoice]
    today: TodayView
    refusal: RefusalView | None
    work: WorkView | None
    guest: GuestView | None = None
    number: str = ""  # OFFERED by an unknown or known caller: shown beside the name
