"""The command `dialer`: what it does, what it says, and the status it ends with."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dialer import __version__
from dialer.auth.model import Refused
from dialer.auth.service import Auth
from dialer.cli import main
from dialer.store import Store
from dialer.wiring import utc_now

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "dialer/simulation/scripts/water_reorder_ru.yaml"
CONFIG = '[lines.main]\ndial = "PJSIP/{number}@trunk"\n'
CLIENTS = "Name,Phone\nAnn,8 916 555-01-01\nBob,8 916 555-01-02\nCid,12\n"
PASSWORD = "correct horse battery"


@dataclass
class Ended:
    status: int
    out: str
    err: str


Dialer = Callable[..., Ended]


@pytest.fixture
def dialer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Dialer]:
    """Runs the command in an empty folder; `typed` is what comes from standard input."""
    monkeypatch.chdir(tmp_path)
    for name in ("DIALER_PORT", "DIALER_LOG_LEVEL", "DIALER_STORE_URL"):
        monkeypatch.delenv(name, raising=False)
    handlers = list(logging.getLogger().handlers)

    def run(*arguments: object, typed: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["dialer", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        try:
            main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        return Ended(status, said.out, said.err)

    yield run
    logging.getLogger().handlers[:] = handlers


@pytest.fixture
def configured(dialer: Dialer, tmp_path: Path) -> Dialer:
    (tmp_path / "dialer.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "clients.csv").write_text(CLIENTS, encoding="utf-8")
    return dialer


# --- as a program ------------------------------------------------------------------------------------------------


def test_it_is_a_program_with_a_version() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "dialer", "version"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, f"{__version__}\n")


def test_without_a_command_it_says_how_it_is_used(dialer: Dialer) -> None:
    ended = dialer()
    assert ended.status == 2
    assert "usage: dialer" in ended.err


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["serve"],
        ["demo"],
        ["init"],
        ["migrate"],
        ["user"],
        ["import"],
        ["script"],
        ["script", "check"],
        ["version"],
    ],
)
def test_every_command_explains_itself(dialer: Dialer, command: list[str]) -> None:
    ended = dialer(*command, "--help")
    assert ended.status == 0
    assert ended.out.startswith("usage: dialer")


# --- init and the configuration ---------------------------------------------------------------------------------


def test_init_writes_a_file_that_is_read_and_never_overwrites_one(dialer: Dialer, tmp_path: Path) -> None:
    assert dialer("init").status == 0
    before = (tmp_path / "dialer.toml").read_text(encoding="utf-8")
    again = dialer("init")
    assert again.status == 1
    assert "is there already" in again.err
    assert (tmp_path / "dialer.toml").read_text(encoding="utf-8") == before
    assert dialer("migrate").status == 0, "what init writes can be used"


def test_init_where_nothing_can_be_written(dialer: Dialer, tmp_path: Path) -> None:
    ended = dialer("init", tmp_path / "no" / "such" / "folder.toml")
    assert ended.status == 1
    assert "folder.toml" in ended.err


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["user", "ann", "--name", "Ann"]])
def test_a_wrong_configuration_is_told_with_its_line(
    dialer: Dialer, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "dialer.toml").write_text("[http]\nprot = 1\n", encoding="utf-8")
    ended = dialer(*command, typed=PASSWORD)
    assert ended.status == 1
    assert "dialer.toml, line 2: http.prot" in ended.err
    assert "Traceback" not in ended.err


def test_a_configuration_that_was_named_must_be_there(dialer: Dialer) -> None:
    ended = dialer("--config", "nowhere.toml", "migrate")
    assert ended.status == 1
    assert "nowhere.toml" in ended.err


def test_a_port_that_is_none(dialer: Dialer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_PORT", "eighty")
    for command in ("serve", "demo"):
        ended = dialer(command)
        assert ended.status == 1
        assert "DIALER_PORT" in ended.err


# --- users ------------------------------------------------------------------------------------------------------


def test_a_user_is_added_once(configured: Dialer) -> None:
    added = configured("user", "Ann", "--name", "Ann", "--role", "supervisor", typed=PASSWORD + "\n")
    assert (added.status, added.out) == (0, "user ann added\n")
    again = configured("user", "ann", "--name", "Ann", typed=PASSWORD + "\n")
    assert again.status == 1
    assert "ann" in again.err
    assert "already" in again.err


@pytest.mark.parametrize(
    ("arguments", "typed", "says"),
    [
        (["ann", "--name", "Ann"], "Xk3", "password"),
        (["ann", "--name", "Ann"], "", "password"),
        (["a n n", "--name", "Ann"], PASSWORD, "login"),
        (["ann", "--name", " "], PASSWORD, "name"),
        (["ann", "--name", "Ann", "--endpoint", "op1,System(id)"], PASSWORD, "endpoint"),
    ],
)
def test_a_user_of_the_wrong_form_is_told_what_is_wrong(
    configured: Dialer, arguments: list[str], typed: str, says: str
) -> None:
    ended = configured("user", *arguments, typed=typed)
    assert ended.status == 1
    assert says in ended.err.lower()
    assert not re.search("[a-z]_[a-z]", ended.err), "a person reads this, not a program"
    assert typed == "" or typed not in ended.err + ended.out


def test_a_role_that_there_is_not(configured: Dialer) -> None:
    assert configured("user", "ann", "--name", "Ann", "--role", "king").status == 2


# --- import -----------------------------------------------------------------------------------------------------


def test_import_loads_and_writes_the_bad_rows_to_a_file(configured: Dialer, tmp_path: Path) -> None:
    ended = configured(
        "import", "clients.csv", "--campaign", "Water", "--script", SCRIPT, "--bad-rows", "bad.csv"
    )
    assert ended.status == 0
    assert "2 clients loaded" in ended.out
    assert "row 4: no phone number: '12'" in ended.out
    bad = tmp_path / "bad.csv"
    assert bad.read_text(encoding="utf-8-sig").splitlines() == [
        "Not loaded because,Name,Phone",
        "no phone number: '12',Cid,12",
    ]
    bad.write_text(bad.read_text(encoding="utf-8-sig").replace(",12", ",8 916 555-01-03"), encoding="utf-8")
    assert "1 clients loaded" in configured("import", "bad.csv", "--campaign", "Water").out


def test_import_twice_makes_no_doubles(configured: Dialer) -> None:
    first, again = (configured("import", "clients.csv", "--campaign", "Water", "--json") for _ in range(2))
    assert (first.status, again.status) == (0, 0)
    told = [json.loads(ended.out) for ended in (first, again)]
    assert [(report["loaded"], report["doubles"]) for report in told] == [(2, 0), (0, 2)]
    assert told[1]["faults"] == [{"row": 4, "reason": "no phone number: '12'"}]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.csv", "--campaign", "Water"], "missing.csv"),
        (["clients.csv", "--campaign", "Water", "--line", "moon"], "lines: main"),
        (["clients.csv", "--campaign", "Water", "--script", "missing.yaml"], "missing.yaml"),
        (["clients.csv", "--campaign", "Water", "--bad-rows", "no/such/folder/bad.csv"], "bad.csv"),
    ],
)
def test_import_of_what_is_not_there(configured: Dialer, arguments: list[str], says: str) -> None:
    ended = configured("import", *arguments)
    assert ended.status == 1
    assert says in ended.out + ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "rule",
    [["--entries-per-window", "0"], ["--window", "0"], ["--cooldown", "-1"], ["--max-postponed", "-1"]],
)
def test_a_rule_that_means_nothing_is_refused(configured: Dialer, rule: list[str]) -> None:
    ended = configured("import", "clients.csv", "--campaign", "Water", *rule)
    assert ended.status == 2
    assert rule[0] in ended.err


# --- scripts ----------------------------------------------------------------------------------------------------


def test_a_script_is_checked(dialer: Dialer, tmp_path: Path) -> None:
    assert dialer("script", "check", SCRIPT) == Ended(0, "", "")
    broken = tmp_path / "broken.yaml"
    broken.write_text(SCRIPT.read_text(encoding="utf-8").replace("to: ", "to: nowhere_", 1), encoding="utf-8")
    ended = dialer("script", "check", broken)
    assert ended.status == 1
    assert f"{broken}:" in ended.out
    russian = dialer("script", "check", broken, "--language", "ru")
    assert "ошибка" in russian.out
    assert dialer("script", "check", tmp_path / "none.yaml").status == 1


def test_a_script_is_published_and_printed_as_it_was_written(dialer: Dialer, tmp_path: Path) -> None:
    outer = tmp_path / "outer.yaml"
    outer.write_text(
        "format: 1\n\nname: Outer\nlanguage: ru\nstart: a\n\nblocks:\n"
        "  a:\n    sub: Повторный заказ воды\n    next: b\n\n"
        "  b:\n    text: Спасибо.\n    goal: true\n    end: true\n",
        encoding="utf-8",
    )
    refused = dialer("script", "import", outer)
    assert refused.status == 1 and "sub_unknown" in refused.out and "0 scripts published" in refused.out
    assert dialer("script", "import", SCRIPT, outer) == Ended(0, "2 scripts published\n", "")
    assert "sub: Повторный заказ воды" in dialer("script", "export", "Outer").out
    assert dialer("script", "export", "Nobody").status == 1


# --- the store --------------------------------------------------------------------------------------------------


def test_a_store_that_a_daemon_holds_is_told_so(configured: Dialer, tmp_path: Path) -> None:
    async def while_it_runs() -> Ended:
        store = await Store.open(f"sqlite:///{tmp_path}/data/callwright.db")
        try:
            return await asyncio.to_thread(configured, "import", "clients.csv", "--campaign", "Water")
        finally:
            await store.close()

    ended = asyncio.run(while_it_runs())
    assert ended.status == 3
    assert "in use by process" in ended.err
    assert "stop it first" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "mysql://x", "nonsense", "sqlite://"])
def test_a_store_of_another_kind_is_told_so(
    configured: Dialer, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DIALER_STORE_URL", url)
    ended = configured("migrate")
    assert ended.status == 3
    assert "sqlite:///" in ended.err


def test_the_description_of_the_api_is_printed(dialer: Dialer) -> None:
    ended = dialer("openapi")
    assert ended.status == 0
    assert json.loads(ended.out)["openapi"].startswith("3.1")


def entered(password: str) -> str:
    """What a login as ann ends with in the store of this folder."""

    async def work() -> str:
        store = await Store.open("sqlite:///data/callwright.db")
        try:
            found = await Auth(store, utc_now).login("ann", password, "127.0.0.1")
            return found.code if isinstance(found, Refused) else "in"
        finally:
            await store.close()

    return asyncio.run(work())


def test_a_user_gets_a_new_password_and_is_let_out_and_in(configured: Dialer) -> None:
    assert configured("user", "ann", "--name", "Ann", typed=PASSWORD + "\n").status == 0
    assert configured("user", "Ann", "--new-password", typed="another long one\n").out == "user ann changed\n"
    assert (entered(PASSWORD), entered("another long one")) == ("login_wrong", "in")
    assert configured("user", "ann", "--disable").status == 0
    assert entered("another long one") == "login_wrong"
    assert configured("user", "ann", "--enable").status == 0
    assert entered("another long one") == "in"


def test_what_cannot_be_changed_of_a_user_is_told(configured: Dialer) -> None:
    assert "no user 'bob'" in configured("user", "bob", "--disable").err
    assert configured("user", "ann", "--name", "Ann", typed=PASSWORD + "\n").status == 0
    short = configured("user", "ann", "--new-password", typed="short\n")
    assert (short.status, "too short" in short.err) == (1, True)
    assert configured("user", "ann").status == 2
    assert configured("user", "ann", "--enable", "--disable").status == 2


def test_a_users_phone_is_at_a_pbx_of_the_configuration(configured: Dialer, tmp_path: Path) -> None:
    (tmp_path / "dialer.toml").write_text(CONFIG + "[pbx.south]\n[pbx.north]\n", encoding="utf-8")
    strange = configured("user", "ann", "--name", "Ann", "--pbx", "east", typed=PASSWORD + "\n")
    assert (strange.status, "south, north" in strange.err) == (1, True)
    assert configured("user", "ann", "--name", "Ann", "--pbx", "north", typed=PASSWORD + "\n").status == 0
    assert at_which_pbx("ann") == "north"
    assert configured("user", "ann", "--move-to-pbx", "east").status == 1
    assert configured("user", "ann", "--move-to-pbx", "south").status == 0
    assert at_which_pbx("ann") == "south"


def at_which_pbx(login: str) -> str:
    async def work() -> str:
        store = await Store.open("sqlite:///data/callwright.db")
        try:
            return next(user.pbx for user in await Auth(store, utc_now).all_users() if user.login == login)
        finally:
            await store.close()

    return asyncio.run(work())
