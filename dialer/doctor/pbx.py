"""What is to be said of one Asterisk: its connection, its account, its dialplan, its trial call. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dialer.doctor.contract import CHECK, CONTEXTS, INBOUND, lacking
from dialer.doctor.model import Finding, Part, Severity
from dialer.telephony.examined import PbxSeen, TrialSeen

TESTED = (20, 22)
OLDEST = 16
CLOCKS_AGREE_S = 1.0
MUSIC_S = 0.8  # a second is asked for; without music it is over at once
NEEDED_EVENTS = frozenset(
    {
        "Newchannel",
        "Newstate",
        "OriginateResponse",
        "UserEvent",
        "MixMonitorStart",
        "HangupRequest",
        "Hangup",
        "DialEnd",
    }
)
NEEDLESS_EVENTS = frozenset({"MusicOnHoldStart", "NewConnectedLine", "LocalBridge"})
_TROUBLES = frozenset({"unreachable", "not_ami", "too_old", "login_refused", "lost"})


def of_pbx(seen: PbxSeen) -> Iterator[Finding]:
    """The connection, the version, the account, the clock, and what a trial call showed."""
    if seen.trouble is not None:
        code = seen.trouble.code if seen.trouble.code in _TROUBLES else "lost"
        params = {"why": seen.trouble.code, **seen.trouble.params}
        yield _pbx(f"pbx_{code}", Severity.ERROR, pbx=seen.name, **params)
        return
    yield _pbx("pbx_reached", Severity.OK, pbx=seen.name, host=seen.host, port=seen.port)
    yield _of_version(seen)
    yield from _of_account(seen)
    if abs(seen.offset_s) > CLOCKS_AGREE_S:
        yield _pbx("clock_off", Severity.WARNING, seconds=f"{seen.offset_s:+.1f}")
    else:
        yield _pbx("clock_right", Severity.OK, ms=round(abs(seen.offset_s) * 1000))
    if seen.trial is not None:
        yield from _of_trial(seen.trial)


def of_dialplan(seen: PbxSeen, *, inbound: bool) -> Iterator[Finding]:
    """Which contexts of the contract are missing or are not what they should be."""
    if seen.contexts is None:
        yield _dialplan("dialplan_untold", Severity.NOTE)
        return
    whole = 0
    for name, needed in CONTEXTS.items():
        found = seen.contexts.get(name)
        if found is None:
            vital = needed.vital or (needed.inbound and inbound)
            yield _dialplan("context_missing", Severity.ERROR if vital else Severity.WARNING, context=name)
        elif step := lacking(needed, found):
            yield _dialplan(
                "context_differs",
                Severity.ERROR if needed.vital else Severity.WARNING,
                context=name,
                step=step,
            )
        else:
            whole += 1
    if whole:
        yield _dialplan("contexts_there", Severity.OK, n=whole)
    if CHECK not in seen.contexts:
        yield _dialplan("trial_not_made", Severity.NOTE, context=CHECK)
    if inbound and INBOUND in seen.contexts and seen.fallback == "":
        yield _dialplan("fallback_nobody", Severity.WARNING)


def _of_version(seen: PbxSeen) -> Finding:
    """Packagers write behind the number what they like; certified releases have a word before it."""
    number = re.match(r"(?:certified[-/])?(\d{1,4})\b", seen.version)
    if number is None:
        return _pbx("version_unknown", Severity.NOTE, version=seen.version or "?")
    major = int(number[1])
    params = {"version": seen.version, "tested": ", ".join(map(str, TESTED))}
    if major in TESTED:
        return _pbx("version_tested", Severity.OK, **params)
    if major < min(TESTED):
        return _pbx("version_old", Severity.WARNING if major >= OLDEST else Severity.ERROR, **params)
    return _pbx("version_untested", Severity.NOTE, **params)


def _of_account(seen: PbxSeen) -> Iterator[Finding]:
    if seen.excess:
        severity = Severity.WARNING if seen.excess_allowed else Severity.ERROR
        yield _pbx("rights_too_many", severity, user=seen.user, rights=", ".join(seen.excess))
    if seen.lacking:
        yield _pbx("rights_too_few", Severity.ERROR, user=seen.user, rights=", ".join(seen.lacking))
    if not seen.excess and not seen.lacking:
        yield _pbx("rights_right", Severity.OK, user=seen.user)
    if not seen.booted:
        yield _pbx("boot_unheard", Severity.WARNING, user=seen.user)


def _of_trial(trial: TrialSeen) -> Iterator[Finding]:
    if trial.failed:
        yield _pbx("trial_failed", Severity.ERROR, why=trial.failed)
        return
    missing = NEEDED_EVENTS - trial.events
    if missing:
        yield _pbx("events_missing", Severity.ERROR, events=", ".join(sorted(missing)))
    else:
        yield _pbx("events_come", Severity.OK)
    if needless := NEEDLESS_EVENTS & trial.events:
        yield _pbx("events_unfiltered", Severity.NOTE, events=", ".join(sorted(needless)))
    if trial.untimed:
        yield _pbx("events_untimed", Severity.WARNING)
    if "UserEvent" in trial.events:
        if trial.music_s is None or trial.music_s < MUSIC_S:
            yield _pbx("music_missing", Severity.WARNING)
        else:
            yield _pbx("music_plays", Severity.OK)


def _pbx(code: str, severity: Severity, **params: str | int) -> Finding:
    return Finding(code=code, severity=severity, part=Part.PBX, params=params)


def _dialplan(code: str, severity: Severity, **params: str | int) -> Finding:
    return Finding(code=code, severity=severity, part=Part.DIALPLAN, params=params)
