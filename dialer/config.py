"""dialer.toml and the environment, as one frozen value; a wrong key or value is refused with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=0, le=65535)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
CallerId = Annotated[str, Meta(pattern=r"^(\+?\d{3,15})?$")]


class ConfigError(Exception):
    """The configuration can't be used; the message names the place and the accepted form."""


class Http(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: Port = 8080
    origins: tuple[str, ...] = ()  # further exact origins of the pages, as behind a proxy: "https://calls.example"


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


class Phones(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a browser phone reaches the PBX."""

    ws: str = "ws://127.0.0.1:8088/ws"
    domain: str = "127.0.0.1"


class Recordings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str = "/var/spool/asterisk/monitor"  # where the PBX writes
    kept: str = "data/recordings"  # where the finished files are kept


class LineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dial: Annotated[str, Meta(pattern=r"^[A-Za-z0-9]+/[A-Za-z0-9_@/.-]*\{number\}[A-Za-z0-9_@/.-]*$")]
    caller_id: CallerId = ""
    region: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] = "RU"
    capacity: Annotated[int, Meta(ge=1, le=10000)] = 30
    called: tuple[str, ...] = ()  # the numbers under which clients call this line; empty = any


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    http: Http = Http()
    store: StoreSettings = StoreSettings()
    pbx: PbxSettings = PbxSettings()
    phones: Phones = Phones()
    recordings: Recordings = Recordings()
    lines: dict[str, LineSettings] = {}
    log_level: str = "INFO"


EXAMPLE = """\
# Callwright: every key also as an environment variable: DIALER_HTTP_PORT, DIALER_PBX_SECRET, ...
# DIALER_PORT is short for DIALER_HTTP_PORT.

[http]
host = "127.0.0.1"
port = 8080
# origins = ["https://calls.example"]     # exact origins of the pages, when a proxy stands before the daemon

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
dial = "PJSIP/{number}@trunk"
caller_id = "+74951234567"
region = "RU"
capacity = 30
called = ["+74951234567"]                  # calls to these numbers belong to this line
"""


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings from a file (none = the defaults) under the environment. Raises `ConfigError`."""
    text = ""
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; `dialer init` writes a commented one") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    _overlay(raw, environ)
    try:
        return msgspec.convert(raw, Settings, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(_explain(path, text, str(error))) from error


def secret_of(pbx: PbxSettings) -> str:
    """The AMI password, from the settings or from its file. Raises `ConfigError`."""
    if not pbx.secret_file:
        return pbx.secret
    try:
        return Path(pbx.secret_file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"pbx.secret_file {pbx.secret_file}: {error.strerror}") from error


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Lay DIALER_SECTION_KEY over the file; values are read as the field's type wants them."""
    for section in msgspec.structs.fields(Settings):
        if not (isinstance(section.type, type) and issubclass(section.type, Struct)):
            continue
        for key in msgspec.structs.fields(section.type):
            value = environ.get(f"DIALER_{section.name}_{key.name}".upper())
            if section.name == "http" and key.name == "port":
                value = environ.get("DIALER_PORT", value)
            if value is not None:
                table = raw.setdefault(section.name, {})
                table[key.name] = _typed(value, key.type, f"DIALER_{section.name}_{key.name}".upper())
    if "DIALER_LOG_LEVEL" in environ:
        raw["log_level"] = environ["DIALER_LOG_LEVEL"]


def _typed(value: str, wanted: Any, variable: str) -> Any:
    try:
        return msgspec.convert(value.split(",") if wanted == tuple[str, ...] else value, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{variable}: {error}") from error


def _explain(path: Path | None, text: str, reason: str) -> str:
    """Add the line on which the faulty key stands."""
    named = re.search(r"unknown field `(\w+)`", reason) or re.search(r"\$(?:\.\w+|\[[^\]]*\])*\.(\w+)", reason)
    line = 0
    if named:
        pattern = re.compile(rf"^\s*\[?(?:\w+\.)*{re.escape(named.group(1))}\]?\s*(=|$)", re.MULTILINE)
        found = pattern.search(text)
        line = text.count("\n", 0, found.start(1)) + 1 if found else 0
    return f"{path or 'environment'}{f', line {line}' if line else ''}: {reason}"
