"""The bodies of `dialer script check`, `import` and `export`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection

from dialer.scripts import service
from dialer.scripts.check import check, spotted
from dialer.scripts.findings import Finding, Spot, has_errors
from dialer.scripts.model import Language, Script
from dialer.scripts.starters import starters
from dialer.scripts.starters import text as text_of
from dialer.scripts.weave import Library, uses
from dialer.scripts.yaml_dump import dump
from dialer.scripts.yaml_form import Loaded, load
from dialer.scripts.yaml_tree import MAX_BYTES
from dialer.store.engine import Store

_LEVELS: dict[Language, dict[str, str]] = {
    "ru": {"error": "ошибка", "warning": "замечание"},
    "en": {"error": "error", "warning": "warning"},
}


def read_script(
    path: Path, dispositions: Collection[str] | None = None, library: Library | None = None
) -> tuple[Script | None, list[Finding]]:
    """A script from its file, and all that is wrong with it; None where it must not be published."""
    loaded = _loaded(path)
    if loaded.script is None:
        return None, spotted(loaded.findings, loaded.spots)
    findings = [*loaded.findings, *check(loaded.script, dispositions, library)]
    findings = spotted(findings, loaded.spots)
    return (None if has_errors(findings) else loaded.script), findings


def check_files(paths: Sequence[Path]) -> dict[Path, list[Finding]]:
    """All that is wrong with the scripts in files, which may pass through each other."""
    return {path: read_script(path, None, library_of(paths))[1] for path in paths}


def library_of(paths: Sequence[Path], published: Mapping[str, Script] | None = None) -> Library | None:
    """The scripts of these files over those that are published; None where one file stands alone."""
    if published is None and len(paths) < 2:
        return None
    read = [loaded.script for loaded in map(_loaded, paths) if loaded.script is not None]
    known = {**(published or {}), **{script.name: script for script in read}}
    return known.get


class Told(Struct, frozen=True, kw_only=True):
    """What a command has to say, and the status that it ends with."""

    out: str = ""
    err: str = ""
    status: int = 0


async def carry_out(action: str, what: Sequence[str], url: str, language: Language, now: datetime) -> Told:
    """Do what the command says: check, import (both FILE...), export (NAME...) or library ([NAME...])."""
    if action == "library":
        return _shipped(what, language)
    files = [Path(name) for name in what]
    if action == "check":
        return _told(check_files(files), language)
    store = await Store.open(url)
    try:
        await store.migrate()
        if action == "export":
            return await _exported(store, what)
        told = _told(await import_files(store, files, now), language)
        published = 0 if told.status else len(files)
        return Told(out=f"{told.out}{published} scripts published\n", status=told.status)
    finally:
        await store.close()


def _shipped(names: Sequence[str], language: Language) -> Told:
    """The library's scripts in one language: a line for each, or the text of those that are named."""
    if not names:
        mine = [one for one in starters() if one.language == language]
        return Told(out="".join(f"{one.id:15} {one.name}: {one.about}\n" for one in mine))
    return _texts({name: text_of(name, language) for name in names})


def _texts(texts: Mapping[str, str | None]) -> Told:
    missing = [f"there is no script {name!r}\n" for name, text in texts.items() if text is None]
    found = [text for text in texts.values() if text is not None]
    return Told(out="\n---\n".join(found), err="".join(missing), status=int(bool(missing)))


async def _exported(store: Store, names: Sequence[str]) -> Told:
    return _texts({name: await export(store, name) for name in names})


def _told(found: Mapping[Path, list[Finding]], language: Language) -> Told:
    lines = [rendered(path, findings, language) + "\n" for path, findings in found.items() if findings]
    return Told(out="".join(lines), status=int(any(has_errors(findings) for findings in found.values())))


async def import_files(store: Store, paths: Sequence[Path], now: datetime) -> dict[Path, list[Finding]]:
    """Publish the scripts of these files, all or none: none if any has an error."""
    published = await store.read(service.sources)
    library = library_of(paths, published)
    read = {path: read_script(path, None, library) for path in paths}
    found = {path: findings for path, (_, findings) in read.items()}
    scripts = {script.name: script for script, _ in read.values() if script is not None}
    if len(scripts) == len(paths):
        await store.write(lambda conn: _publish(conn, scripts, now))
    return found


def _publish(conn: Connection, scripts: Mapping[str, Script], now: datetime) -> None:
    """Those that others pass through go first: a circle was found by the checks."""
    left = dict(scripts)
    while left:
        free = [name for name, script in left.items() if not any(used in left for used in uses(script))]
        for name in free or list(left):
            service.publish(conn, left.pop(name), now)


async def export(store: Store, name: str) -> str | None:
    """The text of a script's latest version, as it was written; None if there is no such script."""
    script = (await store.read(service.sources)).get(name)
    return dump(script) if script is not None else None


def rendered(path: Path, findings: list[Finding], language: Language) -> str:
    """One line a finding, as compilers write it: `file:line:column: error: text [code]`."""
    lines: list[str] = []
    for finding in findings:
        spot = finding.spot or Spot(1, 1)
        level = _LEVELS[language][finding.level]
        lines.append(f"{path}:{spot.line}:{spot.column}: {level}: {finding.text(language)} [{finding.code}]")
    return "\n".join(lines)


def _loaded(path: Path) -> Loaded:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as wrong:
        return _unread(_unreadable(wrong.strerror or type(wrong).__name__))
    except UnicodeDecodeError:
        return _unread(_unreadable("UTF-8?"))
    return load(text)


def _unread(finding: Finding) -> Loaded:
    return Loaded(script=None, findings=[finding], spots={})


def _unreadable(why: str) -> Finding:
    return Finding(code="file_unreadable", params={"why": why}, spot=Spot(1, 1))
