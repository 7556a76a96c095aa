"""What is wrong with the actions of a script, before any of them is carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from dialer import expressions
from dialer.auth.model import Permission, roles_that
from dialer.scripts.actions import (
    MAX_ACTIONS,
    MAX_PARTS,
    NAME,
    Action,
    Callback,
    CreateTask,
    HandOver,
    Message,
    SetField,
    WebHook,
    asked_fields,
    settable,
    templates,
    word,
)
from dialer.scripts.findings import Finding, Path
from dialer.scripts.graph import distances
from dialer.scripts.model import Field, Script, all_fields
from dialer.scripts.said import ACTIONS, actions
from dialer.scripts.ways import names

MAX_TEXT = 2_000
_ROLES = roles_that(Permission.OWN_TASKS)  # who would find it
_NEEDED = ("text", "stage", "form", "to")


class Outside(Struct, frozen=True, kw_only=True):
    """What there is outside a script: names of web hooks, logins of people; None: nobody asks."""

    hooks: Collection[str] | None = None
    people: Collection[str] | None = None


def check_actions(script: Script, outside: Outside | None = None) -> list[Finding]:
    """Every fault of every action."""
    outside = outside or Outside()
    fields = {field.id: field for field in all_fields(script)}
    known = names(script)
    found = [*_too_many(script), *_too_early(script)]
    for path, block, action in actions(script):
        if block.end and isinstance(action, Callback):
            found.append(Finding(code="action_at_end", path=path))
        if not action.READY:
            found.append(Finding(code="action_not_yet", path=path, params={"action": word(action)}))
        if action.when and (wrong := expressions.check(action.when, known)):
            found.append(Finding(code=wrong.code, path=(*path, "when"), params=dict(wrong.params)))
        found += _texts(path, action)
        found += _moment(path, action, fields)
        found += _somebody(path, action, outside)
        found += _own(path, action, outside)
    return found


def _too_many(script: Script) -> Iterator[Finding]:
    for block in script.blocks:
        here: Path = ("blocks", block.id)
        lists = [((*here, "answers", answer.id), answer.actions) for answer in block.answers]
        for path, listed in [*lists, (here, block.actions)]:
            if len(listed) > MAX_ACTIONS:
                params: dict[str, str | int] = {"what": ACTIONS, "limit": MAX_ACTIONS}
                yield Finding(code="too_large", path=(*path, ACTIONS), params=params)


def _too_early(script: Script) -> Iterator[Finding]:
    """Automatic blocks that a run passes before its first step: no step would hold what they did."""
    on = {
        block.id: [block.next, *(way.to for way in block.ways)] if block.automatic else []
        for block in script.blocks
    }
    graph = {block: [to for to in targets if to in on] for block, targets in on.items()}
    first = distances(graph, [script.start])
    for block in script.blocks:
        if block.id in first and block.automatic and block.actions and not block.sub:
            yield Finding(
                code="action_before", path=("blocks", block.id, ACTIONS), params={"block": block.id}
            )


def _texts(path: Path, action: Action) -> Iterator[Finding]:
    for name, text in templates(action):
        if len(text) > MAX_TEXT:
            yield Finding(code="text_too_long", path=(*path, *name.split(".")), params={"limit": MAX_TEXT})
        if not text.strip() and name in _NEEDED and action.READY:
            yield Finding(code="text_missing", path=(*path, name))


def _moment(path: Path, action: Action, fields: dict[str, Field]) -> Iterator[Finding]:
    if not isinstance(action, CreateTask | Callback):
        return
    told = bool(action.minutes) + bool(action.date)
    needed = isinstance(action, Callback)
    if told > 1 or (needed and not told) or (action.time and not action.date) or action.minutes < 0:
        yield Finding(code="action_time", path=path)
    for name, asked, kind in asked_fields(action):
        field = fields.get(asked)
        params: dict[str, str | int] = {"field": asked[:40]}
        if field is None:
            yield Finding(code="action_field_unknown", path=(*path, name), params=params)
        elif field.kind != kind:
            yield Finding(code="action_field_kind", path=(*path, name), params={**params, "kind": kind})


def _somebody(path: Path, action: Action, outside: Outside) -> Iterator[Finding]:
    if not isinstance(action, CreateTask | HandOver | Message):
        return
    told = bool(action.to) + bool(action.role)
    if told > 1 or (not told and not isinstance(action, CreateTask)):
        yield Finding(code="action_whom", path=path)
    if action.role and action.role not in _ROLES:
        params: dict[str, str | int] = {"name": action.role[:40], "known": ", ".join(_ROLES)}
        yield Finding(code="action_role", path=(*path, "role"), params=params)
    if action.to and outside.people is not None and action.to not in outside.people:
        yield Finding(code="action_person", path=(*path, "to"), params={"name": action.to[:40]})


def _own(path: Path, action: Action, outside: Outside) -> Iterator[Finding]:
    if isinstance(action, SetField) and not settable(action.field):
        yield Finding(code="action_field", path=(*path, "field"), params={"field": action.field[:80]})
    if not isinstance(action, WebHook):
        return
    named: dict[str, str | int] = {"name": action.hook[:40]}
    if not NAME.fullmatch(action.hook):
        yield Finding(code="action_hook_name", path=(*path, "hook"), params=named)
    elif outside.hooks is not None and action.hook not in outside.hooks:
        yield Finding(code="action_hook", path=(*path, "hook"), params=named)
    if len(action.body) > MAX_PARTS:
        params: dict[str, str | int] = {"what": "body", "limit": MAX_PARTS}
        yield Finding(code="too_large", path=(*path, "body"), params=params)
    keys = [part.key for part in action.body]
    for key in dict.fromkeys(keys):
        if not NAME.fullmatch(key) or keys.count(key) > 1:
            yield Finding(code="action_part", path=(*path, "body"), params={"name": key[:40]})
