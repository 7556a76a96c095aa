"""Scripts for those who write them: drafts, checks, versions, and a walk through what is being written."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any, cast

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from dialer.auth.model import Permission
from dialer.http.api import ApiCall, Operation, number
from dialer.http.problems import Catalogue, Problem
from dialer.scripts import drafts, service, trials
from dialer.scripts.comparison import Comparison, compare
from dialer.scripts.drafts import Draft, Refused
from dialer.scripts.editor_view import (
    ArchiveBody,
    Checked,
    CheckedBody,
    DraftBody,
    DraftView,
    Editing,
    EditingBody,
    FindingView,
    NewScript,
    OtherScript,
    Preview,
    PreviewBody,
    PreviewRefusal,
    PublishBody,
    Published,
    RollBackBody,
    Saved,
    ScriptList,
    ScriptMade,
    VersionList,
    YamlBody,
    YamlRead,
)
from dialer.scripts.editors import Editors
from dialer.scripts.findings import Finding
from dialer.scripts.guarded import with_right
from dialer.scripts.model import Language, Script
from dialer.scripts.placeholders import Context
from dialer.scripts.preview import walk
from dialer.scripts.rights import closed, closed_names
from dialer.scripts.run import Refusal
from dialer.scripts.shelf import ScriptRow, load_rows, load_versions
from dialer.scripts.weave import CannotWeave, weave
from dialer.scripts.yaml_dump import dump
from dialer.scripts.yaml_form import load as read_yaml
from dialer.store.engine import Store

MOST_DRAFT = 2 * 1024 * 1024  # a thousand blocks with long texts
_STATUS = {"script_unknown": 404, "version_unknown": 404}


def operations(
    store: Store, editors: Editors, now: Callable[[], datetime], hooks: Collection[str]
) -> list[Operation]:
    words = Catalogue()

    async def list_scripts(call: ApiCall) -> ScriptList:
        user_id, role = call.user.id, call.user.role.value

        def seen(conn: Connection) -> list[ScriptRow]:
            unseen = closed(conn, "see", user_id=user_id, role=role)
            return [row for row in load_rows(conn, editors.of) if row.id not in unseen]

        return ScriptList(items=await store.read(seen))

    async def create_script(call: ApiCall) -> ScriptMade:
        body: NewScript = call.body
        made = partial(drafts.create, script=body.script, layout=body.layout, by=call.user.id, now=now())
        return ScriptMade(id=await store.write(made))

    async def read_draft(call: ApiCall) -> DraftView:
        script_id, language, user = number(call.path("id")), _language(call), call.user.id
        names = editors.of(script_id, but=user)
        found = await store.read(
            lambda conn: _draft(conn, script_id, language, names, hooks, _unseen(conn, call))
        )
        if found is None:
            raise Problem(404, "not_found")
        return found

    async def save_draft(call: ApiCall) -> Saved:
        script_id, body = number(call.path("id")), cast(DraftBody, call.body)
        findings = await store.read(
            partial(drafts.judge, hooks=hooks, script_id=script_id, script=body.script)
        )
        saved = await store.write(
            lambda conn: drafts.save(
                conn,
                script_id,
                body.revision,
                body.script,
                body.layout,
                findings,
                by=call.user.id,
                now=now(),
            )
        )
        return _saved(_done(saved), findings, _language(call))

    async def check_script(call: ApiCall) -> Checked:
        judge = partial(drafts.judge, hooks=hooks, script_id=number(call.path("id")), script=call.body.script)
        return Checked(findings=_said(await store.read(judge), _language(call), call.body.script))

    async def publish_script(call: ApiCall) -> Published:
        script_id, body = number(call.path("id")), cast(PublishBody, call.body)
        publish = partial(
            drafts.publish, hooks=hooks, script_id=script_id, revision=body.revision, note=body.note
        )
        return Published(
            version=_done(
                await store.write(
                    lambda conn: publish(conn, by=call.user.id, now=now(), closed=_unseen(conn, call))
                )
            )
        )

    async def list_script_versions(call: ApiCall) -> VersionList:
        return VersionList(items=await store.read(partial(load_versions, script_id=number(call.path("id")))))

    async def compare_versions(call: ApiCall) -> Comparison:
        script_id = number(call.path("id"))
        old, new = number(call.query("from", "0")), number(call.query("to", "0"))
        language = _language(call)

        def compared(conn: Connection) -> Comparison | None:
            before, after = (drafts.text_at(conn, script_id, at) for at in (old, new))
            return compare(before, after, language) if before and after else None

        found = await store.read(compared)
        if found is None:
            raise Problem(404, "not_found")
        return found

    async def roll_back_script(call: ApiCall) -> Saved:
        script_id, body = number(call.path("id")), cast(RollBackBody, call.body)
        back = partial(drafts.roll_back, script_id=script_id, revision=body.revision, number=body.version)
        saved = _done(await store.write(partial(back, by=call.user.id, now=now())))
        findings = await store.read(
            partial(drafts.judge, hooks=hooks, script_id=script_id, script=saved.script)
        )
        return _saved(saved, findings, _language(call))

    async def archive_script(call: ApiCall) -> ScriptMade:
        script_id, at = number(call.path("id")), now() if call.body.archived else None
        if not await store.write(partial(drafts.archive, script_id=script_id, archived_at=at)):
            raise Problem(404, "not_found")
        return ScriptMade(id=script_id)

    async def tell_editing(call: ApiCall) -> Editing:
        script_id, user = number(call.path("id")), call.user
        standing = await store.read(partial(drafts.standing, script_id=script_id))
        if standing is None:
            raise Problem(404, "not_found")
        if call.body.here:
            editors.here(script_id, user.id, user.name)
        else:
            editors.gone(script_id, user.id)
        revision, who = standing
        return Editing(editors=editors.of(script_id, but=user.id), revision=revision, edited_by=who)

    async def preview_script(call: ApiCall) -> Preview:
        body: PreviewBody = call.body
        library, unseen = await store.read(lambda conn: (service.sources(conn), _unseen(conn, call)))
        if (name := drafts.closed_sub(body.script, unseen)) is not None:
            raise Problem(409, "sub_closed", {"name": name[:80]})
        try:
            script = weave(body.script, library.get)
        except CannotWeave as wrong:
            raise Problem(409, "preview_impossible", {"name": str(wrong)[:80]}) from wrong
        client = body.client
        context = Context(
            client_name=client.name,
            client_first_name=client.first_name,
            client_city=client.city,
            operator_name=call.user.name,
            campaign_name=client.campaign,
        )
        walked = walk(script, body.moves, context, now())
        return Preview(
            view=walked.view,
            made=walked.made,
            suggested=walked.suggested,
            goal=walked.goal,
            refused=_refused(walked.refused, words, _language(call)) if walked.refused else None,
        )

    async def export_script(call: ApiCall) -> web.Response:
        script_id, at = number(call.path("id")), number(call.query("version", "0"))
        text = await store.read(partial(drafts.text_at, script_id=script_id, number=at))
        if text is None:
            raise Problem(404, "not_found")
        name = f"script-{script_id}-v{at}.yaml" if at else f"script-{script_id}.yaml"
        return web.Response(
            text=dump(text),
            content_type="application/yaml",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def read_script_yaml(call: ApiCall) -> YamlRead:
        loaded = read_yaml(call.body.text)
        return YamlRead(script=loaded.script, findings=_said(loaded.findings, _language(call)))

    def operation(
        method: str, path: str, summary: str, handler: Any, answers: type, body: type | None = None
    ) -> Operation:
        return Operation(
            method=method,
            path=f"/api/v1/scripts{path}",
            summary=summary,
            permission=Permission.EDIT_SCRIPTS,
            handler=with_right(store, "see" if method == "GET" else "edit", handler)
            if "{id}" in path
            else handler,
            body=body,
            answers=answers,
            most_body=MOST_DRAFT,
        )

    return [
        operation("GET", "", "Scripts with their versions and drafts", list_scripts, ScriptList),
        operation("POST", "", "A new script, as a draft", create_script, ScriptMade, NewScript),
        operation("POST", "/yaml", "Read a script's text form", read_script_yaml, YamlRead, YamlBody),
        operation("POST", "/preview", "Walk a draft by the engine", preview_script, Preview, PreviewBody),
        operation("GET", "/{id}", "A script's draft with what is wrong in it", read_draft, DraftView),
        operation("POST", "/{id}", "Save the draft, made of a revision", save_draft, Saved, DraftBody),
        operation(
            "POST", "/{id}/check", "Check a draft without saving it", check_script, Checked, CheckedBody
        ),
        operation(
            "POST", "/{id}/publish", "Publish the draft as a version", publish_script, Published, PublishBody
        ),
        operation("GET", "/{id}/versions", "Published versions", list_script_versions, VersionList),
        operation(
            "GET", "/{id}/compare", "What differs: ?from=1&to=2, 0=draft", compare_versions, Comparison
        ),
        operation(
            "POST", "/{id}/rollback", "A version's text as the draft", roll_back_script, Saved, RollBackBody
        ),
        operation(
            "POST", "/{id}/archive", "Out of the list, or back", archive_script, ScriptMade, ArchiveBody
        ),
        operation(
            "POST", "/{id}/editing", "I have it open; who else has?", tell_editing, Editing, EditingBody
        ),
        operation("GET", "/{id}/yaml", "The text form of the draft or a version", export_script, bytes),
    ]


def _unseen(conn: Connection, call: ApiCall) -> frozenset[str]:
    """The names of the scripts that this user may not see."""
    return closed_names(conn, "see", user_id=call.user.id, role=call.user.role.value)


def _draft(
    conn: Connection,
    script_id: int,
    language: Language,
    editors: list[str],
    hooks: Collection[str],
    unseen: Collection[str],
) -> DraftView | None:
    draft = drafts.load(conn, script_id)
    if draft is None:
        return None
    others = service.sources(conn)
    return DraftView(
        id=script_id,
        script=draft.script,
        layout=draft.layout,
        revision=draft.revision,
        version=draft.latest,
        changed=draft.changed,
        behind=draft.behind,
        trial=trials.running(conn, script_id) is not None,
        edited_by=draft.edited_by,
        edited_at=draft.edited_at,
        archived=draft.archived,
        findings=_said(drafts.judge(conn, script_id, draft.script, hooks), language, draft.script),
        others=[
            OtherScript(name=name, language=script.language)
            for name, script in sorted(others.items())
            if name != draft.name and name not in unseen
        ],
        editors=editors,
    )


def _done(result: Any) -> Any:
    """What came of a unit of work, or its refusal as a problem."""
    if isinstance(result, Refused):
        raise Problem(_STATUS.get(result.code, 409), result.code, result.params)
    return result


def _refused(refusal: Refusal, words: Catalogue, language: Language) -> PreviewRefusal:
    title = words.text(refusal.code, refusal.params, language)
    return PreviewRefusal(code=refusal.code, title=title, field=str(refusal.params.get("field", "")))


def _saved(draft: Draft, findings: list[Finding], language: Language) -> Saved:
    return Saved(
        revision=draft.revision,
        edited_at=draft.edited_at,
        changed=draft.changed,
        findings=_said(findings, language, draft.script),
    )


def _worded(finding: Finding, script: Script | None) -> Finding:
    """With titles and words in place of ids: whoever edits by the scheme never sees those."""
    block = script.block(finding.path[1]) if script and len(finding.path) > 1 else None
    if block is None:
        return finding
    params = dict(finding.params)
    if params.get("block") == block.id and block.title:
        params["block"] = block.title
    answer = next((one.text for one in block.answers if one.id == params.get("answer")), "")
    if answer:
        params["answer"] = answer
    return msgspec.structs.replace(finding, params=params)


def _said(findings: list[Finding], language: Language, script: Script | None = None) -> list[FindingView]:
    findings = [_worded(finding, script) for finding in findings]
    return [
        FindingView(
            code=finding.code,
            level=finding.level,
            path=list(finding.path),
            text=finding.text(language),
            line=finding.spot.line if finding.spot else 0,
            column=finding.spot.column if finding.spot else 0,
        )
        for finding in findings
    ]


def _language(call: ApiCall) -> Language:
    """A page that has just changed its language is ahead of the user's row."""
    wished = call.query("language") or call.user.language
    return "en" if wished == "en" else "ru"
