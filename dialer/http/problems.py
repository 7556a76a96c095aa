"""Errors of the API in one form (RFC 9457): a stable code, and a text in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from aiohttp import web


class Problem(Exception):
    """A request that can't be done. `code` is stable; its texts stand in problems.json."""

    def __init__(self, status: int, code: str, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.params = dict(params or {})


class Catalogue:
    """The texts of problems by code and language."""

    def __init__(self) -> None:
        text = resources.files("dialer.http").joinpath("problems.json").read_text(encoding="utf-8")
        self.texts: dict[str, dict[str, str]] = json.loads(text)

    def text(self, code: str, params: Mapping[str, str | int], language: str) -> str:
        known = self.texts.get(code, {})
        template = known.get(language) or known.get("en") or code
        for name, value in params.items():
            template = template.replace("{" + name + "}", str(value))
        return template

    def response(self, problem: Problem, language: str) -> web.Response:
        body: dict[str, Any] = {
            "type": f"about:blank#{problem.code}",
            "title": self.text(problem.code, problem.params, language),
            "status": problem.status,
            "code": problem.code,
            "detail": str(problem.params.get("detail", "")),
            "params": problem.params,
        }
        return web.json_response(body, status=problem.status, content_type="application/problem+json")


def language_of(request: web.Request) -> str:
    """ru or en, by what the browser prefers."""
    preferred = request.headers.get("Accept-Language", "")[:100].lower()
    ru, en = preferred.find("ru"), preferred.find("en")
    return "ru" if ru >= 0 and (en < 0 or ru < en) else "en"
