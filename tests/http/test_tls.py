"""The daemon's own HTTPS: its cookie, its websocket, a certificate that is renewed while it runs."""

from __future__ import annotations

import logging
import shutil
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from dialer.app import App, running
from dialer.auth.model import Role, User
from dialer.config import ConfigError, Http
from dialer.http.tls import Certificate, CertificateUnfit
from tests.http.conftest import PASSWORD, settings_in

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates"),
]


def make(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    folder.mkdir(exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
        check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    return certificate, key


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = make(folder / "tls")
    plain = settings_in(folder)
    http = Http(port=0, certificate=str(certificate), key=str(key))
    async with running(msgspec.structs.replace(plain, http=http)) as app:
        yield app


def trusting(app: App) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=app.settings.http.certificate)


async def test_pages_api_and_websocket_over_https(app: App) -> None:
    assert app.url.startswith("https://")
    user = await app.auth.create_user(login="anna", name="Anna", password=PASSWORD, role=Role.OPERATOR)
    assert isinstance(user, User)
    connector = aiohttp.TCPConnector(ssl=trusting(app))
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as http:
        headers = {"Origin": app.url, "X-Callwright": "1"}
        body = {"login": "anna", "password": PASSWORD}
        async with http.post(app.url + "/api/v1/login", json=body, headers=headers) as answer:
            assert answer.status == 200
            cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-") and "Secure" in cookie and "HttpOnly" in cookie
        plain = headers | {"Origin": app.url.replace("https", "http")}
        async with http.post(app.url + "/api/v1/login", json=body, headers=plain) as answer:
            assert answer.status == 403, "a page of plain http is not ours"
        async with http.ws_connect(
            app.url.replace("https", "wss") + "/api/v1/live", headers={"Origin": app.url}
        ) as live:
            frame = (await live.receive(timeout=10)).json()
            assert frame["type"] == "desk"


async def test_plain_http_and_old_tls_are_not_answered(app: App) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get(app.url.replace("https", "http") + "/healthz")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(app.settings.http.certificate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=old)) as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get(app.url + "/healthz")


async def test_a_renewed_certificate_is_taken_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = make(tmp_path / "one")
    tls = Certificate(*files)
    assert not tls.renew()
    make(tmp_path / "one")
    assert tls.renew()
    files[1].write_text("half a file")
    with caplog.at_level(logging.WARNING):
        assert not tls.renew()
    assert "certificate_not_renewed" in caplog.text
    assert not tls.renew(), "said once"


async def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    certificate, key = make(tmp_path / "one")
    _, other = make(tmp_path / "two")
    with pytest.raises(CertificateUnfit, match=r"http\.key .*No such file"):
        Certificate(certificate, tmp_path / "none.pem")
    with pytest.raises(CertificateUnfit, match="no pair"):
        Certificate(certificate, other)
    locked = tmp_path / "locked.pem"
    subprocess.run(
        ["openssl", "ec", "-in", key, "-aes256", "-passout", "pass:secret words", "-out", locked],
        check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    with pytest.raises(CertificateUnfit, match="password"):
        Certificate(certificate, locked)
    alone = msgspec.structs.replace(settings_in(tmp_path), http=Http(port=0, key=str(key)))
    with pytest.raises(ConfigError, match=r"http\.key without"):
        async with running(alone):
            pass
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    assert Certificate(both, both).context is not None
