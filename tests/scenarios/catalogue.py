"""The forty-four scenarios: what goes wrong, what must come of it, and why one is not covered or only replayed.

Which tests cover a scenario, and where they run, stands nowhere here: it is read from the tests (see report.py).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """`open` says why no test covers it; `replayed` why none of its tests runs on the real Asterisk."""

    number: int
    fault: str
    outcome: str
    open: str = ""
    replayed: str = ""


_ORDER_ON_THE_TRUNK = (
    "over a trunk Asterisk makes the channel first, and a line never leads through a Local channel"
)
_OURS = "the fault is in the daemon alone; no PBX takes part in it"

SCENARIOS = (
    Scenario(
        1,
        "OriginateResponse (Success) comes before Newchannel",
        "the call is known by the id we chose; what comes later is merged; one call",
        replayed=_ORDER_ON_THE_TRUNK,
    ),
    Scenario(
        2,
        "Hangup comes before OriginateResponse (Failure)",
        "the call ends once; the late answer may change the outcome, never the state",
    ),
    Scenario(
        3,
        "OriginateResponse comes before DialEnd or DialBegin",
        "no negative ringing: answered at the earliest moment that anybody reported",
    ),
    Scenario(
        4,
        "Originate fails without a channel",
        "the call has failed, costs no attempt, frees its client, leaves no ghost",
    ),
    Scenario(
        5,
        "a second Originate with the id of a living channel",
        "refused; the living call is untouched, and the failure of the second order is not its own",
    ),
    Scenario(6, "busy, where one half of the channel has cause 0 and the other 17", "outcome busy"),
    Scenario(
        7,
        "reason 0 but cause 1 (unallocated)",
        "wrong number; the phone is flagged and the next one tried",
    ),
    Scenario(
        8,
        "nobody answers within our time (reason 3, cause 19)",
        "no answer, and how long it rang is known",
    ),
    Scenario(
        9,
        "answered and hung up within a few milliseconds",
        "answered, with a talk of no negative length; the operator is free again",
    ),
    Scenario(10, "the events of several calls run through each other", "no call takes another's events"),
    Scenario(
        11,
        "a Local channel is optimised away: the client changes bridges, halves hang up in mid-call",
        "the call stays up and ends exactly once",
        replayed="a line never leads through a Local channel, and one that is recorded was never seen optimised",
    ),
    Scenario(
        12,
        "the Linkedid of a leg changes when it is bridged",
        "the same call: a Linkedid is never a key",
    ),
    Scenario(
        13,
        "a blind transfer: the operator's leg leaves, the client goes on",
        "the operator is free at once; the call goes on as transferred, with its recording and answers",
    ),
    Scenario(
        14,
        "an attended transfer succeeds, fails, or its target never answers",
        "one that fails gives the client back to the operator; the recording goes on or has another segment",
    ),
    Scenario(
        15,
        "a channel is renamed three times (masquerade); one is called <ZOMBIE>",
        "legs are known by their unique id; a husk's hangup ends nothing",
        replayed="no transfer, pickup or parking that was recorded (Asterisk 22) renamed a channel",
    ),
    Scenario(
        16,
        "pickup, park, unpark",
        "the call goes on under its id; no second call appears",
    ),
    Scenario(
        17,
        "the AMI connection is cut in mid-call, and the call ends meanwhile",
        "after coming back it is closed, within the gap; its recording is found",
    ),
    Scenario(
        18,
        "the AMI connection is cut, and the call is still up",
        "it stays, under the same id, with no second screen-pop",
    ),
    Scenario(
        19,
        "the AMI connection is cut inside a message, a header, a character",
        "the piece is dropped without an error; what lives is asked anew",
    ),
    Scenario(
        20,
        "the connection is half open: nothing comes, and nobody says that it ended",
        "noticed within 5 s; what lives is asked anew",
    ),
    Scenario(
        21,
        "Asterisk is killed (-9) with calls up, and starts again",
        "all of them are closed as of the restart; recordings are repaired",
    ),
    Scenario(22, "core stop now: the connection ends without goodbye", "as after a kill"),
    Scenario(
        23,
        "we read too slowly, and Asterisk drops us without a word",
        "reading waits for nobody; if dropped all the same, what lives is asked anew",
    ),
    Scenario(
        24,
        "a flood of events",
        "the loop serves others meanwhile; memory is bounded; nothing is lost",
    ),
    Scenario(
        25,
        "the answers to two lists and live events run through each other, or a list never ends",
        "each row goes to its question; a part of a list is never used",
    ),
    Scenario(
        26,
        "a channel dies between its row in the list and its Hangup",
        "the dead do not rise",
    ),
    Scenario(
        27,
        "an error that does not say to which order it belongs",
        "nobody is failed for it and nobody hangs: every order has a deadline",
    ),
    Scenario(28, "the same event twice, as from two AMI sessions", "as good as once"),
    Scenario(
        29,
        "two daemons on one Asterisk",
        "each call has one owner, the other looks on",
        open="comes with several nodes over one store",
    ),
    Scenario(
        30,
        "the daemon is killed (-9) between the claim and the order",
        "the client is to be had again within seconds; Asterisk made no channel, or one, never two",
    ),
    Scenario(
        31,
        "the daemon is killed (-9) after the order, before its answer was stored",
        "on its start it finds the channel and takes the call up",
    ),
    Scenario(
        32,
        "the daemon stands still past a client's lease",
        "it neither dials nor writes a result with the claim that ran out",
    ),
    Scenario(
        33,
        "the disk is full, read-only, or the store is locked",
        "no new claims and no dialling; live calls go on and are written down afterwards",
        replayed=_OURS,
    ),
    Scenario(
        34,
        "PostgreSQL fails over inside a commit",
        "the same unit again under the same key: nothing lost, nothing double",
        open="comes with PostgreSQL",
    ),
    Scenario(
        35,
        "the message broker is killed and wiped",
        "nothing is lost, only later",
        open="comes with NATS",
    ),
    Scenario(
        36,
        "the wall clock is moved: an hour on, an hour back, to and fro",
        "leases and durations do not notice",
    ),
    Scenario(
        37,
        "Asterisk's clock is ten minutes ahead or behind",
        "our times are right: the difference comes from pings, never from an event's delay",
    ),
    Scenario(
        38,
        "Asterisk starts again with its clock set back, and gives out the same unique id",
        "another call: an old one is never taken up for it",
        replayed="Asterisk would have to be started with a clock of its own",
    ),
    Scenario(
        39,
        "a recording without sizes, cut off, empty, missing",
        "repaired, or marked as what it is; none is left over",
    ),
    Scenario(
        40,
        "an answer of the script given in a pause, after the hangup, before the recording, twice",
        "its mark lies within the recording; a press counts once",
    ),
    Scenario(
        41,
        "a hostile caller's name: a tag, an escape, broken UTF-8, three hundred characters, a path",
        "stored as text, shown as text; in no path, no log",
    ),
    Scenario(
        42,
        "the page's websocket dies around a screen-pop, and comes back, ten thousand times",
        "the page is told the whole state each time: nothing lost, nothing twice",
        replayed=_OURS,
    ),
    Scenario(
        43,
        "the operator closes the laptop in wrap-up; two tabs",
        "both show the same, one has the phone; the work waits, and its result is saved once",
        replayed=_OURS,
    ),
    Scenario(
        44,
        "a member of a queue is paused while a call is offered",
        "the offer is withdrawn within a second; the caller is first in the queue again",
        open="comes with queues",
    ),
)
