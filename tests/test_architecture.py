"""The shape of the code: dependencies, pure modules, sizes, names; and the checks that hold it."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import check

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = sorted((ROOT / "dialer").rglob("*.py"))
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
    "contracts"
]
PURE = next(c for c in CONTRACTS if "decide" in c["name"])["source_modules"]
BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "base", "misc"}
PORTS = {
    "dialer.telephony.port",
    "dialer.telephony.examined",
}  # they name what others do, and wait for nothing
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
GENERATED = "migrations/versions"


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_dependencies_point_one_way() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    ended = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stdout[-4000:]


def test_a_module_that_decides_neither_waits_nor_looks_at_a_clock() -> None:
    clocks = {"datetime.now", "datetime.utcnow", "date.today", "uuid.uuid4"}
    wrong = []
    for module in PURE:
        path = ROOT / (module.replace(".", "/") + ".py")
        assert path.is_file(), f"the contract names a module that is gone: {module}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            waits = isinstance(node, ast.AsyncFunctionDef | ast.Await) and module not in PORTS
            looks = isinstance(node, ast.Call) and ast.unparse(node.func) in clocks
            wrong += [f"{named(path)}:{getattr(node, 'lineno', 0)}"] if waits or looks else []
    assert wrong == []


def test_every_module_belongs_to_a_room_or_stands_at_the_top() -> None:
    top = {path.stem for path in (ROOT / "dialer").glob("*.py")}
    assert top == {
        "__init__",
        "__main__",
        "app",
        "cli",
        "clock",
        "cli_options",
        "config",
        "demo",
        "events",
        "expressions",
        "operations",
        "toml_places",
        "watching",
        "wiring",
    }


def test_names_tell_the_story() -> None:
    assert [named(path) for path in PRODUCT if path.stem in BANNED_NAMES] == []


def test_files_and_functions_can_be_read_at_one_sitting() -> None:
    """Past these sizes there should be a reason that a reader accepts: tables of operations have one."""
    written = [path for path in PRODUCT if GENERATED not in str(path)]
    assert [named(p) for p in written if len(p.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE] == []
    long = [f"{named(p)}: {f.name}" for p in written for f in functions(p) if length(f) > LONGEST_FUNCTION]
    assert [name for name in long if not name.endswith(": operations")] == []


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def test_every_module_says_what_it_is() -> None:
    texts = {named(path): path.read_text(encoding="utf-8") for path in PRODUCT}
    assert [
        name for name, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))
    ] == []


def test_importing_a_module_does_nothing() -> None:
    """No engine, no loop and no thread comes to life by an import."""
    code = (
        "import importlib, pkgutil, threading, dialer\n"
        "for module in pkgutil.walk_packages(dialer.__path__, 'dialer.'):\n"
        "    if not module.name.endswith(('__main__', 'migrations.env')) and '.versions.' not in module.name:\n"
        "        importlib.import_module(module.name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


# --- the checks of tools/check.py find what they should ---------------------------------------------------------


def found(
    finder: Callable[[str, ast.Module, str], Iterator[str]], text: str, file: str = "dialer/x.py"
) -> list[str]:
    return list(finder(file, ast.parse(text), text))


@pytest.mark.parametrize(
    "text",
    [
        "run(f'SELECT * FROM users WHERE id = {x}')",
        "run(f'''\n  select a\n from b where c = '{d}' ''')",
        "run('DELETE FROM users WHERE id = %s' % x)",
        "run('INSERT INTO users VALUES (' + x + ')')",
        "run('UPDATE users SET name = {}'.format(x))",
    ],
)
def test_sql_put_together_from_text_is_found(text: str) -> None:
    assert found(check.sql_of_text, text)


@pytest.mark.parametrize(
    "text",
    ["run('SELECT 1 FROM users')", "say(f'select {x}')", "say(f'{x} was updated')", "select(users).where(x)"],
)
def test_what_is_no_sql_of_text_is_not_found(text: str) -> None:
    assert not found(check.sql_of_text, text)


@pytest.mark.parametrize(
    "text",
    [
        "writer.write(b'Action: Ping')",
        "self._transport.write(x)",
        "await asyncio.open_connection(h, p)",
        "sock.sendall(x)",
    ],
)
def test_a_second_way_to_the_wire_is_found(text: str) -> None:
    wrapped = f"async def f():\n    {text}\n"
    assert found(check.writes_to_a_wire, wrapped)
    assert not found(check.writes_to_a_wire, wrapped, "dialer/ami/connection.py")


def test_a_broad_except_needs_its_reason() -> None:
    bare = "try:\n    f()\nexcept Exception:\n    pass\n"
    assert found(check.broad_excepts, bare)
    assert found(check.broad_excepts, bare.replace(" Exception", ""))
    assert found(check.broad_excepts, bare.replace("Exception", "(ValueError, Exception)"))
    assert not found(
        check.broad_excepts, bare.replace("    pass", "    # one fault must not end it\n    pass")
    )
    assert not found(check.broad_excepts, bare.replace("    pass", "    raise"))
    assert not found(check.broad_excepts, bare.replace("Exception", "ValueError"))
