"""What is said of facts: each fault by its name, nothing of what is well, and something of whatever may be seen."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.doctor.contract import CONTEXTS
from dialer.doctor.diagnose import diagnose, sound
from dialer.doctor.model import Facts, Finding, Folder, OrphansSeen, Phone, Severity, SocketSeen, TrialFile
from dialer.doctor.phones import of_echo
from dialer.doctor.words import Words
from dialer.telephony.examined import EchoSeen, PbxSeen, Registration, Step, TrialSeen, Trouble
from tests.doctor.facts import (
    FOLDER,
    PBX,
    ROOM,
    SOUND,
    with_endpoint,
    with_pages,
    with_pbx,
    with_store,
    without_context,
)

ROOT = Path(__file__).resolve().parents[2]
E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
TRIAL = PBX.trial
assert TRIAL is not None


def places(text: object) -> set[str]:
    return set(re.findall(r"(?<!\$)\{(\w+)\}", json.dumps(text)))


WORDS = Words()
KNOWN_PLACES = {code: {key: places(t) for key, t in texts.items()} for code, texts in WORDS.texts.items()}


def wrong(facts: Facts) -> dict[str, Severity]:
    return {f.code: f.severity for f in diagnose(facts) if f.severity is not Severity.OK}


def test_where_nothing_is_wrong_nothing_is_to_be_mended() -> None:
    assert wrong(SOUND) == {}
    assert sound(diagnose(SOUND))
    words = Words()
    assert {words.mend(finding, "en") for finding in diagnose(SOUND)} == {""}


@pytest.mark.parametrize(
    ("facts", "code", "severity"),
    [
        (
            with_pbx(trouble=Trouble("unreachable", {"host": "h", "port": 1, "why": "w"})),
            "pbx_unreachable",
            E,
        ),
        (with_pbx(trouble=Trouble("login_refused", {"user": "u", "why": "w"})), "pbx_login_refused", E),
        (with_pbx(trouble=Trouble("not_ami", {"host": "h", "port": 1})), "pbx_not_ami", E),
        (with_pbx(trouble=Trouble("too_old", {"version": "2.8"})), "pbx_too_old", E),
        (with_pbx(trouble=Trouble("something new")), "pbx_lost", E),
        (with_pbx(version="18.9-cert4"), "version_old", W),
        (with_pbx(version="13.1"), "version_old", E),
        (with_pbx(version="21.4.0"), "version_untested", N),
        (with_pbx(version="GIT-master-1a2b"), "version_unknown", N),
        (with_pbx(excess=("command",)), "rights_too_many", E),
        (with_pbx(excess=("command",), excess_allowed=True), "rights_too_many", W),
        (with_pbx(lacking=("originate",)), "rights_too_few", E),
        (with_pbx(booted=False), "boot_unheard", W),
        (with_pbx(offset_s=-30.0), "clock_off", W),
        (with_pbx(trial=TrialSeen(failed="Originate")), "trial_failed", E),
        (with_pbx(trial=replace(TRIAL, events=TRIAL.events - {"Hangup"})), "events_missing", E),
        (with_pbx(trial=replace(TRIAL, events=TRIAL.events | {"LocalBridge"})), "events_unfiltered", N),
        (with_pbx(trial=replace(TRIAL, untimed=True)), "events_untimed", W),
        (with_pbx(trial=replace(TRIAL, music_s=0.0)), "music_missing", W),
        (with_pbx(contexts=None), "dialplan_untold", N),
        (without_context("callwright-client"), "context_missing", E),
        (without_context("callwright-inbound-offer"), "context_missing", E),
        (without_context("callwright-listen"), "context_missing", W),
        (with_pbx(contexts={**(PBX.contexts or {}), "callwright-client": ()}), "context_differs", E),
        (with_pbx(fallback=""), "fallback_nobody", W),
        (with_pbx(registrations=(Registration("p", "Rejected"),)), "not_registered", E),
        (with_pbx(registrations=None), "registrations_untold", N),
        (replace(SOUND, lines=()), "lines_none", E),
        (with_endpoint("trunk", state="UNAVAILABLE"), "trunk_away", E),
        (with_endpoint("trunk", state="INVALID"), "trunk_unknown", E),
        (with_endpoint("trunk", state=""), "trunk_not_asked", N),
        (with_endpoint("trunk", context="from-outside"), "trunk_elsewhere", W),
        (with_endpoint("trunk", codecs=("g729",)), "codecs_apart", W),
        (with_endpoint("op101", state="INVALID"), "phones_unknown", E),
        (with_endpoint("op101", state="UNAVAILABLE"), "phones_away", W),
        (with_endpoint("op101", browser=True), "phones_other_kind", E),
        (with_endpoint("op101", context="default"), "phones_may_dial", W),
        (with_pbx(endpoints={"trunk": PBX.endpoints["trunk"]}), "phones_not_asked", N),
        (replace(SOUND, phones=()), "phones_none", N),
        (replace(SOUND, phones=None), "phones_unread", N),
        (replace(SOUND, sources={"main": Folder(path="/gone")}), "source_missing", E),
        (replace(SOUND, sources={"main": replace(FOLDER, readable=False)}), "source_unreadable", E),
        (replace(SOUND, trial_files={"main": TrialFile(arrived=False)}), "recordings_elsewhere", E),
        (replace(SOUND, trial_files={"main": TrialFile(arrived=True)}), "recordings_closed", E),
        (
            replace(SOUND, trial_files={"main": TrialFile(arrived=True, readable=True, size=44)}),
            "recordings_silent",
            W,
        ),
        (replace(SOUND, sources={"main": replace(FOLDER, writable=False)}), "source_unwritable", W),
        (
            replace(SOUND, orphans=OrphansSeen(strangers=3, bytes=9_000_000, oldest="2026-11-01")),
            "recordings_nobodys",
            W,
        ),
        (replace(SOUND, orphans=OrphansSeen(dangling=1)), "recordings_gone", W),
        (replace(SOUND, orphans=OrphansSeen(stuck=2)), "recordings_stuck", E),
        (replace(SOUND, kept=replace(FOLDER, writable=False)), "kept_unwritable", E),
        (replace(SOUND, kept=replace(FOLDER, free=1_000_000_000)), "space_scarce", W),
        (replace(SOUND, kept=replace(FOLDER, free=1_000)), "space_gone", E),
        (with_store(wrong="damaged"), "store_wrong", E),
        (with_store(folder=replace(FOLDER, writable=False)), "store_unwritable", E),
        (with_store(exists=False), "store_not_made", N),
        (with_store(tables="older"), "store_older", N),
        (with_store(tables="newer"), "store_newer", E),
        (with_store(holder="42"), "store_held", N),
        (with_pages(port_state="taken"), "port_taken", E),
        (with_pages(port_state="forbidden"), "port_forbidden", E),
        (with_pages(port_state="host_wrong"), "port_host_wrong", E),
        (with_pages(answer="the disk is full"), "daemon_not_ready", E),
        (
            with_pages(host="0.0.0.0", sockets=(SocketSeen("ws://pbx.example/ws", "there"),)),
            "pages_not_https",
            E,
        ),
        (with_pages(https=True, sockets=(SocketSeen("ws://pbx.example/ws", "there"),)), "ws_not_wss", E),
        (with_pages(https=True, sockets=(SocketSeen("wss://127.0.0.1/ws", "there"),)), "ws_own_machine", W),
        (with_pages(sockets=(SocketSeen("ws://127.0.0.1/ws", "silent"),)), "ws_silent", W),
    ],
)
def test_each_fault_is_named_and_nothing_besides(facts: Facts, code: str, severity: Severity) -> None:
    said = wrong(facts)
    assert said.get(code) is severity, said
    companions = {"trial_not_made"} if code == "phones_not_asked" else set()
    assert set(said) - companions == {code}
    assert sound(diagnose(facts)) is (severity is not E)


def test_without_the_place_for_a_trial_it_is_said_what_was_not_tried() -> None:
    facts = replace(without_context("callwright-check"), trial_files={})
    facts = replace(facts, pbxs=(replace(facts.pbxs[0], trial=None),))
    assert wrong(facts) == {"context_missing": W, "trial_not_made": N}


def test_the_pbxs_are_told_apart() -> None:
    second = replace(PBX, name="second", trouble=Trouble("lost", {"why": "w"}))
    phones = (*(SOUND.phones or ()), Phone(endpoint="elsewhere", browser=False, pbx="second"))
    found = diagnose(replace(SOUND, pbxs=(PBX, second), phones=phones))
    assert [f.params["n"] for f in found if f.code == "phones_there"] == [2]
    assert [f.pbx for f in found if f.code == "pbx_lost"] == ["second"]
    assert [f.pbx for f in found if f.code == "music_plays"] == ["main"]


def test_many_phones_are_counted_and_not_all_named() -> None:
    phones = tuple(Phone(endpoint=f"op{n}", browser=False) for n in range(300))
    away = {p.endpoint: replace(PBX.endpoints["op101"], state="UNAVAILABLE") for p in phones}
    facts = replace(with_pbx(endpoints={**PBX.endpoints, **away}), phones=phones)
    (finding,) = (f for f in diagnose(facts) if f.code == "phones_away")
    assert finding.params["n"] == 300
    assert len(str(finding.params["endpoints"])) < 200


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (EchoSeen(answered=True, rang=True, talked_s=4.2), "echo_heard"),
        (EchoSeen(answered=False, rang=True, cause=19), "echo_unanswered"),
        (EchoSeen(answered=False, cause=17), "echo_busy"),
        (EchoSeen(answered=False, cause=0), "echo_no_phone"),
        (EchoSeen(answered=False, failed="no AMI"), "echo_failed"),
    ],
)
def test_what_came_of_an_echo(seen: EchoSeen, code: str) -> None:
    assert of_echo("op101", seen).code == code


# --- whatever may be seen ---------------------------------------------------------------------------------------

texts = st.sampled_from(
    ["", "trunk", "op101", "INVALID", "UNAVAILABLE", "NOT_INUSE", "22.1", "{why}", "${X}"]
)
troubles = st.none() | st.builds(Trouble, texts, st.dictionaries(st.sampled_from(["why", "host"]), texts))
steps = st.builds(Step, texts, texts)
trials = st.none() | st.builds(
    TrialSeen,
    failed=texts,
    music_s=st.none() | st.floats(-1, 9),
    events=st.frozensets(st.sampled_from(["Hangup", "UserEvent", "LocalBridge", "Newstate"])),
    untimed=st.booleans(),
)
endpoints = st.dictionaries(
    texts,
    st.builds(
        type(PBX.endpoints["trunk"]),
        state=texts,
        context=texts,
        codecs=st.lists(texts, max_size=2).map(tuple),
        browser=st.none() | st.booleans(),
    ),
    max_size=3,
)
pbxs = st.builds(
    PbxSeen,
    name=texts,
    host=texts,
    port=st.integers(0, 65535),
    user=texts,
    trouble=troubles,
    version=texts | st.text(max_size=20),
    excess=st.lists(texts, max_size=2).map(tuple),
    lacking=st.lists(texts, max_size=2).map(tuple),
    booted=st.booleans(),
    offset_s=st.floats(-1e9, 1e9),
    contexts=st.none()
    | st.dictionaries(st.sampled_from(sorted(CONTEXTS)), st.lists(steps, max_size=2).map(tuple)),
    endpoints=endpoints,
    registrations=st.none() | st.lists(st.builds(Registration, texts, texts), max_size=2).map(tuple),
    fallback=st.none() | texts,
    trial=trials,
)
folders = st.builds(
    Folder,
    path=texts,
    exists=st.booleans(),
    readable=st.booleans(),
    writable=st.booleans(),
    free=st.none() | st.integers(0, 2 * ROOM),
)
facts = st.builds(
    Facts,
    pbxs=st.lists(pbxs, max_size=2).map(tuple),
    lines=st.lists(
        st.builds(type(SOUND.lines[0]), name=texts, endpoint=texts, inbound=st.booleans()), max_size=2
    ).map(tuple),
    phones=st.none()
    | st.lists(st.builds(Phone, endpoint=texts, browser=st.booleans()), max_size=3).map(tuple),
    sources=st.dictionaries(texts, folders, max_size=2),
    kept=folders,
    orphans=st.none()
    | st.builds(
        OrphansSeen,
        strangers=st.integers(0, 30),
        bytes=st.integers(0, 10**12),
        oldest=texts,
        dangling=st.integers(0, 3),
        stuck=st.integers(0, 3),
    ),
    trial_files=st.dictionaries(
        texts,
        st.builds(TrialFile, arrived=st.booleans(), readable=st.booleans(), size=st.integers(0, 99)),
        max_size=1,
    ),
    store=st.builds(
        type(SOUND.store),
        path=texts,
        folder=folders,
        exists=st.booleans(),
        holder=texts,
        tables=st.sampled_from(["current", "older", "newer", "none"]),
        wrong=texts,
    ),
    pages=st.builds(
        type(SOUND.pages),
        host=texts,
        port=st.integers(0, 65535),
        https=st.booleans(),
        port_state=st.sampled_from(["free", "ours", "taken", "forbidden", "host_wrong"]),
        answer=texts,
        sockets=st.lists(
            st.builds(
                SocketSeen,
                st.sampled_from(["", "ws://x/ws", "wss://127.0.0.1/", "nonsense"]),
                st.sampled_from(["there", "silent"]),
            ),
            max_size=2,
        ).map(tuple),
    ),
)


@given(facts)
def test_whatever_is_seen_is_said_in_words_of_both_languages(seen: Facts) -> None:
    found = diagnose(seen)
    assert {finding.part.value for finding in found} >= {"recordings", "store", "pages"}
    for one in seen.pbxs:
        if one.trouble is not None:
            assert any(f.severity is E and f.pbx == one.name and f.part.value == "pbx" for f in found)
    for finding in found:
        for language in ("ru", "en"):
            said = WORDS.what(finding, language)
            assert said and said != finding.code, finding
            known = KNOWN_PLACES[finding.code][language]
            assert known <= set(finding.params) | {"why", "user", "version", "host", "port"}, finding
            if finding.severity in (W, E):
                assert WORDS.mend(finding, language), finding.code


# --- the contract and the catalogue -----------------------------------------------------------------------------


def test_the_contract_is_that_of_the_shipped_dialplan() -> None:
    shipped = (ROOT / "asterisk-conf/extensions.conf").read_text(encoding="utf-8")
    sections = re.split(r"(?m)^\[([\w-]+)\]$", shipped)
    found = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert {name for name in found if name.startswith("callwright-")} == set(CONTEXTS)
    for name, needed in CONTEXTS.items():
        for application, begins in needed.steps:
            assert f"{application}({begins}" in found[name], (name, application)


def said_codes() -> set[str]:
    """Codes in the sources; those put together from a prefix by their prefix."""
    found = set()
    for path in (ROOT / "dialer/doctor").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_no_text_is_left_of_a_code_that_nobody_says() -> None:
    said = said_codes()
    for code in Words().texts:
        head, _, tail = code.partition("_")
        assert code in said or (f"{head}_" in said and tail in said), code


def test_both_languages_take_the_same_parameters() -> None:
    for code, by_language in Words().texts.items():
        ru, en = by_language["ru"], by_language["en"]
        assert set(ru) == set(en), code
        for kind in ru:
            assert places(ru[kind]) - {"n"} == places(en[kind]) - {"n"}, (code, kind)
            assert re.search("[а-яё]", json.dumps(ru[kind], ensure_ascii=False)), code
            assert not re.search("[а-яё]", json.dumps(en[kind], ensure_ascii=False)), code


@given(st.integers(0, 10_000))
def test_numbers_take_their_form_of_words(n: int) -> None:
    finding = Finding(
        code="phones_there", severity=Severity.OK, part=diagnose(SOUND)[0].part, params={"n": n}
    )
    said = Words().what(finding, "ru").split()[1]
    expected = "телефонов"
    if n % 10 == 1 and n % 100 != 11:
        expected = "телефон"
    elif 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14:
        expected = "телефона"
    assert said == expected
