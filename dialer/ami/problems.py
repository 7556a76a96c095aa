"""Why an Asterisk cannot be used, each as one line that names the setting and the mend."""

from __future__ import annotations

from collections.abc import Mapping

from dialer.ami.settings import AsteriskSettings

OLDEST_AMI = (5,)  # Asterisk 16; each major version of Asterisk raises it by one
NEEDED = {
    "Originate": "originate",
    "Bridge": "call",
    "Redirect": "call",
    "Hangup": "call",
    "Setvar": "call",
    "CoreStatus": "reporting",
    "CoreShowChannels": "reporting",
}
DANGEROUS = {
    "Command": "command",
    "MixMonitor": "system",
    "ModuleLoad": "system",
    "UpdateConfig": "config",
}


class CannotUse(Exception):
    """An attempt to connect failed. `code` is stable; `lasting`: trying again soon will not help.

    `params` fill the words of the code where a person asked (see the doctor's catalogue).
    """

    def __init__(
        self, code: str, text: str, *, lasting: bool = False, params: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(text)
        self.code = code
        self.lasting = lasting
        self.params = dict(params or {})


def unreachable(at: AsteriskSettings, why: str) -> CannotUse:
    return CannotUse(
        "unreachable",
        f"no AMI at {at.host}:{at.port} ({why}): check pbx.host and pbx.port, and in Asterisk's"
        " manager.conf enabled=yes, bindaddr and port",
        params={"host": at.host, "port": at.port, "why": why},
    )


def no_greeting(at: AsteriskSettings) -> CannotUse:
    return CannotUse(
        "unreachable",
        f"{at.host}:{at.port} takes the connection and says nothing: if that is the TLS port of AMI, set"
        " pbx.tls = true; else Asterisk is stuck, or pbx.port is somebody else's",
    )


def untrusted(at: AsteriskSettings, why: str) -> CannotUse:
    return CannotUse(
        "untrusted",
        f"the certificate of {at.host}:{at.port} is not to be trusted ({why}): set pbx.tls_ca to the file of"
        " the authority that signed it, or pbx.host to a name that stands in it",
        lasting=True,
    )


def no_tls(at: AsteriskSettings, why: str) -> CannotUse:
    return CannotUse(
        "no_tls",
        f"what answers at {at.host}:{at.port} speaks no TLS that we can use ({why}): check pbx.port (AMI's TLS"
        " port, usually 5039) and in manager.conf tlsenable, tlsbindaddr and tlscertfile; or set pbx.tls = false",
        lasting=True,
    )


def no_such_trust(at: AsteriskSettings, why: str) -> CannotUse:
    text = f"pbx.tls_ca {at.tls_ca} can't be used ({why}): name a readable file of certificates in PEM"
    return CannotUse("no_such_trust", text, lasting=True)


def not_ami(at: AsteriskSettings) -> CannotUse:
    text = f"what answers at {at.host}:{at.port} is not AMI: check pbx.port"
    return CannotUse("not_ami", text, lasting=True, params={"host": at.host, "port": at.port})


def too_old(version: tuple[int, ...]) -> CannotUse:
    spoken = ".".join(map(str, version)) or "?"
    return CannotUse(
        "too_old",
        f"AMI version {spoken} is too old: Asterisk 16 or newer is needed",
        lasting=True,
        params={"version": spoken},
    )


def login_refused(at: AsteriskSettings, word: str) -> CannotUse:
    return CannotUse(
        "login_refused",
        f"login of AMI user {at.user!r} refused ({word}): check pbx.user and pbx.secret against"
        " manager.conf, and its permit= lines",
        lasting=True,
        params={"user": at.user, "why": word},
    )


def too_many_rights(at: AsteriskSettings, classes: set[str]) -> CannotUse:
    return CannotUse(
        "too_many_rights",
        f"AMI user {at.user!r} has more rights than it needs ({', '.join(sorted(classes))}): set"
        " write = originate,call,reporting in manager.conf, or pbx.allow_excess_rights = true here",
        lasting=True,
    )


def too_few_rights(at: AsteriskSettings, classes: set[str]) -> CannotUse:
    return CannotUse(
        "too_few_rights",
        f"AMI user {at.user!r} lacks rights ({', '.join(sorted(classes))}): set"
        " write = originate,call,reporting in manager.conf",
        lasting=True,
    )


def no_boot_event(at: AsteriskSettings) -> str:
    return (
        f"AMI user {at.user!r} got no FullyBooted: Asterisk is still starting, or read = in manager.conf"
        " lacks system (its end would go unnoticed until the line breaks)"
    )


def no_timestamps() -> str:
    return "events come without their time: set timestampevents = yes in manager.conf"
