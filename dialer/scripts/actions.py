"""What a script does besides talking: one vocabulary, as plain values (spec 03 S4, spec 12).

An action is written in a script with templates and names of fields in it, and carried out with what those stand for
at that moment (`dialer.scripts.due`). What each one does: `dialer.automation`, and docs/actions.md.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

import msgspec
from msgspec import Struct

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
"""How a web hook, or a part of its body, may be called."""

MAX_ACTIONS: Final = 20  # on one block or answer
MAX_PARTS: Final = 50

CLIENT_FIELD: Final = "client.fields."
DEAL_FIELD: Final = "deal.fields."
SETTABLE: Final = frozenset({"client.name", "client.city", "deal.title"})
"""What `set_field` may write besides the fields of a client's card and of a deal, by their labels."""


class _Action(Struct, frozen=True, kw_only=True, tag_field="do"):
    """`when`: a condition over fields; the action is left out where it does not hold. "" = always."""

    SAID: ClassVar[tuple[str, ...]] = ()
    """Attributes that are read by people: their placeholders stand for words (12 March 2026; yes)."""

    KEPT: ClassVar[tuple[str, ...]] = ()
    """Attributes that programs keep: their placeholders stand for canonical values (2026-03-12; true)."""

    READY: ClassVar[bool] = True
    """Whether what it wants exists in this release."""

    when: str = ""


class _Timed(_Action, frozen=True, kw_only=True):
    """A moment: the fields that hold its date and its time, or so many minutes from now."""

    date: str = ""
    time: str = ""
    minutes: int = 0


class _ToSomebody(_Action, frozen=True, kw_only=True):
    """Somebody, by login; or everybody of a role: the first who takes it has it."""

    to: str = ""
    role: str = ""
    text: str


class SetField(_Action, frozen=True, kw_only=True, tag="set_field"):
    KEPT: ClassVar = ("value",)

    field: str
    value: str


class DealStage(_Action, frozen=True, kw_only=True, tag="deal_stage"):
    """Moves the client's open deal to a stage; begins a deal where none is open. `close`: it ends there."""

    KEPT: ClassVar = ("stage",)

    stage: str
    close: bool = False


class CreateTask(_Timed, frozen=True, kw_only=True, tag="create_task"):
    """A task for an operator: the one who speaks, if nobody is named."""

    SAID: ClassVar = ("text",)

    text: str
    to: str = ""
    role: str = ""


class Callback(_Timed, frozen=True, kw_only=True, tag="callback"):
    """The client is called back then; the operator may still change the moment before saving the result."""


class DoNotCall(_Action, frozen=True, kw_only=True, tag="do_not_call"):
    """None of the client's numbers is ever dialled again."""

    SAID: ClassVar = ("reason",)

    reason: str = ""


class Exclude(_Action, frozen=True, kw_only=True, tag="exclude"):
    """The client leaves this campaign's pool, or that of every campaign."""

    everywhere: bool = False


class HandOver(_ToSomebody, frozen=True, kw_only=True, tag="hand_over"):
    """The client, and the open deal, are somebody else's from now on; they find a task that says why."""

    SAID: ClassVar = ("text",)


class Message(_ToSomebody, frozen=True, kw_only=True, tag="message"):
    """Words to a colleague."""

    SAID: ClassVar = ("text",)


class Part(Struct, frozen=True, kw_only=True):
    """One entry of a web hook's body."""

    key: str
    value: str


class WebHook(_Action, frozen=True, kw_only=True, tag="web_hook"):
    """Calls a web hook that the admin has configured under this name; a script never says where it is."""

    hook: str
    body: tuple[Part, ...] = ()


class SendMail(_Action, frozen=True, kw_only=True, tag="send_mail"):
    SAID: ClassVar = ("subject", "text")
    KEPT: ClassVar = ("to",)
    READY: ClassVar = False

    to: str
    subject: str = ""
    text: str = ""


class CreateOrder(_Action, frozen=True, kw_only=True, tag="create_order"):
    SAID: ClassVar = ("text",)
    READY: ClassVar = False

    text: str = ""


class CreateDocument(_Action, frozen=True, kw_only=True, tag="create_document"):
    SAID: ClassVar = ("text",)
    KEPT: ClassVar = ("form",)
    READY: ClassVar = False

    form: str
    text: str = ""


Action = (
    SetField
    | DealStage
    | CreateTask
    | Callback
    | DoNotCall
    | Exclude
    | HandOver
    | Message
    | WebHook
    | SendMail
    | CreateOrder
    | CreateDocument
)

KINDS: Final[dict[str, type[Action]]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        SetField,
        DealStage,
        CreateTask,
        Callback,
        DoNotCall,
        Exclude,
        HandOver,
        Message,
        WebHook,
        SendMail,
        CreateOrder,
        CreateDocument,
    )
}
"""Every action by the word that stands after `do:`."""


def word(action: Action) -> str:
    """The word that stands for an action in a script."""
    return str(action.__struct_config__.tag)


def settable(name: str) -> bool:
    """Whether `set_field` may write this."""
    labelled = any(name.startswith(room) and name[len(room) :].strip() for room in (CLIENT_FIELD, DEAL_FIELD))
    return name in SETTABLE or labelled


def templates(action: Action) -> list[tuple[str, str]]:
    """The texts of an action that may hold placeholders, each with its path within the action."""
    found = [(name, str(getattr(action, name))) for name in (*action.SAID, *action.KEPT)]
    if isinstance(action, WebHook):
        found += [(f"body.{part.key}", part.value) for part in action.body]
    return found


def asked_fields(action: Action) -> list[tuple[str, str, str]]:
    """Fields that an action names by id: (attribute, id, the kind that it must have)."""
    if not isinstance(action, CreateTask | Callback):
        return []
    return [(name, asked, name) for name in ("date", "time") if (asked := getattr(action, name))]


def with_texts(action: Action, changed: dict[str, str]) -> Action:
    """The action with texts in the places that `templates` names."""
    simple = {name: text for name, text in changed.items() if not name.startswith("body.")}
    if isinstance(action, WebHook):
        body = tuple(
            Part(key=part.key, value=changed.get(f"body.{part.key}", part.value)) for part in action.body
        )
        return msgspec.structs.replace(action, **simple, body=body)
    return msgspec.structs.replace(action, **simple)
