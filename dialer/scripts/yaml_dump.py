"""Script to YAML that diffs well: one thing a line, the script's order, defaults left out."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import yaml

from dialer.scripts.actions import Action, WebHook, word
from dialer.scripts.model import PACE, Answer, Block, Field, Jump, Script
from dialer.scripts.yaml_form import FORMAT


def dump(script: Script) -> str:
    """The text form. `load` of it gives an equal script, if its texts are tidy (no spaces at line ends)."""
    head: dict[str, Any] = {"format": int(FORMAT), "name": script.name, "language": script.language}
    if script.about:
        head["about"] = script.about
    head["start"] = script.start
    if script.haste:
        head["haste"] = script.haste
    if script.pace != PACE:
        head["pace"] = script.pace
    if script.mode != "strict":
        head["mode"] = script.mode
    head |= _filled({"scheme_visible": script.scheme_visible, "call_needed": script.call_needed})
    if not script.keep_log:
        head["keep_log"] = False
    if script.tasks:
        head["tasks"] = {task.id: task.text for task in script.tasks}
    parts = [_yaml(head)]
    if script.common:
        parts.append(_yaml({"common": _fields(script.common)}))
    if script.jumps:
        parts.append(_yaml({"jumps": {jump.id: _jump(jump) for jump in script.jumps}}))
    if script.blocks:
        blocks = (_indented(_yaml({block.id: _block(block)})) for block in script.blocks)
        parts.append("blocks:\n" + "\n".join(blocks))
    else:
        parts.append("blocks: {}\n")
    return "\n".join(parts)


def _block(block: Block) -> dict[str, Any]:
    return _filled(
        {
            "title": block.title,
            "stage": block.stage,
            "text": block.text,
            "hint": block.hint,
            "fields": _fields(block.fields),
            "answers": {answer.id: _answer(answer) for answer in block.answers},
            "sub": block.sub,
            "ways": [{"when": way.when, "to": way.to} for way in block.ways],
            "next": block.next,
            "goal": block.goal,
            "end": True if block.end == "end" else block.end,
            "disposition": block.disposition,
            "actions": [_action(action) for action in block.actions],
            "pause_recording": block.pause_recording,
        }
    )


def _answer(answer: Answer) -> dict[str, Any]:
    parts: dict[str, Any] = {"text": answer.text} | _filled(
        {
            "tone": "" if answer.tone == "neutral" else answer.tone,
            "to": answer.to,
            "disposition": answer.disposition,
        }
    )
    if not answer.needs_fields:
        parts["needs_fields"] = False
    return parts | _filled({"actions": [_action(action) for action in answer.actions]})


def _action(action: Action) -> dict[str, Any]:
    parts = {
        part.name: getattr(action, part.name)
        for part in msgspec.structs.fields(action)
        if part.name not in ("body", "when") and (part.required or getattr(action, part.name))
    }
    if isinstance(action, WebHook):
        parts |= _filled({"body": {part.key: part.value for part in action.body}})
    return {"do": word(action)} | _filled({"when": action.when}) | parts


def _fields(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        field.id: {"label": field.label}
        | _filled(
            {
                "kind": "" if field.kind == "text" else field.kind,
                "required": field.required,
                "choices": list(field.choices),
                "of": field.of,
                "default": field.default,
            }
        )
        for field in fields
    }


def _jump(jump: Jump) -> dict[str, Any]:
    return {"text": jump.text, "to": jump.to}


def _filled(parts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value}


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text + "\n", style="|")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text)


_Dumper.add_representer(str, _text)

_WIDE: Final = 1_000_000  # never fold: a folded line changes its neighbours in a comparison


def _yaml(data: dict[str, Any]) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDE))


def _indented(text: str) -> str:
    return "".join("  " + line if line.strip() else line for line in text.splitlines(keepends=True))
