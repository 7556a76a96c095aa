"""The command `dialer`. Exit status: 0 done, 1 something is wrong with what was given, 2 wrong usage, 3 the store."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from dialer import __version__
from dialer.app import running, until_told_to_end
from dialer.auth.model import Refused, Role
from dialer.auth.service import Auth
from dialer.auth.users import canonical
from dialer.cli_options import parser
from dialer.config import EXAMPLE, ConfigError, Settings, load
from dialer.doctor import report, stores
from dialer.doctor.diagnose import sound
from dialer.operations import description
from dialer.scripts.command import carry_out as carry_out_script
from dialer.store.engine import Store
from dialer.store.errors import StoreError, StoreInUse
from dialer.telephony.line_command import carry_out, standing
from dialer.telephony.line_orders import LineOrder
from dialer.wiring import doctor_of, survey_of, utc_now


def main() -> None:
    """Entry point."""
    arguments = parser().parse_args()
    try:
        sys.exit(COMMANDS[arguments.command](arguments))
    except ConfigError as error:
        sys.exit(_complain(f"configuration: {error}", 1))
    except StoreInUse as error:
        sys.exit(_complain(f"{error}", 3))
    except StoreError as error:
        sys.exit(_complain(f"store: {error}", 3))
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status


def _path(arguments: argparse.Namespace) -> Path | None:
    path: Path | None = arguments.config
    return Path("dialer.toml") if path is None and Path("dialer.toml").exists() else path


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = load(_path(arguments), os.environ)
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return settings


def _run(work: Coroutine[Any, Any, int]) -> int:
    return uvloop.run(work)


def _serve(arguments: argparse.Namespace) -> int:
    return _run(serve(_settings(arguments)))


async def serve(settings: Settings) -> int:
    """Run the daemon until it is told to end."""
    async with running(settings) as app:
        print(f"ready: {app.url}", flush=True)
        await until_told_to_end()
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from dialer.demo import demo  # the simulation stays out of a production daemon

    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(name)s %(message)s")
    port = load(None, os.environ).http.port
    return _run(demo(port=port, fresh=arguments.fresh))


def _doctor(arguments: argparse.Namespace) -> int:
    """Works beside a running daemon and without one: the store is only read."""
    settings = load(_path(arguments), os.environ)
    logging.basicConfig(level="CRITICAL")  # what it finds, it says

    async def work() -> int:
        doctor = doctor_of(settings, lambda: stores.from_outside(settings.store.url, survey_of(settings)))
        findings = await doctor.examine(_step)
        if arguments.ring:
            findings = (*findings, await doctor.ring_echo(arguments.ring))
        if arguments.json:
            print(msgspec.json.encode(report.for_programs(findings, arguments.language)).decode())
        else:
            print(report.in_words(findings, arguments.language))
        return 0 if sound(findings) else 1

    return _run(work())


def _step(step: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{step:<20}", end="\r", file=sys.stderr, flush=True)


def _init(arguments: argparse.Namespace) -> int:
    path: Path = arguments.path
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(EXAMPLE)
    except FileExistsError:
        return _complain(f"{path} is there already; it was left as it is", 1)
    except OSError as error:
        return _complain(f"{path} cannot be written: {error.strerror}", 1)
    print(f"{path} written: set the AMI secret and the lines in it, then `dialer serve`")
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        store = await Store.open(_settings(arguments).store.url)
        try:
            await store.migrate()
        finally:
            await store.close()
        print("the store's tables are those of this release")
        return 0

    return _run(work())


def _openapi(arguments: argparse.Namespace) -> int:
    print(msgspec.json.format(msgspec.json.encode(description()), indent=1).decode())
    return 0


def _lines(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    if arguments.line and arguments.line not in settings.lines:
        known = ", ".join(settings.lines) or "none"
        return _complain(f"there is no line {arguments.line!r} in the configuration: {known}", 1)
    if arguments.action == "show":
        print("\n".join(uvloop.run(standing(settings.store.url, settings.lines))))
        return 0
    order = LineOrder(action=arguments.action, line=arguments.line, hang_up=arguments.hang_up)
    try:
        print(uvloop.run(carry_out(settings.store.url, order, utc_now())))
    except TimeoutError:
        return _complain("the daemon did not take the order: see its log, or end it", 1)
    except OSError as error:
        return _complain(f"the order cannot be left for the daemon: {error.strerror}", 1)
    return 0


_NOT_ADDED = {
    "login_form": "a login begins with a letter or digit; letters a-z, digits and . _ @ - follow, 64 at most",
    "login_taken": "there is a user of this login already",
    "name_missing": "a name of 1 to 200 characters is wanted",
    "endpoint_form": "an endpoint has letters, digits, _ and - alone, 32 at most",
    "password_short": "the password is too short: 8 characters at least",
    "password_long": "the password is too long",
    "password_login": "the password may not be the login",
}


def _password() -> str:
    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _user(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    pbx = arguments.pbx or arguments.move_to_pbx
    if pbx and pbx not in settings.pbx:
        return _complain(f"there is no PBX {pbx!r} in the configuration; PBXs: {', '.join(settings.pbx)}", 1)
    if arguments.name is None:
        return _change_user(arguments, settings)
    password = _password()

    async def work() -> int:
        store = await Store.open(settings.store.url)
        try:
            await store.migrate()
            made = await Auth(store, utc_now).create_user(
                login=arguments.login,
                name=arguments.name,
                password=password,
                role=Role(arguments.role),
                language=arguments.language,
                phone_kind=arguments.phone,
                endpoint=arguments.endpoint,
                pbx=arguments.pbx,
                phone_secret=arguments.phone_secret,
            )
        finally:
            await store.close()
        if isinstance(made, Refused):
            return _complain(f"{arguments.login!r} was not added: {_NOT_ADDED.get(made.code, made.code)}", 1)
        print(f"user {made.login} added")
        return 0

    return _run(work())


def _change_user(arguments: argparse.Namespace, settings: Settings) -> int:
    password = _password() if arguments.new_password else ""

    async def work() -> int:
        store = await Store.open(settings.store.url)
        try:
            await store.migrate()
            auth = Auth(store, utc_now)
            wanted = canonical(arguments.login)
            user = next((user for user in await auth.all_users() if user.login == wanted), None)
            if user is None:
                return _complain(f"there is no user {arguments.login!r}", 1)
            if arguments.new_password:
                done = await auth.set_password(user.id, password)
            elif arguments.move_to_pbx:
                done = await auth.set_pbx(user.id, arguments.move_to_pbx)
            else:
                done = await auth.set_active(user.id, arguments.enable)
        finally:
            await store.close()
        if isinstance(done, Refused):
            return _complain(f"{user.login!r} was not changed: {_NOT_ADDED.get(done.code, done.code)}", 1)
        print(f"user {user.login} changed")
        return 0

    return _run(work())


def _import(arguments: argparse.Namespace) -> int:
    from dialer.campaigns.importing import ImportOrder, run_import

    settings = _settings(arguments)
    line = arguments.line or next(iter(settings.lines), "")
    if line not in settings.lines:
        return _complain(
            f"there is no line {line!r} in the configuration; lines: {', '.join(settings.lines)}", 1
        )
    if arguments.bad_rows is not None and not os.access(arguments.bad_rows.absolute().parent, os.W_OK):
        return _complain(f"{arguments.bad_rows} cannot be written: nothing was loaded", 1)
    order = ImportOrder(
        file=arguments.file,
        campaign=arguments.campaign,
        script=arguments.script,
        line=line,
        language=arguments.language,
        region=arguments.region or settings.lines[line].region,
        inbound=arguments.inbound,
        bad_rows=arguments.bad_rows,
        entries_per_window=arguments.entries_per_window,
        window_s=arguments.window or 3600,
        cooldown_s=arguments.cooldown,
        max_postponed=arguments.max_postponed,
        recording_days=arguments.recording_days,
    )

    async def work() -> int:
        store = await Store.open(settings.store.url)
        try:
            await store.migrate()
            report = await run_import(store, order, utc_now, _progress)
        finally:
            await store.close()
        if arguments.json:
            print(msgspec.json.encode(report).decode())
        else:
            print(report.in_words())
        return 1 if report.failed else 0

    return _run(work())


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} rows", end="", file=sys.stderr, flush=True)


def _scripts(arguments: argparse.Namespace) -> int:
    url = "" if arguments.action in ("check", "library") else _settings(arguments).store.url
    told = uvloop.run(carry_out_script(arguments.action, arguments.what, url, arguments.language, utc_now()))
    print(told.err, end="", file=sys.stderr)
    print(told.out, end="")
    return told.status


def _version(arguments: argparse.Namespace) -> int:
    print(__version__)
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "demo": _demo,
    "init": _init,
    "doctor": _doctor,
    "migrate": _migrate,
    "version": _version,
    "openapi": _openapi,
    "user": _user,
    "import": _import,
    "lines": _lines,
    "script": _scripts,
}
