"""dialer.toml and the environment, as one frozen value; a wrong key or value is refused with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, field

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
    certificate: str = ""  # a PEM file: the daemon speaks HTTPS itself; with the chain, if there is one
    key: str = ""  # its private key; "" = stands in the same file
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-For is believed; nobody's unless it is said
    metrics_token_file: str = ""  # a file with the word that opens /metrics to other machines

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
    """One Asterisk. What phones and recordings leave empty is as `[phones]` and `[recordings]` say."""

    host: str = "127.0.0.1"
    port: Port = 5038
    user: str = "callwright"
    secret: str = ""
    secret_file: str = ""
    allow_excess_rights: bool = False
    tls: bool = False
    tls_ca: str = ""  # a file of certificates; "" trusts whom the machine trusts
    phones_ws: str = ""
    phones_domain: str = ""
    recordings: str = ""
    recordings_user: str = ""
    recordings_secret_file: str = ""

    def __repr__(self) -> str:
        """Without the password: settings end up in logs and in tracebacks."""
        return f"PbxSettings({self.user}@{self.host}:{self.port})"


class Phones(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a browser phone reaches the PBX."""

    ws: str = "ws://127.0.0.1:8088/ws"
    domain: str = "127.0.0.1"


class Recordings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str = (
        "/var/spool/asterisk/monitor"  # where the PBX writes: a folder, or https://... of its web server
    )
    user: str = ""  # for the web server; without one the secret is a token
    secret_file: str = ""
    most_mb: Annotated[int, Meta(ge=1, le=10000)] = 200  # of one file that is fetched
    fetch_timeout_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    kept: str = "data/recordings"  # where the finished files are kept
    longest_pause_s: Annotated[int, Meta(ge=5, le=3600)] = 120  # then a paused recording goes on by itself
    opus_after_days: Annotated[int, Meta(ge=-1, le=36500)] = 1  # then the WAV is compressed; -1 = never
    originals_days: Annotated[int, Meta(ge=0, le=36500)] = 0  # the WAV stays so long beside its verified copy
    days: Annotated[int, Meta(ge=0, le=36500)] = 0  # then it is deleted; 0 = never; a campaign may differ


class LineSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    dial: str
    caller_id: CallerId = ""
    region: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")] = "RU"
    capacity: Annotated[int, Meta(ge=1, le=10000)] = 30
    called: tuple[Called, ...] = ()  # the numbers under which clients call this line; empty = any
    allowed: tuple[Prefix, ...] = ()  # prefixes that it dials besides its region's ordinary numbers
    refused: tuple[Prefix, ...] = ()  # prefixes that it does not dial; of both, the longest that fits decides
    pbx: Name | Literal[""] = ""  # the PBX that it leads out of; "" = the first one

    def __post_init__(self) -> None:
        if wrong := wrong_dial(self.dial):
            raise ValueError(f"`dial`: {wrong}")


class WebHookSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What scripts may call by this table's name; they never say where it is."""

    url: Annotated[str, Meta(pattern=r"^https?://[^\s/@]+(/\S*)?$")]
    secret_file: str = ""  # signs what is sent; without one it is not signed
    timeout_s: Annotated[int, Meta(ge=1, le=60)] = 10


SHORTEST_TOKEN = 16
THE_ONLY = "main"  # the name of the one PBX, if it is given none


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    http: Http = Http()
    store: StoreSettings = StoreSettings()
    pbx: dict[str, PbxSettings] = field(default_factory=lambda: {THE_ONLY: PbxSettings()})
    phones: Phones = Phones()
    recordings: Recordings = Recordings()
    lines: dict[str, LineSettings] = {}
    web_hooks: dict[Name, WebHookSettings] = {}
    log_level: LogLevel = "INFO"


EXAMPLE = """\
# Callwright: every key also as an environment variable: DIALER_HTTP_PORT, DIALER_PBX_SECRET (of the first PBX),
# DIALER_PBX_MAIN_SECRET, DIALER_LINES_MAIN_CAPACITY, ...
# DIALER_PORT is short for DIALER_HTTP_PORT.

[http]
host = "127.0.0.1"
port = 8080
# certificate = "data/tls/fullchain.pem"   # HTTPS by the daemon itself; both files are taken anew when they change
# key = "data/tls/privkey.pem"
# origins = ["https://calls.example"]     # exact origins of the pages, when a proxy stands before the daemon
# trusted_proxies = ["127.0.0.1", "::1"]    # that proxy: its X-Forwarded-For says who tries a password
# metrics_token_file = "data/metrics-token"  # opens /metrics to other machines; without it, to this one alone

[store]
url = "sqlite:///data/callwright.db"

[pbx.main]                                 # the AMI account of asterisk-conf/manager.conf
host = "127.0.0.1"
port = 5038
user = "callwright"
secret_file = "data/ami-secret"            # or: secret = "..."
# tls = true                               # AMI over TLS: tlsenable = yes in manager.conf, port = 5039 here
# tls_ca = "data/ami-ca.pem"                # whom to trust; without it, whom this machine trusts
# A second PBX is another table: [pbx.north]. Lines and users say which one is theirs; the first one is meant else.
# phones_ws = "wss://north.example/ws"      # where it differs from [phones] ...
# phones_domain = "north.example"
# recordings = "/mnt/north/monitor"         # ... and from [recordings]
# recordings_user = "callwright"            # for a web server, as in [recordings]
# recordings_secret_file = "data/north-recordings-secret"

[phones]                                   # for softphones in the browser
ws = "ws://127.0.0.1:8088/ws"
domain = "127.0.0.1"

[recordings]
source = "/var/spool/asterisk/monitor"     # where Asterisk writes; or "https://..." of its web server
# user = "callwright"                       # ... with a password; without a user the secret is a token
# secret_file = "data/recordings-secret"
# most_mb = 200                             # of one file that is fetched
# fetch_timeout_s = 60
kept = "data/recordings"                   # where finished recordings are kept
longest_pause_s = 120                      # a pause that the operator forgot ends by itself
opus_after_days = 1                        # then a recording is compressed (Ogg Opus, a tenth); -1 = never
originals_days = 0                         # how long the WAV stays beside its copy, once that was verified
days = 0                                   # then a recording is deleted, if its campaign says nothing; 0 = never

[lines.main]
dial = "PJSIP/{number}@trunk"               # {digits}: without the plus; PJSIP, SIP, IAX2, DAHDI, never Local
caller_id = "+74951234567"
region = "RU"
capacity = 30
called = ["+74951234567"]                  # calls to these numbers belong to this line
# allowed = ["+375"]                       # dialled besides the region's ordinary numbers; nothing else is
# refused = ["+7495100"]                   # not dialled, though the region's
# pbx = "main"                              # the PBX that it leads out of

# [web_hooks.crm]                            # what scripts may call by this name (docs/actions.md)
# url = "https://crm.example/hooks/calls"
# secret_file = "data/crm-secret"           # signs what is sent
# timeout_s = 10
"""


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings from a file (none = the defaults) under the environment. Raises `ConfigError`."""
    text = _read(path) if path is not None else ""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    _name_the_only_pbx(raw, environ, path, text)
    _overlay(raw, environ)
    for table, form in (("lines", LineSettings), ("pbx", PbxSettings), ("web_hooks", WebHookSettings)):
        entries = raw.get(table, {})
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            _check(entry, form, _written(text, (table, name)), path, text)
    settings = _check(raw, Settings, (), path, text)
    for name, line in settings.lines.items():
        if line.pbx and line.pbx not in settings.pbx:
            known = ", ".join(settings.pbx)
            raise _refusal(path, text, ("lines", name, "pbx"), f"no PBX {line.pbx!r}; there are: {known}")
    return settings


def _name_the_only_pbx(raw: dict[str, Any], environ: Mapping[str, str], path: Path | None, text: str) -> None:
    """`[pbx]` with the keys of one PBX becomes the table of that name; `[pbx.NAME]` tables stay as they are."""
    given = raw.get("pbx", {})
    if not isinstance(given, dict):
        return  # told so when the whole is checked
    tables = {name: value for name, value in given.items() if isinstance(value, dict)}
    keys = {key: value for key, value in given.items() if key not in tables}
    if tables and keys:
        table = next(iter(tables))
        reason = f"either the keys of one PBX under [pbx], or [pbx.NAME] alone; there is [pbx.{table}]"
        raise _refusal(path, text, ("pbx", next(iter(keys))), reason)
    if not tables:
        name = _check(keys.pop("name", THE_ONLY), Name, ("pbx", "name"), path, text)
        if "DIALER_PBX_NAME" in environ:
            name = _typed(environ["DIALER_PBX_NAME"], Name, "DIALER_PBX_NAME")
        tables = {name: keys}
    for name in tables:
        _check(name, Name, ("pbx", name), path, text)
    raw["pbx"] = tables


def _written(text: str, place: tuple[str, ...]) -> tuple[str, ...]:
    """Where a named table stands in the text: the only PBX may stand without its name."""
    return place if place[0] != "pbx" or line_of(text, place) != line_of(text, place[:1]) else place[:1]


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


def metrics_token(http: Http) -> str:
    """The word that opens /metrics, from its file; "" where none is configured. Raises `ConfigError`."""
    if not http.metrics_token_file:
        return ""
    path = Path(http.metrics_token_file)
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"http.metrics_token_file {path}: {getattr(error, 'strerror', None) or error}"
        ) from error
    if len(token) < SHORTEST_TOKEN:
        raise ConfigError(f"http.metrics_token_file {path}: {SHORTEST_TOKEN} characters at least are wanted")
    return token


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Lay DIALER_SECTION_KEY and DIALER_LINES_NAME_KEY over the file, each checked for what its key takes.

    DIALER_PBX_KEY means the first PBX, DIALER_PBX_NAME_KEY any of them.
    """
    for section in msgspec.structs.fields(Settings):
        if isinstance(section.type, type) and issubclass(section.type, Struct):
            _overlay_table(raw, section.name, section.type, f"DIALER_{section.name}", environ)
    for table, form in (("pbx", PbxSettings), ("lines", LineSettings), ("web_hooks", WebHookSettings)):
        entries = raw.get(table, {})
        for nth, name in enumerate(entries) if isinstance(entries, dict) else ():
            if table == "pbx" and nth == 0:
                _overlay_table(entries, name, form, "DIALER_PBX", environ)
            _overlay_table(entries, name, form, f"DIALER_{table}_{name.replace('-', '_')}", environ)
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
        raise _refusal(path, text, where, reason) from error


def _refusal(path: Path | None, text: str, where: tuple[str, ...], reason: str) -> ConfigError:
    line = line_of(text, where)
    at = f"{path or 'environment'}{f', line {line}' if line else ''}"
    return ConfigError(f"{at}: {'.'.join(where)}: {reason}")
