"""Who asks, and whether they may: what stands before every request."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web

from dialer.auth.addresses import client_address, networks
from dialer.auth.cookies import token_in
from dialer.auth.model import Permission, User, may
from dialer.auth.origin import why_refused
from dialer.auth.service import Auth
from dialer.auth.sessions import Session
from dialer.http.problems import Problem


class Guard:
    """Checks requests.

    `origins`: exact origins of pages besides the own host's; `secure`: over HTTPS; `proxies`: addresses and
    networks whose X-Forwarded-For is believed.
    """

    def __init__(
        self,
        auth: Auth,
        origins: Collection[str] = (),
        *,
        secure: bool = False,
        proxies: Collection[str] = (),
    ) -> None:
        self.secure = secure
        self._proxies = networks(proxies)
        self._auth = auth
        self._origins = frozenset(origins)

    def address(self, request: web.Request) -> str:
        """Where the request comes from, also behind a proxy of ours."""
        return client_address(
            request.remote or "", request.headers.getall("X-Forwarded-For", []), self._proxies
        )

    def check_page(self, request: web.Request) -> None:
        """Refuses requests that a foreign page made. Raises Problem."""
        reason = why_refused(request.method, request.headers, self._origins, secure=self.secure)
        if reason == "origin":
            raise Problem(403, "origin_refused")
        if reason == "header":
            raise Problem(403, "header_missing", {"header": "X-Callwright"})
        if reason is not None:
            raise Problem(415, "body_not_json", {"detail": "Content-Type"})

    async def session(self, request: web.Request) -> Session:
        """The living session behind a request of our own page. Raises Problem."""
        self.check_page(request)
        found = await self._auth.session(token_in(request.cookies, secure=self.secure))
        if found is None:
            raise Problem(401, "not_logged_in")
        return found

    async def user(self, request: web.Request, permission: Permission) -> User:
        """The user behind a request, if its role has the permission. Raises Problem."""
        user = (await self.session(request)).user
        if not may(user.role, permission):
            raise Problem(403, "not_allowed")
        return user
