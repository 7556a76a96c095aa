"""What each AMI action does in the virtual PBX, and the words in which Asterisk answers it."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable

from dialer.simulation.channels import UP, Caller, Channel, Order
from dialer.simulation.dialplan import INBOUND
from dialer.simulation.examined import (
    TRIAL,
    global_variable,
    show_dial_plan,
    show_registrations,
    start_trial,
)
from dialer.simulation.exchange import Exchange
from dialer.simulation.manager import Answer, Manager, Request

log = logging.getLogger(__name__)

KEY_LASTS_S = 0.1
# The names that ListCommands gives an account with write = originate,call,reporting. What they do stands in
# Asterisk's own documentation.
COMMANDS = (  # noqa: SIM905
    "AbsoluteTimeout Atxfer BlindTransfer Bridge BridgeDestroy BridgeInfo BridgeKick BridgeList"
    " BridgeTechnologyList BridgeTechnologySuspend BridgeTechnologyUnsuspend CancelAtxfer Challenge"
    " ConfbridgeKick ConfbridgeList ConfbridgeListRooms ConfbridgeLock ConfbridgeMute"
    " ConfbridgeSetSingleVideoSrc ConfbridgeUnlock ConfbridgeUnmute CoreSettings CoreShowChannelMap"
    " CoreShowChannels CoreStatus DBGet DBGetTree Events ExtensionState ExtensionStateList Getvar Hangup"
    " ListCommands LocalOptimizeAway LoggerRotate Login Logoff MailboxCount MailboxStatus MixMonitorMute"
    " Originate Ping PJSIPHangup PJSIPQualify PJSIPRegister PJSIPShowRegistrationsOutbound PJSIPUnregister"
    " PlayDTMF PresenceState Redirect SendFlash SendText Setvar ShowDialPlan Status StopMixMonitor"
    " WaitEvent"
).split()


def ping(manager: Manager, request: Request) -> None:
    manager.answer(request, "Success", "Ping: Pong", f"Timestamp: {manager.world.clock.now():.6f}")


def list_commands(manager: Manager, request: Request) -> None:
    manager.answer(request, "Success", *(f"{name}:   (Priv: <none>)" for name in COMMANDS))


def permission_denied(manager: Manager, request: Request) -> None:
    manager.refuse(request, "Permission denied")


def core_status(manager: Manager, request: Request) -> None:
    exchange = manager.world.exchange
    started = datetime.datetime.fromtimestamp(exchange.started, tz=datetime.UTC)
    day, time = f"{started:%Y-%m-%d}", f"{started:%H:%M:%S}"
    manager.answer(
        request,
        "Success",
        f"CoreStartupDate: {day}",
        f"CoreStartupTime: {time}",
        f"CoreReloadDate: {day}",
        f"CoreReloadTime: {time}",
        f"CoreCurrentCalls: {len(exchange)}",
        f"CoreProcessedCalls: {exchange.processed}",
    )


def core_settings(manager: Manager, request: Request) -> None:
    manager.answer(
        request, "Success", "AMIversion: 11.0.0", "AsteriskVersion: virtual", "SystemName: ", "CoreMaxCalls: 0",
        "CoreMaxLoadAvg: 0.000000", "CoreRunUser: ", "CoreRunGroup: ", "CoreMaxFilehandles: 0",
        "CoreRealTimeEnabled: No", "CoreCDRenabled: No", "CoreHTTPenabled: No", "SoundsSearchCustomDir: No",
    )  # fmt: skip


def core_show_channels(manager: Manager, request: Request) -> None:
    world = manager.world
    rows = [_channel_row(one, request.get("ActionID"), world.clock.now()) for one in world.exchange]
    _list(manager, request, "Channels will follow", rows, "CoreShowChannelsComplete")


def status(manager: Manager, request: Request) -> None:
    world = manager.world
    wanted = [name for name in request.get("Variables").split(",") if name]
    action_id = _action_id(request)
    rows = [_status_row(one, action_id, world.clock.now(), wanted) for one in world.exchange]
    _list(manager, request, "Channel status will follow", rows, "StatusComplete", f"Items: {len(rows)}\r\n")


def originate(manager: Manager, request: Request) -> None:
    manager.accept(request, "Originate successfully queued")
    if request.get("Channel") == TRIAL:
        exchange = manager.world.exchange
        start_trial(exchange, request.get("ChannelId"), request.get("ActionID"), exchange.processed)
        return
    number = request.get("Timeout")
    manager.world.exchange.originate(
        Order(
            action_id=request.get("ActionID"),
            dial=request.get("Channel"),
            id=request.get("ChannelId"),
            context=request.get("Context"),
            exten=request.get("Exten"),
            timeout_s=int(number) / 1000 if number.isdigit() else 30.0,
            caller=_caller(request.get("CallerID")),
            variables=variables_of(request.variables),
        )
    )


def bridge(manager: Manager, request: Request) -> None:
    exchange = manager.world.exchange
    pair: list[Channel] = []
    for header in ("Channel1", "Channel2"):
        channel = exchange.find(request.get(header))
        if channel is None:
            manager.refuse(request, f"{header} does not exist: {request.get(header)}")
            return
        pair.append(channel)
    client, operator = pair
    if client.state != UP or operator.state != UP or client is operator:
        _not_captured(manager, request)
        return
    for header, one in (("Channel1", client), ("Channel2", operator)):
        in_room = one.bridge is not None and one.bridge.name
        if in_room or exchange.clock.now() < one.free_at:
            manager.refuse(request, f"Unable to add {header} to bridge: {one.name}")
            return
    manager.accept(request, "Channels have been bridged")
    exchange.bridge(client, operator)


def hangup(manager: Manager, request: Request) -> None:
    channel = manager.world.exchange.find(request.get("Channel"))
    if channel is None:
        manager.refuse(request, "No such channel")
        return
    manager.accept(request, "Channel Hungup")
    manager.world.exchange.hangup(channel)


def redirect(manager: Manager, request: Request) -> None:
    channel = manager.world.exchange.find(request.get("Channel"))
    if channel is None:
        manager.refuse(request, f"Channel does not exist: {request.get('Channel')}")
        return
    exchange = manager.world.exchange
    context, exten = request.get("Context"), request.get("Exten")
    if other := request.get("ExtraChannel"):
        _redirect_both(manager, request, channel, exchange.find(other))
        return
    if not _leads_on(exchange, channel, context, exten):
        _not_captured(manager, request)
        return
    manager.accept(request, "Redirect successful")
    exchange.redirect(channel, context, exten)


def _leads_on(exchange: Exchange, channel: Channel, context: str, exten: str) -> bool:
    """Whether a capture shows such a leg being sent to such a place."""
    if not exchange.has_place(context, exten):
        return channel.bridge is None and (channel.state == UP or _from_outside(channel))
    if context in INBOUND:
        return channel.bridge is None and _from_outside(channel)
    return channel.state == UP or (context == "callwright-client" and _from_outside(channel))


def _from_outside(channel: Channel) -> bool:
    return channel.order is None and channel.dialled_by is None


def _redirect_both(manager: Manager, request: Request, one: Channel, other: Channel | None) -> None:
    if other is None:
        manager.refuse(request, f"ExtraChannel does not exist: {request.get('ExtraChannel')}")
        return
    places = tuple((request.get(f"{x}Context"), request.get(f"{x}Exten")) for x in ("", "Extra"))
    exchange = manager.world.exchange
    if (
        one is other
        or one.state != UP
        or other.state != UP
        or not all(exchange.has_place(*place) for place in places)
    ):
        _not_captured(manager, request)
        return
    manager.accept(request, "Dual Redirect successful")
    exchange.redirect_both(one, other, places)


def play_dtmf(manager: Manager, request: Request) -> None:
    """Answered when the key was played."""
    channel = manager.world.exchange.find(request.get("Channel"))
    if channel is None:
        manager.refuse(request, "Channel not found")
        return
    manager.world.clock.later(KEY_LASTS_S, lambda: manager.accept(request, "DTMF successfully queued"))


def set_variable(manager: Manager, request: Request) -> None:
    exchange = manager.world.exchange
    channel = exchange.find(request.get("Channel"))
    if channel is None:
        manager.refuse(request, "No such channel")
        return
    name, value = request.get("Variable"), request.get("Value")
    if name == "MUTEAUDIO(in)":
        channel.muted = value.lower() in ("1", "on", "yes", "true")
        client = channel.partner
        if client is not None and client.recorded_as:
            exchange.tape.mute(client.recorded_as, channel.muted, exchange.clock.now())
    else:
        channel.variables[name] = value
    manager.accept(request, "Variable Set")


def get_variable(manager: Manager, request: Request) -> None:
    if not request.get("Channel"):
        global_variable(manager, request)
        return
    channel = manager.world.exchange.find(request.get("Channel"))
    if channel is None:
        manager.refuse(request, "No such channel")
        return
    name = request.get("Variable")
    if name == "CHANNEL(checkhangup)":
        value = "1" if manager.world.clock.now() < channel.free_at else "0"
    else:
        value = channel.variables.get(name, "")
    manager.answer(request, "Success", f"Variable: {name}", f"Value: {value}")


def mute_recording(manager: Manager, request: Request) -> None:
    exchange = manager.world.exchange
    channel = exchange.find(request.get("Channel"))
    if channel is None:
        manager.refuse(request, "No such channel")
        return
    if not channel.recorded_as:
        manager.refuse(request, "Cannot set mute flag")
        return
    paused = request.get("State") == "1"
    exchange.tape.pause(channel.recorded_as, paused, exchange.clock.now())
    manager.answer(request, "Success")
    more = f"Direction: {request.get('Direction')}\r\nState: {request.get('State')}\r\n"
    exchange.say(exchange.told("MixMonitorMute", channel, more))


ACTIONS: dict[str, Answer] = {
    "ping": ping,
    "listcommands": list_commands,
    "command": permission_denied,
    "corestatus": core_status,
    "coresettings": core_settings,
    "coreshowchannels": core_show_channels,
    "status": status,
    "originate": originate,
    "bridge": bridge,
    "hangup": hangup,
    "redirect": redirect,
    "setvar": set_variable,
    "getvar": get_variable,
    "mixmonitormute": mute_recording,
    "playdtmf": play_dtmf,
    "showdialplan": show_dial_plan,
    "pjsipshowregistrationsoutbound": show_registrations,
}


def variables_of(headers: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """`Variable:` headers as Asterisk splits them: at commas; a backslash keeps what follows it."""
    assignments = (one.partition("=") for header in headers for one in _split(header))
    return tuple((name, value) for name, _, value in assignments)


def _split(text: str) -> list[str]:
    if "\\" not in text:
        return text.split(",")
    parts, escaped = [""], False
    for one in text:
        if one == "\\" and not escaped:
            escaped = True
        elif one == "," and not escaped:
            parts.append("")
        else:
            parts[-1] += one
            escaped = False
    return parts


def _caller(header: str) -> Caller:
    """`Name <number>` or a number alone."""
    if "<" in header:
        name, _, number = header.rstrip("> ").partition("<")
        return Caller(number=number, name=name.strip())
    return Caller(number=header) if header else Caller()


def _not_captured(manager: Manager, request: Request) -> None:
    """Nobody has recorded what a real Asterisk does here, so nothing is done."""
    log.warning("virtual_pbx_not_captured %s", request.action)
    manager.refuse(request, "Not done by the virtual PBX: no capture shows it")


def _list(
    manager: Manager, request: Request, message: str, rows: list[str], complete: str, more: str = ""
) -> None:
    manager.answer(request, "Success", "EventList: start", f"Message: {message}")
    manager.write(
        "".join(rows)
        + f"Event: {complete}\r\n{_action_id(request)}EventList: Complete\r\nListItems: {len(rows)}\r\n{more}\r\n"
    )


def _action_id(request: Request) -> str:
    action_id = request.get("ActionID")
    return f"ActionID: {action_id}\r\n" if action_id else ""


def _application(channel: Channel) -> tuple[str, str]:
    """What runs on it: of a channel in a bridge nothing, of one being dialled the dialling."""
    if channel.bridge is None and channel.order is not None and channel.state != UP:
        return "AppDial2", "(Outgoing Line)"
    return "", ""


def _channel_row(channel: Channel, action_id: str, now: float) -> str:
    application, data = _application(channel)
    minutes, seconds = divmod(int(now - channel.born), 60)
    head = f"ActionID: {action_id}\r\n" if action_id else ""
    return (
        f"Event: CoreShowChannel\r\n{head}{channel.lines()}Application: {application}\r\nApplicationData: {data}\r\n"
        f"Duration: {minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}\r\n"
        f"BridgeId: {channel.bridge.id if channel.bridge else ''}\r\n\r\n"
    )


def _status_row(channel: Channel, action_id: str, now: float, wanted: list[str]) -> str:
    application, data = _application(channel)
    connected = channel.connected
    formats = "(alaw)" if channel.state == UP else "(alaw|ulaw)"
    values = "".join(f"Variable: {name}={channel.variables.get(name, '(null)')}\r\n" for name in wanted)
    return (
        f"Event: Status\r\nPrivilege: Call\r\n{channel.lines()}Type: PJSIP\r\nDNID: \r\n"
        f"EffectiveConnectedLineNum: {connected.number}\r\nEffectiveConnectedLineName: {connected.name}\r\n"
        f"TimeToHangup: 0\r\nBridgeID: {channel.bridge.id if channel.bridge else ''}\r\n"
        f"Application: {application or '(null)'}\r\nData: {data or '(null)'}\r\nNativeformats: {formats}\r\n"
        "Readformat: alaw\r\nReadtrans: \r\nWriteformat: alaw\r\nWritetrans: \r\nCallgroup: 0\r\nPickupgroup: 0\r\n"
        f"Seconds: {int(now - channel.born)}\r\n{values}{action_id}\r\n"
    )
