"""What the virtual PBX answers when it is examined (`dialer doctor`), as tests/captures/examined.capture has it.

Its dialplan is listed as the real one listed it, and its trial call says the real one's words at the same
distances: both stand in data/. Phones are called op and digits (op2.. are browsers'), the trunk is `trunk`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from typing import Any

from dialer.simulation.exchange import Exchange
from dialer.simulation.manager import Manager, Request

TRIAL = "Local/sound@callwright-check"
TRIAL_FILE = "CHECK"  # the name under which the trial call is recorded
_PHONE = re.compile(r"op\d{2,4}")
_BROWSER = re.compile(r"op2\d\d")
_FUNCTION = re.compile(r"(DEVICE_STATE|PJSIP_ENDPOINT)\((?:PJSIP/)?([\w-]+)(?:,(\w+))?\)")


@cache
def _data(name: str) -> Any:
    return json.loads(resources.files("dialer.simulation").joinpath("data", name).read_text(encoding="utf-8"))


def show_dial_plan(manager: Manager, request: Request) -> None:
    context = request.get("Context")
    rows = [row for row in _data("dialplan.json") if row[0] == context]
    if not rows:
        manager.refuse(request, f"Did not find context {context}")
        return
    action_id = f"ActionID: {request.get('ActionID')}\r\n" if request.get("ActionID") else ""
    manager.answer(request, "Success", "EventList: start", "Message: DialPlan list will follow")
    for _, extension, label, priority, application, data in rows:
        labelled = f"ExtensionLabel: {label}\r\n" if label else ""
        manager.write(
            f"Event: ListDialplan\r\n{action_id}Context: {context}\r\nExtension: {extension}\r\n{labelled}"
            f"Priority: {priority}\r\nApplication: {application}\r\nAppData: {data}\r\nRegistrar: pbx_config\r\n\r\n"
        )
    manager.write(
        f"Event: ShowDialPlanComplete\r\n{action_id}EventList: Complete\r\nListItems: {len(rows)}\r\n"
        f"ListExtensions: {len({row[1] for row in rows})}\r\nListPriorities: {len(rows)}\r\nListContexts: 1\r\n\r\n"
    )


def show_registrations(manager: Manager, request: Request) -> None:
    """None: it registers with nobody."""
    action_id = f"ActionID: {request.get('ActionID')}\r\n" if request.get("ActionID") else ""
    following = "Following are Events for each Outbound registration"
    manager.answer(request, "Success", "EventList: start", f"Message: {following}")
    manager.write(
        f"Event: OutboundRegistrationDetailComplete\r\n{action_id}EventList: Complete\r\nListItems: 0\r\n"
        "Registered: 0\r\nNotRegistered: 0\r\n\r\n"
    )


def global_variable(manager: Manager, request: Request) -> None:
    """Getvar without a channel: a global variable, or a function that needs none."""
    name = request.get("Variable")
    manager.answer(request, "Success", f"Variable: {name}", f"Value: {_value(manager.world.exchange, name)}")


def _value(exchange: Exchange, name: str) -> str:
    if name == "CW_FALLBACK":
        return f"PJSIP/{exchange.fallback}" if exchange.fallback else ""
    asked = _FUNCTION.fullmatch(name)
    if asked is None:
        return ""
    function, endpoint, setting = asked.groups()
    known = endpoint == "trunk" or _PHONE.fullmatch(endpoint) is not None
    if function == "DEVICE_STATE":
        return "NOT_INUSE" if known else "INVALID"
    browser = _BROWSER.fullmatch(endpoint) is not None
    settings = {
        "context": "callwright-inbound" if endpoint == "trunk" else "callwright-operators",
        "allow": "(alaw|ulaw|opus)" if browser else "(alaw|ulaw)",
        "webrtc": "yes" if browser else "no",
    }
    return settings.get(setting or "", "") if known else ""


def start_trial(exchange: Exchange, leg: str, action_id: str, serial: int) -> None:
    """The trial call, told and recorded; its two halves stand in no list: nothing can be ordered of them."""
    at: dict[float, list[str]] = {}
    for delay, lines in _data("trial.json"):
        at.setdefault(delay, []).append("\r\n".join(lines) + "\r\n\r\n")
    exchange.tape.start(TRIAL_FILE, exchange.clock.now())
    filled = {"{leg}": leg, "{action_id}": action_id, "{serial}": f"{serial:08x}"}
    for delay, events in at.items():
        exchange.clock.later(delay, partial(_tell, exchange, "".join(events), filled))
    exchange.clock.later(max(at), _ending(exchange))


def _tell(exchange: Exchange, text: str, filled: dict[str, str]) -> None:
    for place, value in {**filled, "{stamp}": f"{exchange.clock.now():.6f}"}.items():
        text = text.replace(place, value)
    exchange.say(text)


def _ending(exchange: Exchange) -> Callable[[], None]:
    return lambda: exchange.tape.end(TRIAL_FILE, exchange.clock.now())
