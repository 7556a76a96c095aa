"""What is to be said of the ways out and of the operators' phones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dialer.doctor.contract import INBOUND, OPERATORS
from dialer.doctor.model import Finding, LineSet, Part, Phone, Severity
from dialer.telephony.examined import EchoSeen, EndpointSeen, PbxSeen

NO_SUCH = ("INVALID",)
AWAY = ("UNAVAILABLE", "UNKNOWN")
NAMED = 20  # so many endpoints are named in one finding
BUSY_CAUSES = (17, 21)  # user busy, call rejected (Q.850)
GONE_CAUSES = (0, 3, 19, 20, 27)  # nobody, no route, no answer, not registered, out of order


def no_lines() -> Iterator[Finding]:
    yield _line("lines_none", Severity.ERROR)


def of_lines(seen: PbxSeen, lines: Iterable[LineSet]) -> Iterator[Finding]:
    """Whether each line's endpoint is there, at hand, and sends callers where we wait for them."""
    for line in lines:
        trunk = seen.endpoints.get(line.endpoint)
        if trunk is None or not trunk.state:
            yield _line("trunk_not_asked", Severity.NOTE, line=line.name)
        elif trunk.state in NO_SUCH:
            yield _line("trunk_unknown", Severity.ERROR, line=line.name, endpoint=line.endpoint)
        elif trunk.state in AWAY:
            yield _line("trunk_away", Severity.ERROR, line=line.name, endpoint=line.endpoint)
        else:
            yield _line("trunk_there", Severity.OK, line=line.name, endpoint=line.endpoint)
            if line.inbound and trunk.context not in ("", INBOUND):
                yield _line(
                    "trunk_elsewhere", Severity.WARNING, endpoint=line.endpoint, context=trunk.context
                )
    if seen.registrations is None:
        yield _line("registrations_untold", Severity.NOTE)
    for registration in seen.registrations or ():
        params = {"registration": registration.name, "state": registration.state}
        if registration.state == "Registered":
            yield _line("registered", Severity.OK, **params)
        else:
            yield _line("not_registered", Severity.ERROR, **params)


def of_phones(seen: PbxSeen, lines: Iterable[LineSet], phones: tuple[Phone, ...] | None) -> Iterator[Finding]:
    """Whether the operators' phones are known, registered, of the right kind and closed."""
    if phones is None:
        yield _phone("phones_unread", Severity.NOTE)
        return
    if not phones:
        yield _phone("phones_none", Severity.NOTE)
        return
    known = {phone: seen.endpoints.get(phone.endpoint, EndpointSeen()) for phone in phones}
    told = {phone: endpoint for phone, endpoint in known.items() if endpoint.state}
    if not told:
        yield _phone("phones_not_asked", Severity.NOTE)
        return
    unknown = [p for p, e in told.items() if e.state in NO_SUCH]
    away = [p for p, e in told.items() if e.state in AWAY]
    yield from _naming("phones_unknown", Severity.ERROR, unknown)
    yield from _naming("phones_away", Severity.WARNING, away)
    if there := len(told) - len(unknown) - len(away):
        yield _phone("phones_there", Severity.OK, n=there)
    kinds = [p for p, e in told.items() if e.browser is not None and e.browser != p.browser]
    yield from _naming("phones_other_kind", Severity.ERROR, kinds)
    free = [p for p, e in told.items() if e.context not in ("", OPERATORS)]
    yield from _naming("phones_may_dial", Severity.WARNING, free)
    yield from _of_codecs(seen, lines, told)


def of_echo(endpoint: str, seen: EchoSeen) -> Finding:
    """What came of ringing one phone into its echo."""
    if seen.answered:
        return _phone("echo_heard", Severity.OK, endpoint=endpoint, seconds=round(seen.talked_s))
    if seen.failed and not seen.rang:
        return _phone("echo_failed", Severity.ERROR, endpoint=endpoint, why=seen.failed)
    if seen.cause in BUSY_CAUSES:
        return _phone("echo_busy", Severity.WARNING, endpoint=endpoint)
    if not seen.rang and seen.cause in GONE_CAUSES:
        return _phone("echo_no_phone", Severity.ERROR, endpoint=endpoint)
    return _phone("echo_unanswered", Severity.WARNING, endpoint=endpoint)


def _of_codecs(seen: PbxSeen, lines: Iterable[LineSet], told: dict[Phone, EndpointSeen]) -> Iterator[Finding]:
    """A phone and a trunk without a codec in common: each call is converted, if Asterisk can at all."""
    for name in dict.fromkeys(line.endpoint for line in lines):
        trunk = seen.endpoints.get(name)
        if trunk is None or not trunk.codecs:
            continue
        apart = [p for p, e in told.items() if e.codecs and not set(e.codecs) & set(trunk.codecs)]
        yield from _naming("codecs_apart", Severity.WARNING, apart, trunk=name)
        if not apart:
            yield _phone("codecs_shared", Severity.OK, trunk=name, codecs=", ".join(trunk.codecs))


def _naming(code: str, severity: Severity, phones: list[Phone], **params: str | int) -> Iterator[Finding]:
    if phones:
        names = sorted({phone.endpoint for phone in phones})
        listed = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
        yield _phone(code, severity, n=len(names), endpoints=listed, **params)


def _line(code: str, severity: Severity, **params: str | int) -> Finding:
    return Finding(code=code, severity=severity, part=Part.LINES, params=params)


def _phone(code: str, severity: Severity, **params: str | int) -> Finding:
    return Finding(code=code, severity=severity, part=Part.PHONES, params=params)
