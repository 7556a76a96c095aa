"""What may be written behind `dialer`: commands, their options, and the help that they give."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from dialer.auth.model import Role

Command = Callable[[str, str], argparse.ArgumentParser]


def parser() -> argparse.ArgumentParser:
    """The whole command; what was asked for stands in `command` of its result."""
    parser = argparse.ArgumentParser(
        prog="dialer", description="Callwright: a call-centre service for Asterisk."
    )
    parser.add_argument("--config", type=Path, help="dialer.toml (default: ./dialer.toml if it is there)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def command(name: str, help: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help, description=help)

    command("serve", "run the daemon")
    demo = command("demo", "run everything with a virtual PBX and simulated clients")
    demo.add_argument("--fresh", action="store_true", help="forget what earlier demos stored")
    init = command("init", "write a commented dialer.toml")
    init.add_argument("path", type=Path, nargs="?", default=Path("dialer.toml"))
    _add_doctor(command)
    command("migrate", "bring the store's tables to this release")
    command("version", "print the version")
    command("openapi", "print the API's description")
    _add_user(command)
    _add_import(command)
    _add_lines(command)
    _add_script(command)
    return parser


def _add_script(command: Command) -> None:
    script = command("script", "work with script files")
    actions = script.add_subparsers(required=True, metavar="ACTION", dest="action")
    for action, what, help in (
        ("check", "FILE", "say all that is wrong with script files, which may pass through each other"),
        ("import", "FILE", "publish the scripts of files, all or none"),
        ("export", "NAME", "print a script's latest version as a file"),
        ("library", "NAME", "list the scripts that are shipped to start from, or print some of them"),
    ):
        parser = actions.add_parser(action, help=help, description=help)
        parser.add_argument("what", nargs="*" if action == "library" else "+", metavar=what)
        parser.add_argument("--language", choices=("ru", "en"), default="en", help="of what is said")


def _add_doctor(command: Command) -> None:
    doctor = command(
        "doctor", "look at PBX, rights, dialplan, phones, recordings and store, and say what to mend"
    )
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.add_argument("--language", choices=("ru", "en"), default="en", help="of what is said")
    doctor.add_argument(
        "--ring", metavar="ENDPOINT", help="also ring this phone: whoever answers hears an echo"
    )


def _add_user(command: Command) -> None:
    user = command("user", "add or change a user (a password is asked for, or read from standard input)")
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


def _add_import(command: Command) -> None:
    imported = command("import", "load clients from a CSV file into a campaign, making it if need be")
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
        (
            "--recording-days",
            0,
            "DAYS",
            "then its recordings are deleted (0: never; default: [recordings] days)",
        ),
    ):
        imported.add_argument(name, type=_at_least(least), metavar=metavar, help=help)


def _add_lines(command: Command) -> None:
    lines = command("lines", "the kill switch: stop all dialling or one line, with a daemon running or not")
    lines.add_argument("action", choices=("show", "stop", "resume"))
    lines.add_argument("--line", default="", help="a line of dialer.toml (default: all dialling)")
    lines.add_argument("--hang-up", action="store_true", help="with stop: end the calls that are on, too")


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"a number from {least} on is wanted, not {text!r}")
        return int(text)

    return number
