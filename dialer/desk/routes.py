"""The operator's verbs over HTTP. Each answers with the whole desk, as it is after the press."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from dialer.auth.model import Permission
from dialer.desk.colleagues import colleagues
from dialer.desk.control import MOST_DIGITS, Target
from dialer.desk.room import DeskFrame, RefusedPress, Room
from dialer.desk.service import DeskRefused, Desks
from dialer.desk.talk import Goal
from dialer.desk.view import Colleague
from dialer.http.api import ApiCall, Operation
from dialer.http.problems import Catalogue
from dialer.scripts.run import BrokenOff, Move
from dialer.scripts.values import Typed

BASE = "/api/v1/desk"


class SwitchBody(Struct, frozen=True, kw_only=True):
    on: bool


class CampaignBody(Struct, frozen=True, kw_only=True):
    campaign: int


class EmptyBody(Struct, frozen=True, kw_only=True):
    pass


class WorkBody(Struct, frozen=True, kw_only=True):
    """`work` says which client the operator meant, so that a late press never hits the next one."""

    work: str


class DialBody(WorkBody, frozen=True, kw_only=True):
    phone: int | None = None


class MuteBody(WorkBody, frozen=True, kw_only=True):
    on: bool


class DigitsBody(WorkBody, frozen=True, kw_only=True):
    digits: Annotated[str, Meta(min_length=1, max_length=MOST_DIGITS)]


class TransferBody(WorkBody, frozen=True, kw_only=True):
    """A colleague or a number. `consult`: to speak with them first; else they get the client as they answer."""

    colleague: int | None = None
    number: Annotated[str, Meta(max_length=40)] = ""
    consult: bool = True


class PauseBody(WorkBody, frozen=True, kw_only=True):
    on: bool


class StepBody(WorkBody, frozen=True, kw_only=True):
    """`without`: actions that were refused (`nth` of the refusal), which one goes on without, and why."""

    step: int
    move: Move
    without: Annotated[list[int], Meta(max_length=500)] = []
    why: Annotated[str, Meta(max_length=2000)] = ""


class FieldsBody(WorkBody, frozen=True, kw_only=True):
    step: int
    fields: dict[str, Typed]


class TaskBody(WorkBody, frozen=True, kw_only=True):
    task: str
    on: bool


class ScriptBody(Struct, frozen=True, kw_only=True):
    """For the client on the page (`work`), or for `client` where nobody is on it."""

    work: str = ""
    script: int
    client: int | None = None


class RunBody(Struct, frozen=True, kw_only=True):
    run: str


class Colleagues(Struct, frozen=True, kw_only=True):
    items: list[Colleague]


class DraftBody(WorkBody, frozen=True, kw_only=True):
    """What is left out stays as it is; null clears. `callback_minutes` counts from now by the server's clock."""

    note: str | UnsetType | None = UNSET
    disposition: str | UnsetType | None = UNSET
    comment: str | UnsetType | None = UNSET
    callback_minutes: int | UnsetType | None = UNSET
    callback_at: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET
    reason: BrokenOff | Literal[""] | UnsetType | None = UNSET


class NameBody(WorkBody, frozen=True, kw_only=True):
    name: str


class SaveBody(WorkBody, frozen=True, kw_only=True):
    """`without`, `why`: as in a step, for what the end of the script does."""

    next: bool = True
    without: Annotated[list[int], Meta(max_length=500)] = []
    why: Annotated[str, Meta(max_length=2000)] = ""


def operations(desks: Desks) -> list[Operation]:
    texts = Catalogue()

    def verb(
        path: str, summary: str, body: type, press: Callable[[Room, ApiCall], Awaitable[None]]
    ) -> Operation:
        async def handler(call: ApiCall) -> bytes:
            async def carried_out(room: Room) -> None:
                if isinstance(call.body, WorkBody) and is_over(room, call.body.work):
                    return
                await press(room, call)

            try:
                return await desks.press(call.user, call.key, carried_out)
            except DeskRefused as refused:
                # A refusal is a value, not an error: the page shows its reason, and nothing was changed.
                title = texts.text(refused.code, refused.params, call.user.language)
                told = RefusedPress(code=refused.code, title=title, params=refused.params)
                return desks.rooms.frame(await desks.rooms.of(call.user), told)

        handler.__name__ = f"desk_{path}"
        return Operation(
            method="POST",
            path=f"{BASE}/{path}",
            summary=summary,
            permission=Permission.USE_DESK,
            handler=handler,
            body=body,
            answers=DeskFrame,
            sees_keys=True,
        )

    async def list_colleagues(call: ApiCall) -> Colleagues:
        return Colleagues(items=await colleagues(desks.rooms, call.user))

    def session(room: Room, call: ApiCall) -> Awaitable[None]:
        return desks.verbs.start_session(room) if call.body.on else desks.verbs.stop_session(room)

    return [
        Operation(
            method="GET",
            path=f"{BASE}/colleagues",
            summary="Whom the operator may bring into a call",
            permission=Permission.USE_DESK,
            handler=list_colleagues,
            answers=Colleagues,
        ),
        verb("session", "Start or end the session at the operator's phone", SwitchBody, session),
        verb(
            "campaign",
            "Choose a campaign",
            CampaignBody,
            lambda r, c: desks.verbs.choose_campaign(r, c.body.campaign),
        ),
        verb(
            "break",
            "Go on a break, or come back",
            SwitchBody,
            lambda r, c: desks.verbs.take_break(r, c.body.on),
        ),
        verb("next", "Be handed the next free client", EmptyBody, lambda r, c: desks.verbs.next(r)),
        verb("dial", "Ring the client", DialBody, lambda r, c: desks.verbs.dial(r, c.body.phone)),
        verb("answer", "Take the inbound call that rings", WorkBody, lambda r, c: desks.verbs.answer(r)),
        verb("hangup", "End the call", WorkBody, lambda r, c: desks.control.hangup(r)),
        verb("mute", "Silence one's own microphone", MuteBody, lambda r, c: desks.verbs.mute(r, c.body.on)),
        verb(
            "hold",
            "Put the client on hold, or take them back",
            MuteBody,
            lambda r, c: desks.control.hold(r, c.body.on),
        ),
        verb(
            "digits",
            "Send keys to whoever the operator speaks with",
            DigitsBody,
            lambda r, c: desks.control.digits(r, c.body.digits),
        ),
        verb("transfer", "Bring somebody in", TransferBody, lambda r, c: _transfer(desks, r, c.body)),
        verb("complete", "Hand the client over", WorkBody, lambda r, c: desks.control.complete(r)),
        verb("join", "All three together", WorkBody, lambda r, c: desks.control.join(r)),
        verb("back", "Without the third again", WorkBody, lambda r, c: desks.control.back(r)),
        verb("leave", "Out of a colleague's call", EmptyBody, lambda r, c: desks.control.leave(r)),
        verb(
            "rejoin",
            "Ring one's own phone anew, and get the call back",
            EmptyBody,
            lambda r, c: desks.control.rejoin(r),
        ),
        verb(
            "pause",
            "Keep what is said out of the recording, or record it again",
            PauseBody,
            lambda r, c: desks.taping.pause(r, c.body.on),
        ),
        verb(
            "step",
            "One move in the script",
            StepBody,
            lambda r, c: desks.verbs.step(r, c.body.step, c.body.move, c.body.without, c.body.why),
        ),
        verb(
            "fields",
            "Keep what was typed",
            FieldsBody,
            lambda r, c: desks.verbs.fields(r, c.body.step, c.body.fields),
        ),
        verb(
            "task",
            "Tick a task of the script off, or on again",
            TaskBody,
            lambda r, c: desks.scripts.tick(r, c.body.task, c.body.on),
        ),
        verb(
            "script",
            "Start a script by hand",
            ScriptBody,
            lambda r, c: _start_script(desks, r, c.body),
        ),
        verb(
            "aside",
            "Put a script without a call away, to go on with it later",
            WorkBody,
            lambda r, c: desks.scripts.put_aside(r),
        ),
        verb(
            "resume",
            "Take up a run that was set aside",
            RunBody,
            lambda r, c: desks.scripts.take_up(r, c.body.run),
        ),
        verb(
            "draft", "Keep a result that is not saved yet", DraftBody, lambda r, c: _draft(desks, r, c.body)
        ),
        verb("client", "Name a new client", NameBody, lambda r, c: desks.verbs.name_client(r, c.body.name)),
        verb(
            "save",
            "Save the result, and take the next client",
            SaveBody,
            lambda r, c: desks.verbs.save(r, c.body.next, c.body.without, c.body.why),
        ),
    ]


def is_over(room: Room, meant: str) -> bool:
    """Whether the press was meant for the work saved last, and so has nothing left to do.

    Raises `DeskRefused` where it was meant for another client than the one on the page.
    """
    if room.desk.work is not None and room.desk.work.id == meant:
        return False
    if meant and room.desk.last_saved == meant:
        return True
    raise DeskRefused("no_client" if room.desk.work is None else "work_changed")


async def _transfer(desks: Desks, room: Room, body: TransferBody) -> None:
    target = Target(user_id=body.colleague, number=body.number)
    await desks.control.transfer(room, target, Goal.CONSULT if body.consult else Goal.HAND_OVER)


async def _start_script(desks: Desks, room: Room, body: ScriptBody) -> None:
    here = room.desk.work.id if room.desk.work is not None else ""
    if body.work != here:
        raise DeskRefused("work_changed")
    await desks.scripts.start(room, body.script, body.client)


async def _draft(desks: Desks, room: Room, body: DraftBody) -> None:
    changes: dict[str, object] = {}
    if body.disposition is not UNSET:
        changes["disposition"] = body.disposition or ""
    if body.comment is not UNSET:
        changes["comment"] = (body.comment or "")[:2000]
    if body.reason is not UNSET:
        changes["reason"] = body.reason or ""
    if body.callback_at is not UNSET:
        changes["callback_at"] = body.callback_at
    if body.callback_minutes is not UNSET and body.callback_minutes is not None:
        minutes = min(max(body.callback_minutes, 1), 60 * 24 * 365)
        changes["callback_at"] = desks.world.now() + timedelta(minutes=minutes)
    note = None if body.note is UNSET else body.note or ""
    await desks.verbs.draft(room, changes, note)
