"""Everything about the sources that can be said without running them: quick, and the same here as in CI.

    python tools/check.py

One line a check, then what is wrong in full. Exit status 0: all is well, 1: something is not.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DEADLINE_S = 300
SOURCES = ("dialer", "tests", "tools", "bench")

_SQL = re.compile(
    r"\s*(select\b.+\bfrom\b|insert\s+into\b|update\b.+\bset\b|delete\s+from\b|drop\s+table\b)", re.I | re.S
)
_WIRE = {"dialer/ami/connection.py", "dialer/simulation/virtual_pbx.py"}
_LOCKS = ("web/package-lock.json", "tests/rig/phone/package-lock.json", "constraints.txt", "pyproject.toml")
_INDEX = re.compile(r'"resolved":\s*"https?:|--(?:extra-)?index-url|--find-links|registry\s*=|^\s*index-url')
_TEXTS = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".sh",
    ".yaml",
    ".yml",
    ".json",
    ".conf",
    ".ts",
    ".js",
    ".mjs",
    ".svelte",
    ".html",
    ".css",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of one check; `wrong` is what it said, "" if all is well."""

    name: str
    wrong: str
    took_s: float


def main() -> int:
    began = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        found = list(pool.map(lambda check: _timed(*check), checks()))
    for one in found:
        print(f"{'WRONG' if one.wrong else 'ok':>5}  {one.name} ({one.took_s:.1f} s)")
    for one in found:
        if one.wrong:
            print(f"\n--- {one.name}\n{one.wrong.strip()}")
    wrong = sum(bool(one.wrong) for one in found)
    print(f"\n{wrong or 'nothing'} wrong, {time.monotonic() - began:.1f} s", flush=True)
    return 1 if wrong else 0


def checks() -> Iterator[tuple[str, Callable[[], str]]]:
    """All checks, the slowest first."""
    if (ROOT / "web/node_modules").is_dir():
        yield "svelte-check", lambda: run("npm", "run", "--silent", "check", folder=ROOT / "web")
    yield "types (mypy --strict)", lambda: run(BIN / "mypy")
    yield "imports (import-linter)", lambda: run(BIN / "lint-imports")
    yield "lint (ruff check)", lambda: run(BIN / "ruff", "check", "--quiet", *present())
    yield "format (ruff format)", lambda: run(BIN / "ruff", "format", "--check", "--quiet", *present())
    yield "no SQL put together from text", lambda: per_file(sql_of_text)
    yield "one place writes to the PBX", lambda: per_file(writes_to_a_wire)
    yield "a broad except says why", lambda: per_file(broad_excepts)
    yield "lock files name no package index", lambda: joined(indexes_in_locks())
    yield "nothing of this machine in the sources", lambda: joined(places_of_this_machine())


def _timed(name: str, check: Callable[[], str]) -> Found:
    began = time.monotonic()
    return Found(name=name, wrong=check(), took_s=time.monotonic() - began)


def present() -> list[str]:
    return [name for name in SOURCES if (ROOT / name).is_dir()]


def run(*command: object, folder: Path = ROOT) -> str:
    """What a program says when it ends badly, "" when it ends well."""
    words = [str(word) for word in command]
    try:
        ended = subprocess.run(
            words,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            env=os.environ | {"NO_COLOR": "1", "FORCE_COLOR": "0"},
        )
    except OSError as error:
        return f"{words[0]}: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"{words[0]}: not done within {DEADLINE_S} s"
    return (
        "" if ended.returncode == 0 else (ended.stdout + ended.stderr).strip() or f"status {ended.returncode}"
    )


# --- checks of our own ------------------------------------------------------------------------------------------


def per_file(check: Callable[[str, ast.Module, str], Iterator[str]]) -> str:
    """Runs a check on each module of the product; it gives lines that begin with the file."""
    found: list[str] = []
    for path in sorted((ROOT / "dialer").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found += check(str(path.relative_to(ROOT)), ast.parse(text), text)
    return "\n".join(found)


def sql_of_text(file: str, tree: ast.Module, text: str) -> Iterator[str]:
    """SQL with values in its text, whichever way they got there: f-strings, %, +, format."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            literal = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values
            )
            filled = any(isinstance(part, ast.FormattedValue) for part in node.values)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
            literal, filled = _first_text(node), True
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
        ):
            literal, filled = _first_text(node.func.value), True
        else:
            continue
        if filled and _SQL.match(literal):
            yield f"{file}:{node.lineno}: SQL is put together from text: use bound parameters"


def _first_text(node: ast.expr) -> str:
    while isinstance(node, ast.BinOp):
        node = node.left
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def writes_to_a_wire(file: str, tree: ast.Module, text: str) -> Iterator[str]:
    """Sockets to a PBX are opened and written in one module: behind it stands the encoder, and nobody goes around."""
    if file in _WIRE:
        return
    for node in ast.walk(tree):
        name = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        if name in {"open_connection", "create_connection", "sendall", "sock_sendall", "writelines"}:
            yield f"{file}:{node.lineno}: only dialer/ami/connection.py speaks to a PBX ({name})"
        owner = (
            _owner(node.func.value)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            else ""
        )
        if name == "write" and any(word in owner for word in ("writer", "transport", "sock", "stream")):
            yield f"{file}:{node.lineno}: only dialer/ami/connection.py writes to a socket ({owner}.write)"


def _owner(node: ast.expr) -> str:
    return ast.unparse(node).lower()


def broad_excepts(file: str, tree: ast.Module, text: str) -> Iterator[str]:
    """`except Exception` swallows what nobody thought of: a comment has to say why that is right."""
    lines = text.splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler) or not _is_broad(node.type):
            continue
        if any(isinstance(part, ast.Raise) and part.exc is None for part in ast.walk(node)):
            continue  # it goes on
        near = "\n".join(lines[node.lineno - 1 : node.body[0].lineno])
        if "#" not in near:
            yield f"{file}:{node.lineno}: a broad except without a comment that says why"


def _is_broad(kind: ast.expr | None) -> bool:
    names = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(name is None or getattr(name, "id", "") in ("Exception", "BaseException") for name in names)


def indexes_in_locks() -> Iterator[str]:
    """Whoever installs decides from where: no lock file and no setting names a package index of its own."""
    for name in _LOCKS:
        path = ROOT / name
        for number, line in enumerate(
            path.read_text(encoding="utf-8").splitlines() if path.is_file() else (), 1
        ):
            if _INDEX.search(line):
                yield f"{name}:{number}: names a package index"
    for name in (".npmrc", "pip.conf", ".yarnrc"):
        for path in (ROOT / name, ROOT / "web" / name, ROOT / "tests/rig/phone" / name):
            if path.is_file() and _INDEX.search(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(ROOT)}: names a package index"


def places_of_this_machine() -> Iterator[str]:
    """What is tracked must run anywhere: the folder in which it happens to stand is written nowhere."""
    here = re.compile(rf"{re.escape(str(ROOT))}\b")
    if len(ROOT.parts) < 3:
        return  # a folder of one word, as in a container, is found in any text
    for name in tracked():
        path = ROOT / name
        if path.suffix not in _TEXTS or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if here.search(line):
                yield f"{name}:{number}: {line.strip()[:100]}"


def tracked() -> list[str]:
    """The files of the repository; none outside of one (as in a source archive)."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )
    except OSError:
        return []
    return [name for name in listed.stdout.split("\0") if name]


def joined(lines: Iterator[str]) -> str:
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
