"""What rooms are given, made of the settings: plain values, and what needs no start and no end."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from dialer.ami.examine import AsteriskExaminer
from dialer.ami.settings import AsteriskSettings
from dialer.auth.routes import PhonePlace
from dialer.automation.model import Hook
from dialer.campaigns.archive import Archive
from dialer.campaigns.retention import Retention
from dialer.config import ConfigError, PbxSettings, Settings, secret_of
from dialer.doctor.gather import Place
from dialer.doctor.model import PagesSeen
from dialer.doctor.service import Doctor, ReadStore
from dialer.store.engine import Store
from dialer.telephony.compression import Compressor
from dialer.telephony.fetching import PbxHttp, PbxWeb
from dialer.telephony.identity import ulid
from dialer.telephony.lines import Line
from dialer.telephony.orphans import Orphans, Walk, survey
from dialer.telephony.private import KEY_BYTES, KeyUnfit, key_of
from dialer.telephony.ranges import Range
from dialer.telephony.recordings import Recorder
from dialer.telephony.sources import SharedFolder, Source


def utc_now() -> datetime:
    return datetime.now(UTC)


def id_at(seconds: float) -> str:
    """A new id, of a moment in seconds since 1970."""
    return ulid(int(seconds * 1000), secrets.randbits(80))


def new_id() -> str:
    return id_at(utc_now().timestamp())


def asterisk_of(name: str, pbx: PbxSettings) -> AsteriskSettings:
    return AsteriskSettings(
        name=name,
        host=pbx.host,
        port=pbx.port,
        user=pbx.user,
        secret=secret_of(pbx),
        tls=pbx.tls,
        tls_ca=pbx.tls_ca,
        allow_excess_rights=pbx.allow_excess_rights,
    )


def lines_of(settings: Settings) -> dict[str, Line]:
    return {
        name: Line(
            name=name,
            dial=line.dial,
            caller_id=line.caller_id,
            region=line.region,
            capacity=line.capacity,
            called=line.called,
            ranges=(
                *(Range(prefix=prefix) for prefix in line.allowed),
                *(Range(prefix=prefix, allowed=False) for prefix in line.refused),
            ),
            pbx=line.pbx or next(iter(settings.pbx)),
        )
        for name, line in settings.lines.items()
    }


def hooks_of(settings: Settings) -> dict[str, Hook]:
    """The web hooks with their secrets. Raises `ConfigError`."""
    found = {}
    for name, hook in settings.web_hooks.items():
        path = Path(hook.secret_file)
        try:
            secret = path.read_text(encoding="utf-8").strip() if hook.secret_file else ""
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise ConfigError(f"web_hooks.{name}.secret_file {path}: {why}") from error
        found[name] = Hook(name=name, url=hook.url, secret=secret, timeout_s=float(hook.timeout_s))
    return found


def phones_of(settings: Settings, pbx: str) -> PhonePlace | None:
    """Where the phones of a PBX register ("" = of the first one); None for one that is not configured."""
    own = settings.pbx.get(pbx or next(iter(settings.pbx)))
    if own is None:
        return None
    common = settings.phones
    return PhonePlace(ws=own.phones_ws or common.ws, domain=own.phones_domain or common.domain)


def sockets_of(settings: Settings) -> list[str]:
    """Where browser phones reach their PBXs."""
    return sorted({place.ws for name in settings.pbx if (place := phones_of(settings, name))})


def over_tls(settings: Settings) -> bool:
    """Whether the pages are reached over HTTPS, ours or a proxy's: then the cookie is for HTTPS alone."""
    http = settings.http
    return bool(http.certificate) or any(origin.startswith("https://") for origin in http.origins)


def doctor_of(
    settings: Settings, read_store: ReadStore, *, pages: Callable[[], PagesSeen] | None = None
) -> Doctor:
    """The doctor of this installation; `pages` where it is the daemon's own."""
    common = settings.recordings.source
    place = Place(
        lines=lines_of(settings),
        sources={
            name: Path(pbx.recordings or common)
            for name, pbx in settings.pbx.items()
            if not is_web(pbx.recordings or common)
        },
        kept=Path(settings.recordings.kept),
        host=settings.http.host,
        port=settings.http.port,
        tls=bool(settings.http.certificate),
        https=over_tls(settings),
        sockets=tuple(sockets_of(settings)),
    )
    examiners = [
        AsteriskExaminer(asterisk_of(name, pbx), new_id=new_id) for name, pbx in settings.pbx.items()
    ]
    return Doctor(place, examiners, read_store, now=utc_now, pages=pages)


def survey_of(settings: Settings) -> Callable[[], Walk[Orphans]]:
    """What looks for recordings of nobody's in all folders of this installation."""
    wide = settings.recordings
    places = [wide.source, *(pbx.recordings for pbx in settings.pbx.values() if pbx.recordings)]
    folders = [Path(place) for place in dict.fromkeys(places) if not is_web(place)]
    return partial(survey, kept=Path(wide.kept), folders=folders)


def is_web(place: str) -> bool:
    """Whether recordings are fetched from a web server rather than read from a folder."""
    return place.startswith(("http://", "https://"))


def sources_of(settings: Settings) -> tuple[Source, dict[str, Source]]:
    """Where recordings come from: of a PBX that says nothing, and by PBX. Raises `ConfigError`."""
    wide = settings.recordings
    own = {
        name: _source(settings, pbx.recordings, pbx.recordings_user, pbx.recordings_secret_file, name)
        for name, pbx in settings.pbx.items()
        if pbx.recordings
    }
    return _source(settings, wide.source, wide.user, wide.secret_file, ""), own


def _source(settings: Settings, place: str, user: str, secret_file: str, name: str) -> Source:
    if not is_web(place):
        return SharedFolder(Path(place))
    try:
        secret = Path(secret_file).read_text(encoding="utf-8").strip() if secret_file else ""
    except OSError as error:
        raise ConfigError(f"the secret of {place}: {secret_file}: {error.strerror}") from error
    wide = settings.recordings
    web = PbxWeb(
        base=place,
        user=user,
        secret=secret,
        most_bytes=wide.most_mb * 1024 * 1024,
        timeout_s=float(wide.fetch_timeout_s),
    )
    return PbxHttp(web, Path(wide.kept) / ".fetched" / (name or "all"))


def archive_of(settings: Settings, store: Store, now: Callable[[], datetime]) -> tuple[Recorder, Archive]:
    """What finishes recordings, and what looks after them later. Raises `ConfigError`."""
    wide, kept = settings.recordings, Path(settings.recordings.kept)
    source, own = sources_of(settings)
    recorder = Recorder(store, source=source, sources=own, kept=kept, now=now)
    archive = Archive(
        store,
        kept=kept,
        sources=(source, *own.values()),
        compressor=Compressor(
            store,
            kept=kept,
            now=now,
            after=timedelta(days=wide.opus_after_days) if wide.opus_after_days >= 0 else None,
            originals=timedelta(days=wide.originals_days),
        ),
        retention=Retention(store, kept=kept, source=source, sources=own, days=wide.days, now=now),
        recorder=recorder,
        now=now,
    )
    return recorder, archive


def link_secret_of(settings: Settings) -> bytes:
    """The key that signs links to recordings; made once, readable by us alone. Raises `ConfigError`."""
    try:
        return key_of(Path(settings.recordings.kept) / ".link-key", secrets.token_bytes(KEY_BYTES))
    except KeyUnfit as error:
        raise ConfigError(str(error)) from error
