"""The one encoder: a typed action in, the bytes of one AMI message out. Nothing else writes to the socket.

What it holds to (every point has been an attack on some AMI client):
- CR, LF and NUL are refused in any value, for they would begin another header or action;
- a line has at most 1,023 bytes, for Asterisk's own buffer ends at 1,025;
- one `Variable:` header a variable, with a name from our list and its value escaped: Asterisk splits the
  header at commas and would run `FILE(...)=x` as a function;
- into Channel goes nothing but digits, an endpoint's name and our own line template, so that no `&`, `/` or
  `@` from outside can dial a second place.
"""

from __future__ import annotations

import re

from dialer.ami.messages import (
    Action,
    AskEndpoint,
    AskFallback,
    AskState,
    Bridge,
    Challenge,
    Context,
    CoreSettings,
    CoreShowChannels,
    CoreStatus,
    Dialled,
    Endpoint,
    EndpointSetting,
    Extension,
    GetVariable,
    Hangup,
    ListCommands,
    Login,
    Logoff,
    Mute,
    Originate,
    PauseRecording,
    Ping,
    PlayDigit,
    ProbeCommand,
    Redirect,
    RedirectBoth,
    SetVariable,
    ShowDialPlan,
    ShowRegistrations,
    Trial,
    Variable,
)
from dialer.telephony.lines import wrong_dial

MAX_LINE = 1023  # bytes without the line's end
_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_ENDPOINT = re.compile(r"[A-Za-z0-9_-]{1,32}")
_DIGIT = re.compile(r"[0-9*#A-D]")
_CONTEXT = re.compile(r"callwright-[a-z-]{1,40}")
_ID = re.compile(r"[A-Za-z0-9_.:;+-]{1,128}")
_SPLITTERS = re.compile(r'([\\",()\[\]])')
_ENDS = re.compile("[\r\n\0]")

Headers = tuple[tuple[str, str], ...]


class Unencodable(ValueError):
    """A value that may not go to a PBX; nothing was sent. `where` names the header, never the value."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


def encode(action: Action, action_id: str) -> bytes:
    """The bytes of one action. Raises `Unencodable` for a value that breaks the rules above."""
    lines = [_line(*header) for header in (*_headers(action), ("ActionID", _id("ActionID", action_id)))]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _line(name: str, value: str) -> bytes:
    if _ENDS.search(value):
        raise Unencodable(name, "a line break or NUL in the value")
    line = f"{name}: {value}".encode("utf-8", "surrogateescape")
    if len(line) > MAX_LINE:
        raise Unencodable(name, f"longer than {MAX_LINE} bytes")
    return line


def _headers(action: Action) -> Headers:
    match action:
        case Ping() | Logoff() | CoreStatus() | CoreShowChannels() | ListCommands() | CoreSettings():
            return (("Action", type(action).__name__),)
        case Challenge():
            return (("Action", "Challenge"), ("AuthType", "MD5"))
        case Login():
            return _login(action)
        case ProbeCommand():
            return (("Action", "Command"), ("Command", "core show version"))
        case Originate():
            return _originate(action)
        case Bridge():
            return (
                ("Action", "Bridge"),
                ("Channel1", _id("Channel1", action.client)),
                ("Channel2", _id("Channel2", action.operator)),
                ("Tone", "no"),
            )
        case Hangup():
            return (("Action", "Hangup"), ("Channel", _id("Channel", action.leg)), ("Cause", "16"))
        case Redirect():
            return (
                ("Action", "Redirect"),
                ("Channel", _id("Channel", action.leg)),
                *_place(action.context, action.exten),
            )
        case RedirectBoth():
            return _redirect_both(action)
        case SetVariable():
            # Setvar takes its value whole: nothing is split, so nothing is escaped.
            name = Variable(action.variable).value
            return (*_variable_of("Setvar", action.leg, name), ("Value", _whole(action.value)))
        case GetVariable():
            return _variable_of("Getvar", action.leg, Variable(action.variable).value)
        case ShowDialPlan() | ShowRegistrations() | AskState() | AskEndpoint() | AskFallback():
            return _question(action)
        case Mute():
            value = "on" if action.muted else "off"
            return (*_variable_of("Setvar", action.leg, "MUTEAUDIO(in)"), ("Value", value))
        case PlayDigit():
            digit = _matched("Digit", _DIGIT, action.digit)
            return (("Action", "PlayDTMF"), ("Channel", _id("Channel", action.leg)), ("Digit", digit))
        case PauseRecording():
            return (
                ("Action", "MixMonitorMute"),
                ("Channel", _id("Channel", action.leg)),
                ("Direction", "both"),
                ("State", "1" if action.paused else "0"),
            )


def _login(login: Login) -> Headers:
    if login.key:
        proof: Headers = (("AuthType", "MD5"), ("Key", login.key))
    else:
        proof = (("Secret", login.secret),)
    return (("Action", "Login"), ("Username", login.user), *proof, ("Events", login.events))


def _originate(order: Originate) -> Headers:
    if not 1 <= order.timeout_s <= 600:
        raise Unencodable("Timeout", "not between 1 and 600 seconds")
    caller: Headers = ()
    if order.caller_id:
        caller = (("CallerID", _matched("CallerID", _NUMBER, order.caller_id)),)
    return (
        ("Action", "Originate"),
        ("Channel", _channel(order.to)),
        ("ChannelId", _id("ChannelId", order.leg)),
        *_place(order.context, order.exten),
        ("Timeout", str(order.timeout_s * 1000)),
        *caller,
        ("Async", "true"),
        *(("Variable", _assignment(name, value)) for name, value in order.variables),
    )


def _question(
    question: ShowDialPlan | ShowRegistrations | AskState | AskEndpoint | AskFallback,
) -> Headers:
    """What is asked when a PBX is examined: names alone come from outside, and of their narrow form."""
    match question:
        case ShowDialPlan():
            return (
                ("Action", "ShowDialPlan"),
                ("Context", _matched("Context", _CONTEXT, question.context)),
            )
        case ShowRegistrations():
            return (("Action", "PJSIPShowRegistrationsOutbound"),)
        case AskState():
            variable = f"DEVICE_STATE(PJSIP/{_matched('Variable', _ENDPOINT, question.endpoint)})"
        case AskEndpoint():
            endpoint = _matched("Variable", _ENDPOINT, question.endpoint)
            variable = f"PJSIP_ENDPOINT({endpoint},{EndpointSetting(question.setting).value})"
        case AskFallback():
            variable = "CW_FALLBACK"
    return (("Action", "Getvar"), ("Variable", variable))


def _channel(to: Endpoint | Dialled | Trial) -> str:
    if isinstance(to, Trial):
        return f"Local/sound@{Context.CHECK.value}"
    if isinstance(to, Endpoint):
        return "PJSIP/" + _matched("Channel", _ENDPOINT, to.name)
    number = _matched("Channel", _NUMBER, to.number)
    if wrong := wrong_dial(to.line):
        raise Unencodable("Channel", wrong)
    return to.line.replace("{number}", number).replace("{digits}", number.lstrip("+"))


def _place(context: Context, exten: Extension) -> Headers:
    return (("Context", Context(context).value), ("Exten", Extension(exten).value), ("Priority", "1"))


def _redirect_both(order: RedirectBoth) -> Headers:
    one, other = order.legs
    place = _place(order.context, order.extens[0])
    extra = _place(order.context, order.extens[1])
    return (
        ("Action", "Redirect"),
        ("Channel", _id("Channel", one)),
        ("ExtraChannel", _id("ExtraChannel", other)),
        *place,
        *((f"Extra{name}", value) for name, value in extra),
    )


def _assignment(name: Variable, value: str) -> str:
    escaped = _SPLITTERS.sub(r"\\\1", value)
    return f"{Variable(name).value}={escaped}"


def _variable_of(action: str, leg: str, name: str) -> Headers:
    return (("Action", action), ("Channel", _id("Channel", leg)), ("Variable", name))


def _whole(value: str) -> str:
    if value and value[0] <= " ":
        raise Unencodable("Value", "Asterisk would drop the blank or control character at the beginning")
    return value


def _id(where: str, value: str) -> str:
    return _matched(where, _ID, value)


def _matched(where: str, pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise Unencodable(where, "not of the accepted form")
    return value
