"""A thousand hostile values through the one encoder into a real Asterisk and back: what went in is what is there."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from dialer.ami.encode import Unencodable, encode
from dialer.ami.messages import Context, Dialled, GetVariable, Hangup, Originate, SetVariable, Variable
from tests.rig.asterisk import AsteriskServer
from tests.rig.fixtures import network
from tests.rig.network import Network
from tests.rig.wire import Message, RawAmi

__all__ = ["network"]

COUNT = 1000
CRAFTED = [
    "Ivan,FILE(/tmp/callwright-pwned)=y",
    "x,SHELL(touch /tmp/callwright-pwned)=1",
    'a\\",b=c',
    "]],DB(a/b)=1,[[",
    "(((,CALLERID(num)=1",
    '"',
    "\\",
    '\\\\"',
    "a=b=c",
    "${SHELL(id)}",
    "${EPOCH}",
    "$[1+1]",
    "^{EPOCH}",
    "x;y&z|w",
    "../../etc/passwd",
    "%0d%0aAction: Command",
    "\r",
    "a\nAction: Command",
    "\0",
    "\x1b[31m",
    "Ыё漢字🙂",
    "\udcff\udcfe",
    "\u2028\u2029",
    "trailing ",
    "x" * 900,
    ",".join("A" for _ in range(100)),
]
PIECES = ['"', "\\", ",", "(", ")", "[", "]", "=", "$", "{", "}", "^", ";", "&", "|", "'", "`", "%", "\x1b", "\t",
          " ", "a", "Ы", "🙂", "\udc80", "\x7f", "FILE(", "${", "CW_RECORD=0", "x", "0"]  # fmt: skip
WATCHER = """
[watcher]
secret = {secret}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = all
writetimeout = 10000
"""
WAITING_ROOM = """
[rig-waiting]
exten => _X.,1,Ringing()
 same => n,Wait(60)
"""
LINE = "PJSIP/{digits}@rig-waiting/n"


@pytest.fixture(scope="module")
def asterisk(network: Network) -> Iterator[AsteriskServer]:
    server = AsteriskServer(local={"extensions_local.conf": WAITING_ROOM})
    with (server.etc / "manager_local.conf").open("a") as out:
        out.write(WATCHER.format(secret=server.accounts.ami))
    try:
        server.start()
        yield server
    finally:
        server.remove()


def hostile_values(seed: int) -> list[str]:
    rng = random.Random(seed)
    made = ["".join(rng.choices(PIECES, k=rng.randrange(1, 40))) for _ in range(COUNT)]
    return CRAFTED + made


def sent(ami: RawAmi, data: bytes, action_id: str) -> Message:
    ami.send_raw(data)
    return ami.wait_for(
        lambda m: "Response" in m and m.get("ActionID") == action_id, 5, f"response to {action_id}"
    )


def test_hostile_values_come_back_as_they_went_and_alone(asterisk: AsteriskServer) -> None:
    tried = refused = 0
    with RawAmi() as ami, RawAmi() as watch:
        assert ami.login(asterisk.accounts.ami)["Response"] == "Success"
        assert watch.login(asterisk.accounts.ami, user="watcher")["Response"] == "Success"
        values = iter(hostile_values(seed=20))
        while tried < COUNT:
            value = next(values)
            leg = f"01JCW0000000000000000E{tried:04d}"
            order = Originate(
                to=Dialled(LINE, "+79161234567"),
                leg=leg,
                context=Context.CLIENT,
                timeout_s=40,
                caller_id="+74951234567",
                variables=((Variable.CALL, value), (Variable.RECORD, "1")),
            )
            try:
                # A leg of Asterisk's own, which the encoder would not order: the headers under test are the others.
                data = encode(order, f"o-{tried}").replace(b"Channel: PJSIP/", b"Channel: Local/", 1)
                # Asterisk skips blanks before a header's value, and the encoder refuses such a value for Setvar.
                whole = value if not value or value[0] > " " else "x" + value
                again = encode(SetVariable(leg, Variable.RECORD, whole), f"s-{tried}")
            except Unencodable:
                refused += 1
                continue
            here = watch.mark
            assert sent(ami, data, f"o-{tried}")["Response"] == "Success"
            watch.event("Newstate", 5, since=here, Uniqueid=leg)
            assert read_back(ami, leg, Variable.CALL, f"g-{tried}") == value
            assert read_back(ami, leg, Variable.RECORD, f"h-{tried}") == "1"
            # Setvar takes its value whole, by another way through Asterisk.
            assert sent(ami, again, f"s-{tried}")["Response"] == "Success"
            assert read_back(ami, leg, Variable.RECORD, f"i-{tried}") == whole
            ami.send_raw(encode(Hangup(leg), f"e-{tried}"))
            watch.event("Hangup", 5, since=here, Uniqueid=leg)
            assert ours(watch.seen[here:]) == ["CW_CALL", "CW_RECORD", "CW_RECORD"], value
            tried += 1
    assert refused >= 3, "line ends and NUL are refused before the wire"
    assert not (asterisk.root / "tmp" / "callwright-pwned").exists()
    assert list(asterisk.monitor.iterdir()) == []


def read_back(ami: RawAmi, leg: str, variable: Variable, action_id: str) -> str:
    return sent(ami, encode(GetVariable(leg, variable), action_id), action_id)["Value"]


def ours(seen: list[Message]) -> list[str]:
    """Names of all variables set on the dialled half that Asterisk does not set by itself."""
    own = {"DIALEDPEERNUMBER", "DIALSTATUS", "RINGTIME", "RINGTIME_MS", "DIALEDTIME", "DIALEDTIME_MS"}
    names = [
        m["Variable"]
        for m in seen
        if m.get("Event") == "VarSet" and not m["Uniqueid"].endswith(";2") and m["Variable"] not in own
    ]
    return sorted(names)
