"""What differs between two texts of a script, in words; where blocks stand in the editor is no part of it.

Blocks, answers, fields and jumps are known by their ids. What has no id (conditions, actions) is compared as a whole,
in its order. Parts that this module has no word for are called by their keys, so that a new one shows at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from dialer.scripts.model import RETURN, Block, Language, Script

MOST_TEXT: Final = 600

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "name": ("название", "name"),
    "about": ("описание", "description"),
    "language": ("язык", "language"),
    "start": ("первый блок", "first block"),
    "haste": ("спешка", "haste"),
    "pace": ("темп чтения", "pace of reading"),
    "common": ("общее поле", "common field"),
    "jumps": ("быстрый переход", "jump"),
    "title": ("название", "title"),
    "stage": ("этап", "stage"),
    "text": ("текст", "text"),
    "hint": ("подсказка", "hint"),
    "fields": ("поле", "field"),
    "answers": ("ответ", "answer"),
    "ways": ("условия", "conditions"),
    "next": ("дальше", "default arrow"),
    "sub": ("вложенный скрипт", "sub-script"),
    "goal": ("цель", "goal"),
    "end": ("конец", "end"),
    "disposition": ("результат", "result"),
    "actions": ("действия", "actions"),
    "to": ("куда ведёт", "where it leads"),
    "tone": ("тон", "tone"),
    "needs_fields": ("ждёт обязательных полей", "waits for required fields"),
    "label": ("подпись", "label"),
    "kind": ("вид", "kind"),
    "required": ("обязательное", "required"),
    "choices": ("варианты", "choices"),
    "default": ("значение по умолчанию", "default"),
    "order": ("порядок", "order"),
}
_YES_NO: Final[dict[bool, tuple[str, str]]] = {True: ("да", "yes"), False: ("нет", "no")}
_RETURN: Final = ("назад из перехода", "back from the jump")
_TARGETS: Final = frozenset({"to", "next", "start"})
_NAMED: Final = frozenset({"answers", "fields", "common", "jumps"})  # lists of things that have ids


class PartChange(msgspec.Struct, frozen=True, kw_only=True):
    """`part` in words; `before`, `after` as they were written, "" where there was or is nothing."""

    part: str
    before: str
    after: str


class BlockName(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str


class BlockChange(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    parts: list[PartChange]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`settings` are the changes of the script itself: its name, first block, common fields, jumps."""

    settings: list[PartChange]
    added: list[BlockName]
    removed: list[BlockName]
    changed: list[BlockChange]


def compare(old: Script, new: Script, language: Language) -> Comparison:
    """From `old` to `new`."""
    before, after = ({block.id: block for block in script.blocks} for script in (old, new))
    words = _Words(language, {id: _title(block) for id, block in {**before, **after}.items()})
    changed = [
        BlockChange(id=id, title=_title(block), parts=parts)
        for id, block in after.items()
        if id in before and (parts := list(words.changes(_plain(before[id]), _plain(block), "")))
    ]
    settings = list(words.changes(_plain(old), _plain(new), ""))
    if [id for id in before if id in after] != [id for id in after if id in before]:
        settings.append(PartChange(part=words.of("order"), before="", after=""))
    return Comparison(
        settings=settings,
        added=[BlockName(id=id, title=_title(block)) for id, block in after.items() if id not in before],
        removed=[BlockName(id=id, title=_title(block)) for id, block in before.items() if id not in after],
        changed=changed,
    )


def _title(block: Block) -> str:
    return block.title or block.id


def _plain(thing: Script | Block) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(thing)
    return {key: value for key, value in plain.items() if key not in ("id", "blocks")}


class _Words:
    def __init__(self, language: Language, titles: Mapping[str, str]) -> None:
        self._at = int(language == "en")
        self._titles = titles

    def of(self, key: str) -> str:
        return _WORDS[key][self._at] if key in _WORDS else key

    def changes(self, old: Mapping[str, Any], new: Mapping[str, Any], within: str) -> Iterator[PartChange]:
        for key in {**old, **new}:
            before, after = old.get(key), new.get(key)
            if before == after or key == "id":
                continue
            if key in _NAMED:
                yield from self._named(key, before or (), after or ())
            else:
                yield PartChange(
                    part=within + self.of(key), before=self._said(key, before), after=self._said(key, after)
                )

    def _named(
        self, key: str, old: tuple[dict[str, Any], ...], new: tuple[dict[str, Any], ...]
    ) -> Iterator[PartChange]:
        before, after = ({one["id"]: one for one in many} for many in (old, new))
        for id, one in {**before, **after}.items():
            called = f"{self.of(key)} «{one.get('text') or one.get('label') or id}»"
            if id not in after:
                yield PartChange(part=called, before=self._whole(one), after="")
            elif id not in before:
                yield PartChange(part=called, before="", after=self._whole(one))
            else:
                yield from self.changes(before[id], after[id], f"{called}: ")
        if [id for id in before if id in after] != [id for id in after if id in before]:
            part = f"{self.of(key)}: {self.of('order')}"
            yield PartChange(part=part, before=", ".join(before), after=", ".join(after))

    def _whole(self, one: Mapping[str, Any]) -> str:
        said = (
            f"{self.of(key)}: {self._said(key, value)}"
            for key, value in one.items()
            if value and key not in ("id", "text", "label")
        )
        return str(one.get("text") or one.get("label") or one["id"]) + "".join(f"; {part}" for part in said)

    def _said(self, key: str, value: Any) -> str:
        if value in (None, "", ()):
            return ""
        if isinstance(value, bool):
            return _YES_NO[value][self._at]
        if isinstance(value, str) and key in _TARGETS:
            return _RETURN[self._at] if value == RETURN else self._titles.get(value, value)
        if isinstance(value, tuple):
            return "; ".join(self._said(key, one) for one in value)[:MOST_TEXT]
        if isinstance(value, dict):
            if set(value) == {"when", "to"}:
                return f"{value['when']} → {self._said('to', value['to'])}"
            return ", ".join(f"{self.of(part)}: {self._said(part, one)}" for part, one in value.items())
        return str(value)[:MOST_TEXT]
