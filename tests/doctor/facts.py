"""Facts in which nothing is wrong, to be changed by a test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dialer.doctor.contract import CONTEXTS
from dialer.doctor.model import Facts, Folder, LineSet, PagesSeen, Phone, SocketSeen, StoreSeen, TrialFile
from dialer.doctor.pbx import NEEDED_EVENTS
from dialer.telephony.examined import EndpointSeen, PbxSeen, Registration, Step, TrialSeen

ROOM = 100_000_000_000
FOLDER = Folder(path="/there", exists=True, readable=True, writable=True, free=ROOM)
PHONE = EndpointSeen(state="NOT_INUSE", context="callwright-operators", codecs=("alaw",), browser=False)
TRUNK = EndpointSeen(state="NOT_INUSE", context="callwright-inbound", codecs=("alaw", "ulaw"), browser=False)
PBX = PbxSeen(
    name="main",
    host="127.0.0.1",
    port=5038,
    user="callwright",
    version="22.10.1",
    offset_s=0.002,
    contexts={name: tuple(Step(*step) for step in needed.steps) for name, needed in CONTEXTS.items()},
    endpoints={"trunk": TRUNK, "op101": PHONE, "op201": replace(PHONE, browser=True)},
    registrations=(Registration("provider", "Registered"),),
    fallback="PJSIP/op101",
    trial=TrialSeen(music_s=1.0, events=NEEDED_EVENTS),
)
SOUND = Facts(
    pbxs=(PBX,),
    lines=(LineSet(name="main", endpoint="trunk", inbound=True),),
    phones=(Phone(endpoint="op101", browser=False), Phone(endpoint="op201", browser=True)),
    sources={"main": FOLDER},
    kept=FOLDER,
    trial_files={"main": TrialFile(arrived=True, readable=True, size=16_000)},
    store=StoreSeen(path="/there/store.db", folder=FOLDER, exists=True, tables="current"),
    pages=PagesSeen(
        host="127.0.0.1",
        port=8080,
        https=False,
        port_state="ours",
        sockets=(SocketSeen("ws://127.0.0.1:8088/ws", "there"),),
    ),
)


def with_pbx(**change: Any) -> Facts:
    return replace(SOUND, pbxs=(replace(PBX, **change),))


def with_endpoint(name: str, **change: Any) -> Facts:
    return with_pbx(endpoints={**PBX.endpoints, name: replace(PBX.endpoints[name], **change)})


def without_context(name: str) -> Facts:
    assert PBX.contexts is not None
    return with_pbx(contexts={key: steps for key, steps in PBX.contexts.items() if key != name})


def with_pages(**change: Any) -> Facts:
    return replace(SOUND, pages=replace(SOUND.pages, **change))


def with_store(**change: Any) -> Facts:
    return replace(SOUND, store=replace(SOUND.store, **change))
