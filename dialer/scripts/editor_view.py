"""What goes between the script editor's page and the server."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from dialer.scripts.model import Language, Script
from dialer.scripts.run import Move
from dialer.scripts.shelf import PublishedVersion, ScriptRow
from dialer.scripts.tables import Layout
from dialer.scripts.view import RunView
from dialer.scripts.yaml_tree import MAX_BYTES


class FindingView(Struct, frozen=True, kw_only=True):
    """`path` by ids, as `dialer.scripts.findings` has it; line and column are 0 where there is no text."""

    code: str
    level: str
    path: list[str]
    text: str
    line: int = 0
    column: int = 0


class ScriptList(Struct, frozen=True, kw_only=True):
    items: list[ScriptRow]


class OtherScript(Struct, frozen=True, kw_only=True):
    """One that a block may pass through."""

    name: str
    language: Language


class DraftView(Struct, frozen=True, kw_only=True):
    """`revision` is sent back with the next change. `behind`: somebody published since this draft was begun.

    `trial`: versions are tried against each other, so that a new one gets no conversations yet.
    """

    id: int
    script: Script
    layout: Layout
    revision: int
    version: int
    changed: bool
    behind: bool
    trial: bool
    edited_by: str
    edited_at: datetime | None
    archived: bool
    findings: list[FindingView]
    others: list[OtherScript]
    editors: list[str]


class NewScript(Struct, frozen=True, kw_only=True):
    script: Script
    layout: Layout = {}


class ScriptMade(Struct, frozen=True, kw_only=True):
    id: int


class DraftBody(Struct, frozen=True, kw_only=True):
    revision: int
    script: Script
    layout: Layout = {}


class Saved(Struct, frozen=True, kw_only=True):
    revision: int
    edited_at: datetime | None
    changed: bool
    findings: list[FindingView]


class CheckedBody(Struct, frozen=True, kw_only=True):
    script: Script


class Checked(Struct, frozen=True, kw_only=True):
    findings: list[FindingView]


class PublishBody(Struct, frozen=True, kw_only=True):
    revision: int
    note: Annotated[str, Meta(max_length=2_000)] = ""


class Published(Struct, frozen=True, kw_only=True):
    version: int


class VersionList(Struct, frozen=True, kw_only=True):
    items: list[PublishedVersion]


class RollBackBody(Struct, frozen=True, kw_only=True):
    revision: int
    version: int


class ArchiveBody(Struct, frozen=True, kw_only=True):
    archived: bool


class EditingBody(Struct, frozen=True, kw_only=True):
    """Said every ten seconds; `here` false when the page is left."""

    here: bool = True


class Editing(Struct, frozen=True, kw_only=True):
    """Who else has it open, and the revision that is kept: a page that has an older one is behind."""

    editors: list[str]
    revision: int
    edited_by: str


class MadeUpClient(Struct, frozen=True, kw_only=True):
    """Whom the preview talks to."""

    name: Annotated[str, Meta(max_length=200)] = ""
    first_name: Annotated[str, Meta(max_length=200)] = ""
    city: Annotated[str, Meta(max_length=200)] = ""
    campaign: Annotated[str, Meta(max_length=200)] = ""


class PreviewBody(Struct, frozen=True, kw_only=True):
    script: Script
    moves: list[Move] = []
    client: MadeUpClient = MadeUpClient()


class PreviewRefusal(Struct, frozen=True, kw_only=True):
    code: str
    title: str
    field: str


class Preview(Struct, frozen=True, kw_only=True):
    """`made`: how many of the moves could be made; `suggested` is the result that is proposed so far."""

    view: RunView
    made: int
    refused: PreviewRefusal | None
    suggested: str
    goal: bool


class YamlBody(Struct, frozen=True, kw_only=True):
    text: Annotated[str, Meta(max_length=MAX_BYTES)]


class YamlRead(Struct, frozen=True, kw_only=True):
    """`script` null: the text has faults of form."""

    script: Script | None
    findings: list[FindingView]
