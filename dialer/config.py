"""dialer.toml and the environment, as one frozen value; a wrong key or value is refused with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from dialer.auth.addresses import networks
from dialer.telephony.lines import wrong_dial
from dialer.telephony.ranges import Prefix
from dialer.toml_places import line_of

Port = Annotated[int, Meta(ge=0, le=65535)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
CallerId = Annotated[str, Meta(pattern=r"^(\+?\d{3,15})?$")]
Called = Annotated[str, Meta(pattern=r"^\+?\d{1,15}$")]
LogLevel = Annotated[str, Meta(pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")]


T = TypeVar("T")


class ConfigError(Exception):
    """The configuration can't be used; the message names the place and the accepted form."""


class Http(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: Port = 8080
    origins: tuple[str, ...] = ()  # further exact origins of the pages, as behind a proxy
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-For is believed; nobody's unless it is said

    def __post_init__(self) -> None:
        for proxy in self.trusted_proxies:
            try:
                networks((proxy,))
            except ValueError:
                raise ValueError(
                    f"`trusted_proxies`: {proxy!r} is neither an address nor a network such as 10.0.0.0/24"
                ) from None


class StoreSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str = "sqlite:///data/callwright.db"


class PbxSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name = "main"
    host: str = "127.0.0.1"
    port: Port = 5038
    user: str = "callwright"
    secret: str = ""
    secret_file: str = ""
    allow_excess_rights: bool = False

    def __repr__(self) -> str:
        """Without the password: settings end up in logs and in tracebacks."""
        return f"PbxSettings({self.name!r}, {self.user}@{self.host}:{self.port})"


class Phones(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a browser phone reaches the PBX."""

    ws: str = "ws://127.0.0.1:8088/ws"
    domain: str = "127.0.0.1"


class Recordings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str = "/var/spool/asterisk/monitor"  # where the PBX writes
    kept: str = "data/recordings"  # where the finished files are kept


class LineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dial: str
    caller_id: CallerId = ""
    region: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] = "RU"
    capacity: Annotated[int, Meta(ge=1, le=10000)] = 30
    called: tuple[Called, ...] = ()  # the numbers under which clients call this line; empty = any
    allowed: tuple[Prefix, ...] = ()  # prefixes that it dials besides its region's ordinary numbers
    refused: tuple[Prefix, ...] = ()  # prefixes that it does not dial; of both, the longest that fits decides

    def __post_init__(self) -> None:
        if wrong := wrong_dial(self.dial):
            raise ValueError(f"`dial`: {wrong}")


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    http: Http = Http()
    store: StoreSettings = StoreSettings()
    pbx: PbxSettings = PbxSettings()
    phones: Phones = Phones()
    recordings: Recordings = Recordings()
    lines: dict[str, LineSettings] = {}
    log_level: LogLevel = "INFO"


EXAMPLE = """\
# Callwright: every key also as an environment variable: DIALER_HTTP_PORT, DIALER_PBX_SECRET, ...
# DIALER_PORT is short for DIALER_HTTP_PORT.

[http]
host = "127.0.0.1"
port = 8080
# origins = ["https://calls.example"]     # exact origins of the pages, when a proxy stands before the daemon
# trusted_proxies = ["127.0.0.1", "::1"]    # that proxy: its X-Forwarded-For says who tries a password

[store]
url = "sqlite:///data/callwright.db"

[pbx]                                      # the AMI account of asterisk-conf/manager.conf
name = "main"
host = "127.0.0.1"
port = 5038
user = "callwright"
secret_file = "data/ami-secret"            # or: secret = "..."

[phones]                                   # for softphones in the browser
ws = "ws://127.0.0.1:8088/ws"
domain = "127.0.0.1"

[recordings]
source = "/var/spool/asterisk/monitor"     # where Asterisk writes
kept = "data/recordings"                   # where finished recordings are kept

[lines.main]
dial = "PJSIP/{number}@trunk"               # {digits}: without the plus; PJSIP, SIP, IAX2, DAHDI, never Local
caller_id = "+74951234567"
region = "RU"
capacity = 30
called = ["+74951234567"]                  # calls to these numbers belong to this line
# allowed = ["+375"]                       # dialled besides the region's ordinary numbers; nothing else is
# refused = ["+7495100"]                   # not dialled, though the region's
"""


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings from a file (none = the defaults) under the environment. Raises `ConfigError`."""
    text = _read(path) if path is not None else ""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    _overlay(raw, environ)
    lines = raw.get("lines", {})
    for name, line in lines.items() if isinstance(lines, dict) else ():
        _check(line, LineSettings, ("lines", name), path, text)
    return _check(raw, Settings, (), path, text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; `dialer init` writes a commented one") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a text in UTF-8") from error


def secret_of(pbx: PbxSettings) -> str:
    """The AMI password, from the settings or from its file. Raises `ConfigError`."""
    if not pbx.secret_file:
        return pbx.secret
    try:
        return Path(pbx.secret_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"pbx.secret_file {pbx.secret_file}: {error.strerror}") from error


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Lay DIALER_SECTION_KEY and DIALER_LINES_NAME_KEY over the file, each checked for what its key takes."""
    for section in msgspec.structs.fields(Settings):
        if isinstance(section.type, type) and issubclass(section.type, Struct):
            _overlay_table(raw, section.name, section.type, f"DIALER_{section.name}", environ)
    lines = raw.get("lines", {})
    for name in list(lines) if isinstance(lines, dict) else ():
        _overlay_table(lines, name, LineSettings, f"DIALER_LINES_{name.replace('-', '_')}", environ)
    if "DIALER_PORT" in environ:
        _lay(raw, "http", "port", Port, "DIALER_PORT", environ)
    if "DIALER_LOG_LEVEL" in environ:
        raw["log_level"] = _typed(environ["DIALER_LOG_LEVEL"], LogLevel, "DIALER_LOG_LEVEL")


def _overlay_table(
    raw: dict[str, Any], name: str, form: type[Struct], prefix: str, environ: Mapping[str, str]
) -> None:
    for key in msgspec.structs.fields(form):
        variable = f"{prefix}_{key.name}".upper()
        if variable in environ:
            _lay(raw, name, key.name, key.type, variable, environ)


def _lay(
    raw: dict[str, Any], name: str, key: str, wanted: Any, variable: str, environ: Mapping[str, str]
) -> None:
    table = raw.setdefault(name, {})
    if isinstance(table, dict):  # else the file is wrong there, and is told so
        table[key] = _typed(environ[variable], wanted, variable)


def _typed(value: str, wanted: Any, variable: str) -> Any:
    many = getattr(wanted, "__origin__", None) is tuple
    try:
        return msgspec.convert(value.split(",") if many else value, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{variable}: {error}") from error


def _check(raw: Any, form: type[T], place: tuple[str, ...], path: Path | None, text: str) -> T:
    """A value of the form, or `ConfigError` with the line on which what is wrong stands."""
    try:
        return msgspec.convert(raw, form, strict=True)
    except msgspec.ValidationError as error:
        reason = str(error)
        keys = re.findall(r"\.(\w+)", reason.rpartition(" - at `$")[2])
        unknown = re.findall(r"unknown field `([^`]+)`", reason)
        whole = re.findall(r"^`(\w+)`: ", reason)  # a key that its section's own check names
        where = (*place, *keys, *unknown, *whole)
        line = line_of(text, where)
        told = f"{path or 'environment'}{f', line {line}' if line else ''}: {'.'.join(where)}: {reason}"
        raise ConfigError(told) from error
