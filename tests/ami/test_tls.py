"""AMI over TLS: only who proves to be the PBX is told who we are, and every refusal names its mend."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import uvloop

from dialer.ami.connection import Connection
from dialer.ami.login import log_in
from dialer.ami.problems import CannotUse
from tests.ami.fake_server import FakeAmi, serving
from tests.conftest import REQUIRE_ALL


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 signed by itself, with its key in the same file."""
    if shutil.which("openssl") is None:
        assert not REQUIRE_ALL, "openssl is missing"
        pytest.skip("openssl is missing")
    path = tmp_path_factory.mktemp("tls") / "pbx.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", path, "-out", path.with_suffix(".crt"), "-days", "2", "-subj", "/CN=pbx",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


def server(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def refused(fake: FakeAmi, context: ssl.SSLContext | None, **settings: object) -> CannotUse:
    async with serving(fake, tls=context):
        connection = Connection(fake.settings(**settings), lambda event: None)
        with pytest.raises(CannotUse) as caught:
            await log_in(connection)
        connection.close()
    assert not fake.of("Login") and not fake.of("Challenge"), "nothing was said to whom we do not trust"
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_pbx_that_proves_itself_is_used(certificate: Path) -> None:
    fake = FakeAmi()
    async with serving(fake, tls=server(certificate)):
        connection = Connection(fake.settings(tls=True, tls_ca=str(certificate)), lambda event: None)
        await log_in(connection)
        connection.close()
    assert fake.of("Login")


async def test_one_whom_nobody_vouches_for_is_not(certificate: Path) -> None:
    cannot = await refused(FakeAmi(), server(certificate), tls=True)
    assert (cannot.code, cannot.lasting) == ("untrusted", True)
    assert "pbx.tls_ca" in str(cannot)


async def test_one_with_anothers_name_is_not(certificate: Path) -> None:
    cannot = await refused(
        FakeAmi(), server(certificate), tls=True, tls_ca=str(certificate), host="localhost"
    )
    assert cannot.code == "untrusted"
    assert "pbx.host" in str(cannot) and "localhost" in str(cannot)


async def test_a_plain_port_is_told_from_a_tls_port(certificate: Path) -> None:
    cannot = await refused(FakeAmi(), None, tls=True, tls_ca=str(certificate))
    assert (cannot.code, cannot.lasting) == ("no_tls", True)
    assert "pbx.tls = false" in str(cannot)


async def test_a_tls_port_is_told_from_a_plain_port(certificate: Path) -> None:
    cannot = await refused(FakeAmi(), server(certificate), connect_s=0.3)
    assert "pbx.tls = true" in str(cannot)


@pytest.mark.parametrize("content", [None, b"no certificate at all"])
async def test_a_file_of_no_certificates_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    cannot = await refused(FakeAmi(), None, tls=True, tls_ca=str(file))
    assert cannot.code == "no_such_trust"
    assert str(file) in str(cannot)


def test_the_daemons_own_loop_tells_them_apart_as_well(certificate: Path) -> None:
    """A failed handshake is worded by the event loop."""

    async def all_three() -> None:
        await test_one_whom_nobody_vouches_for_is_not(certificate)
        await test_a_plain_port_is_told_from_a_tls_port(certificate)
        await test_a_tls_port_is_told_from_a_plain_port(certificate)

    uvloop.run(all_three())
