"""The command `dialer`. Exit status: 0 done, 1 something is wrong with what was given, 2 wrong usage, 3 the store."""

from __future__ import annotations

import argparse
import getpass
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from dialer import __version__
from dialer.app import description, running, until_told_to_end
from dialer.auth.model import Refused, Role
from dialer.auth.service import Auth
from dialer.auth.users import canonical
from dialer.config import EXAMPLE, ConfigError, Settings, load
from dialer.doctor import report, stores
from dialer.doctor.diagnose import sound
from dialer.scripts.command import check_files, export, import_files, rendered
from dialer.scripts.findings import Finding, has_errors
from dialer.scripts.model import Language
from dialer.store.engine import Store
from dialer.store.errors import StoreError, StoreInUse
from dialer.telephony.line_command import carry_out, standing
from dialer.telephony.line_orders import LineOrder
from dialer.wiring import doctor_of, utc_now


def main() -> None:
    """Entry point."""
    arguments = _parser().parse_args()
    try:
        sys.exit(arguments.run(arguments))
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dialer", description="Callwright: a call-centre service for Asterisk."
    )
    parser.add_argument("--config", type=Path, help="dialer.toml (default: ./dialer.toml if it is there)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, help: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(run=run)
        return added

    command("serve", "run the daemon", _serve)
    demo = command("demo", "run everything with a virtual PBX and simulated clients", _demo)
    demo.add_argument("--fresh", action="store_true", help="forget what earlier demos stored")
    init = command("init", "write a commented dialer.toml", _init)
    init.add_argument("path", type=Path, nargs="?", default=Path("dialer.toml"))
    _add_doctor(command)
    command("migrate", "bring the store's tables to this release", _migrate)
    command("version", "print the version", lambda _: print(__version__) or 0)
    command("openapi", "print the API's description", _openapi)
    _add_user(command)
    _add_import(command)
    _add_lines(command)
    _add_script(command)
    return parser


def _add_script(command: Callable[..., argparse.ArgumentParser]) -> None:
    script = command("script", "work with script files", lambda _: 2)
    actions = script.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", help="say all that is wrong with script files")
    imported = actions.add_parser("import", help="publish the scripts of files, all or none")
    for parser, run in ((check, _check_scripts), (imported, _import_scripts)):
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="may pass through each other")
        parser.add_argument("--language", choices=("ru", "en"), default="en", help="of what is said")
        parser.set_defaults(run=run)
    exported = actions.add_parser("export", help="print a script's latest version as a file")
    exported.add_argument("name")
    exported.set_defaults(run=_export_script)


def _add_doctor(command: Callable[..., argparse.ArgumentParser]) -> None:
    doctor = command(
        "doctor", "look at PBX, rights, dialplan, phones, recordings and store, and say what to mend", _doctor
    )
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.add_argument("--language", choices=("ru", "en"), default="en", help="of what is said")
    doctor.add_argument(
        "--ring", metavar="ENDPOINT", help="also ring this phone: whoever answers hears an echo"
    )


def _add_user(command: Callable[..., argparse.ArgumentParser]) -> None:
    user = command(
        "user", "add or change a user (a password is asked for, or read from standard input)", _user
    )
    user.add_argument("login")
    what = user.add_mutually_exclusive_group(required=True)
    what.add_argument("--name", help="add a user of this name")
    what.add_argument("--new-password", action="store_true", help="set one, and end the user's logins")
    what.add_argument("--disable", action="store_true", help="let the user in no more, and end the logins")
    what.add_argument("--enable", action="store_true", help="let the user in again")
    what.add_argument("--move-to-pbx", metavar="PBX", help="the user's phone is at this PBX from now on")
    user.add_argument("--role", choices=[role.value for role in Role], default="operator")
    user.add_argument("--language", choices=("ru", "en"), default="ru")
    user.add_argument(
        "--phone", choices=("sip", "webrtc"), default="sip", help="what the operator talks with"
    )
    user.add_argument("--endpoint", default="", help="the PJSIP endpoint of the phone, e.g. op101")
    user.add_argument("--pbx", default="", help="the PBX of dialer.toml where it is (default: the first)")
    user.add_argument("--phone-secret", help="for a phone in the browser: its SIP password")


def _add_import(command: Callable[..., argparse.ArgumentParser]) -> None:
    imported = command(
        "import", "load clients from a CSV file into a campaign, making it if need be", _import
    )
    imported.add_argument("file", type=Path, nargs="?", help="clients; none for an inbound campaign")
    imported.add_argument("--campaign", required=True, help="its name")
    imported.add_argument("--script", type=Path, help="a script in YAML, published as the campaign's")
    imported.add_argument("--line", help="a line of dialer.toml (default: the first)")
    imported.add_argument("--language", choices=("ru", "en"), default="ru")
    imported.add_argument(
        "--region", help="where numbers without a country code belong (default: the line's)"
    )
    imported.add_argument("--inbound", action="store_true", help="the campaign answers calls from outside")
    imported.add_argument("--bad-rows", type=Path, help="where to write rows that could not be loaded")
    imported.add_argument("--json", action="store_true", help="print the report as JSON")
    for name, least, metavar, help in (
        ("--entries-per-window", 1, "X", "rule: at most X entries ..."),
        ("--window", 1, "SECONDS", "... in so many seconds (default: 3600)"),
        ("--cooldown", 0, "SECONDS", "rule: pause after finishing one"),
        ("--max-postponed", 0, "X", "rule: at most X left postponed"),
    ):
        imported.add_argument(name, type=_at_least(least), metavar=metavar, help=help)


def _add_lines(command: Callable[..., argparse.ArgumentParser]) -> None:
    lines = command(
        "lines", "the kill switch: stop all dialling or one line, with a daemon running or not", _lines
    )
    lines.add_argument("action", choices=("show", "stop", "resume"))
    lines.add_argument("--line", default="", help="a line of dialer.toml (default: all dialling)")
    lines.add_argument("--hang-up", action="store_true", help="with stop: end the calls that are on, too")


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"a number from {least} on is wanted, not {text!r}")
        return int(text)

    return number


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
        doctor = doctor_of(settings, lambda: stores.from_outside(settings.store.url))
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


def _check_scripts(arguments: argparse.Namespace) -> int:
    return _tell(check_files(arguments.files), arguments.language)


def _import_scripts(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        store = await Store.open(_settings(arguments).store.url)
        try:
            await store.migrate()
            found = await import_files(store, arguments.files, utc_now())
        finally:
            await store.close()
        wrong = _tell(found, arguments.language)
        print(f"{0 if wrong else len(found)} scripts published")
        return wrong

    return _run(work())


def _export_script(arguments: argparse.Namespace) -> int:
    async def work() -> int:
        store = await Store.open(_settings(arguments).store.url)
        try:
            await store.migrate()
            text = await export(store, arguments.name)
        finally:
            await store.close()
        if text is None:
            return _complain(f"there is no script {arguments.name!r}", 1)
        sys.stdout.write(text)
        return 0

    return _run(work())


def _tell(found: Mapping[Path, list[Finding]], language: Language) -> int:
    for path, findings in found.items():
        if findings:
            print(rendered(path, findings, language))
    return int(any(has_errors(findings) for findings in found.values()))
