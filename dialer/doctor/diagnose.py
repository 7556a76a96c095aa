"""From facts to findings: pure, and whole: whatever was seen, something is said of each part that was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dialer.doctor import machine, pbx, phones
from dialer.doctor.model import Facts, Finding, Folder, Part, Severity
from dialer.telephony.examined import PbxSeen


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """All findings, part by part in the order of `Part`."""
    found: list[Finding] = []
    for seen in facts.pbxs:
        found += [replace(finding, pbx=seen.name) for finding in _of_one(seen, facts)]
    if not facts.lines:
        found += phones.no_lines()
    found += machine.of_kept(facts.kept)
    if facts.orphans is not None:
        found += machine.of_orphans(facts.orphans)
    found += machine.of_store(facts.store)
    found += machine.of_pages(facts.pages, facts.phones)
    order = {part: number for number, part in enumerate(Part)}
    return tuple(sorted(found, key=lambda finding: order[finding.part]))


def _of_one(seen: PbxSeen, facts: Facts) -> Iterator[Finding]:
    lines = tuple(line for line in facts.lines if _of(seen, line.pbx, facts))
    source = facts.sources.get(seen.name, Folder(path=""))
    yield from pbx.of_pbx(seen)
    if seen.trouble is None:
        yield from pbx.of_dialplan(seen, inbound=any(line.inbound for line in lines))
        yield from phones.of_lines(seen, lines)
        known = facts.phones
        if known is not None:
            known = tuple(phone for phone in known if _of(seen, phone.pbx, facts))
        yield from phones.of_phones(seen, lines, known)
        yield from machine.of_trial_file(seen, facts.trial_files.get(seen.name), source)
    if seen.name in facts.sources:  # else they are fetched over HTTP: no folder of this machine
        yield from machine.of_source(source)


def _of(seen: PbxSeen, name: str, facts: Facts) -> bool:
    """Whether what names this PBX, or none, is this one's."""
    return seen.name == (name or facts.pbxs[0].name)


def sound(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing is wrong; warnings do not count as wrong."""
    return all(finding.severity is not Severity.ERROR for finding in findings)
