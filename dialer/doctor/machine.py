"""What is to be said of this machine: folders, disks, the store, the pages' port. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from dialer.doctor.model import (
    Finding,
    Folder,
    OrphansSeen,
    PagesSeen,
    Part,
    Phone,
    Severity,
    SocketSeen,
    StoreSeen,
    TrialFile,
)
from dialer.telephony.examined import PbxSeen

MB = 1_000_000
LEAST_FREE = 500 * MB
SCARCE = 5_000 * MB  # about 85 hours of stereo recordings
BARE_HEADER = 44  # bytes of a WAV file into which no sound ever came


def of_source(source: Folder) -> Iterator[Finding]:
    """Where an Asterisk writes."""
    if not source.exists:
        yield _recording("source_missing", Severity.ERROR, folder=source.path)
    elif not source.readable:
        yield _recording("source_unreadable", Severity.ERROR, folder=source.path)
    else:
        yield _recording("source_there", Severity.OK, folder=source.path)
        if not source.writable:
            yield _recording("source_unwritable", Severity.WARNING, folder=source.path)
        yield from _space(Part.RECORDINGS, source)


def of_kept(kept: Folder) -> Iterator[Finding]:
    """Where finished recordings are kept."""
    if not kept.writable:
        yield _recording("kept_unwritable", Severity.ERROR, folder=kept.path)
    else:
        yield from _space(Part.RECORDINGS, kept)


def of_orphans(orphans: OrphansSeen) -> Iterator[Finding]:
    """Files without rows, rows without files, and files that outlived their recording."""
    if orphans.strangers:
        size = _size(orphans.bytes)
        yield _recording(
            "recordings_nobodys", Severity.WARNING, n=orphans.strangers, size=size, oldest=orphans.oldest
        )
    if orphans.dangling:
        yield _recording("recordings_gone", Severity.WARNING, n=orphans.dangling)
    if orphans.stuck:
        yield _recording("recordings_stuck", Severity.ERROR, n=orphans.stuck)


def of_trial_file(seen: PbxSeen, file: TrialFile | None, source: Folder) -> Iterator[Finding]:
    """Whether what this PBX records comes out where the settings say."""
    if seen.trial is None or seen.trial.failed or file is None or not source.readable:
        return
    if not file.arrived:
        yield _recording("recordings_elsewhere", Severity.ERROR, folder=source.path)
    elif not file.readable:
        yield _recording("recordings_closed", Severity.ERROR, folder=source.path)
    elif file.size <= BARE_HEADER and seen.trial.music_s:
        yield _recording("recordings_silent", Severity.WARNING)
    else:
        yield _recording("recordings_arrive", Severity.OK, folder=source.path)


def of_store(store: StoreSeen) -> Iterator[Finding]:
    if store.wrong:
        yield _store("store_wrong", Severity.ERROR, path=store.path, why=store.wrong)
    if not store.folder.writable:
        yield _store("store_unwritable", Severity.ERROR, folder=store.folder.path)
    else:
        yield from _space(Part.STORE, store.folder)
    if not store.exists:
        yield _store("store_not_made", Severity.NOTE, path=store.path)
    elif store.wrong:
        return
    elif store.tables == "current":
        yield _store("store_there", Severity.OK, path=store.path)
    elif store.tables == "newer":
        yield _store("store_newer", Severity.ERROR, path=store.path)
    else:
        yield _store("store_older", Severity.NOTE, path=store.path)
    if store.holder and not store.ours:
        yield _store("store_held", Severity.NOTE, process=store.holder)


def of_pages(pages: PagesSeen, phones: tuple[Phone, ...] | None) -> Iterator[Finding]:
    """The port, the running daemon's own word, and what phones in browsers need of the pages."""
    place: dict[str, str | int] = {"host": pages.host, "port": pages.port}
    if pages.port_state in ("taken", "forbidden", "host_wrong"):
        yield _page(f"port_{pages.port_state}", Severity.ERROR, **place)
    elif pages.port_state == "ours":
        if pages.answer:
            yield _page("daemon_not_ready", Severity.ERROR, why=pages.answer)
        else:
            yield _page("daemon_answers", Severity.OK, **place)
    else:
        yield _page("port_free", Severity.OK, **place)
    if any(phone.browser for phone in phones or ()):
        if not pages.https and not is_loopback(pages.host):
            yield _page("pages_not_https", Severity.ERROR, host=pages.host)
        for seen in pages.sockets:
            yield from _of_socket(pages, seen)


def _of_socket(pages: PagesSeen, seen: SocketSeen) -> Iterator[Finding]:
    """A browser gives a microphone to https pages and to those of its own machine; no page mixes https with ws."""
    ws = urlsplit(seen.ws)
    if pages.https and ws.scheme == "ws":
        yield _page("ws_not_wss", Severity.ERROR, ws=seen.ws)
    if (pages.https or not is_loopback(pages.host)) and is_loopback(ws.hostname or ""):
        yield _page("ws_own_machine", Severity.WARNING, ws=seen.ws)
    if seen.state == "there":
        yield _page("ws_there", Severity.OK, ws=seen.ws)
    else:
        yield _page("ws_silent", Severity.WARNING, ws=seen.ws)


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _space(part: Part, folder: Folder) -> Iterator[Finding]:
    if folder.free is None:
        yield Finding(code="space_untold", severity=Severity.NOTE, part=part, params={"folder": folder.path})
        return
    params: dict[str, str | int] = {"folder": folder.path, "free": _size(folder.free)}
    if folder.free < LEAST_FREE:
        yield Finding(code="space_gone", severity=Severity.ERROR, part=part, params=params)
    elif folder.free < SCARCE:
        yield Finding(code="space_scarce", severity=Severity.WARNING, part=part, params=params)
    else:
        yield Finding(code="space_there", severity=Severity.OK, part=part, params=params)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count // MB} MB"


def _recording(code: str, severity: Severity, **params: str | int) -> Finding:
    return Finding(code=code, severity=severity, part=Part.RECORDINGS, params=params)


def _store(code: str, severity: Severity, **params: str | int) -> Finding:
    return Finding(code=code, severity=severity, part=Part.STORE, params=params)


def _page(code: str, severity: Severity, **params: str | int) -> Finding:
    return Finding(code=code, severity=severity, part=Part.PAGES, params=params)
