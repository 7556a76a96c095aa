"""What rooms are given, made of the settings: plain values, and what needs no start and no end."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dialer.ami.examine import AsteriskExaminer
from dialer.ami.settings import AsteriskSettings
from dialer.auth.routes import PhonePlace
from dialer.config import PbxSettings, Settings, secret_of
from dialer.doctor.gather import Place
from dialer.doctor.model import PagesSeen
from dialer.doctor.service import Doctor, ReadStore
from dialer.telephony.identity import ulid
from dialer.telephony.lines import Line
from dialer.telephony.ranges import Range


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return ulid(int(utc_now().timestamp() * 1000), secrets.randbits(80))


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
    """Whether the pages are reached over HTTPS, by a proxy before us: then the cookie is for HTTPS alone."""
    return any(origin.startswith("https://") for origin in settings.http.origins)


def doctor_of(
    settings: Settings, read_store: ReadStore, *, pages: Callable[[], PagesSeen] | None = None
) -> Doctor:
    """The doctor of this installation; `pages` where it is the daemon's own."""
    common = settings.recordings.source
    place = Place(
        lines=lines_of(settings),
        sources={name: Path(pbx.recordings or common) for name, pbx in settings.pbx.items()},
        kept=Path(settings.recordings.kept),
        host=settings.http.host,
        port=settings.http.port,
        tls=False,
        https=over_tls(settings),
        sockets=tuple(sockets_of(settings)),
    )
    examiners = [
        AsteriskExaminer(asterisk_of(name, pbx), new_id=new_id) for name, pbx in settings.pbx.items()
    ]
    return Doctor(place, examiners, read_store, now=utc_now, pages=pages)
