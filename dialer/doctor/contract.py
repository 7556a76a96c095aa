"""What must stand in an Asterisk's dialplan (asterisk-conf/README.md is the whole contract)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialer.telephony.examined import Step

OPERATORS = "callwright-operators"
INBOUND = "callwright-inbound"
CHECK = "callwright-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """`steps`: applications, with how their data begins, without which the daemon waits in vain.

    `vital`: no call can be made without the context; `inbound`: only those who call in need it.
    """

    steps: tuple[tuple[str, str], ...] = ()
    vital: bool = False
    inbound: bool = False


CONTEXTS: Mapping[str, Needed] = {
    "callwright-session": Needed(steps=(("UserEvent", "CallwrightSession,State: ready"),), vital=True),
    "callwright-client": Needed(
        steps=(("MixMonitor", ""), ("UserEvent", "CallwrightClient,Call:")), vital=True
    ),
    INBOUND: Needed(steps=(("Goto", "callwright-inbound-offer"),), inbound=True),
    "callwright-inbound-offer": Needed(steps=(("UserEvent", "CallwrightInbound,Dialled:"),), inbound=True),
    "callwright-inbound-ring": Needed(inbound=True),
    "callwright-fallback": Needed(steps=(("UserEvent", "CallwrightFallback"),), inbound=True),
    "callwright-alone": Needed(steps=(("UserEvent", "CallwrightAlone"),)),
    "callwright-hold": Needed(),
    "callwright-third": Needed(steps=(("UserEvent", "CallwrightThird"),)),
    "callwright-room": Needed(steps=(("ConfBridge", ""),)),
    "callwright-listen": Needed(steps=(("ChanSpy", ""),)),
    "callwright-echo": Needed(steps=(("Echo", ""),)),
    OPERATORS: Needed(),
    CHECK: Needed(steps=(("UserEvent", "CallwrightCheck,Step: end"), ("MixMonitor", ""))),
}


def lacking(needed: Needed, found: tuple[Step, ...]) -> str:
    """The first step of the contract that a context does not have, "" if it has all."""
    for application, begins in needed.steps:
        if not any(_is(step, application, begins) for step in found):
            return f"{application}({begins}...)"
    return ""


def _is(step: Step, application: str, begins: str) -> bool:
    """Also where another application carries it out: ExecIf, TryExec."""
    if step.application == application:
        return step.data.startswith(begins)
    return f"{application}({begins}" in step.data
