"""The daemon's own HTTPS: a certificate and its key from files, taken anew when they change."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

log = logging.getLogger(__name__)

LOOK_S = 10.0  # between two looks whether the files have changed


class CertificateUnfit(ValueError):
    """The certificate or its key can't be used; the message says which, and why."""


class Certificate:
    """`context` is for the server; connections made after a renewal get the new certificate.

    Files that are half written, or do not belong together, leave the old certificate in use.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._seen = self._state()
        self.context = self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    def renew(self) -> bool:
        """Take the files anew if they have changed; whether they were taken."""
        state = self._state()
        if state == self._seen:
            return False
        self._seen = state
        try:
            # First in a context of its own: a failure half-way would leave a certificate without its key.
            self._loaded(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._loaded(self.context)
        except CertificateUnfit as unfit:
            log.warning("certificate_not_renewed %s", unfit)
            return False
        log.info("certificate_renewed")
        return True

    async def watch(self) -> None:
        """Look again and again; ends by cancellation."""
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(self.renew)

    def _state(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_mark(file) for file in self._files)

    def _loaded(self, context: ssl.SSLContext) -> ssl.SSLContext:
        certificate, key = self._files
        for name, file in (("certificate", certificate), ("key", key)):
            try:
                file.open("rb").close()
            except OSError as error:
                raise CertificateUnfit(f"http.{name} {file}: {error.strerror}") from error
        try:
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(certificate, key, password=_no_password)
        except (ssl.SSLError, ValueError) as error:
            why = getattr(error, "reason", None) or str(error)
            raise CertificateUnfit(
                f"http.certificate {certificate} and http.key {key} are no pair of PEM files: {why}"
            ) from error
        return context


def _no_password() -> str:
    """A key with a password would stop a daemon that starts by itself."""
    raise ValueError("the key has a password; write it without one")


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        seen = file.stat()
    except OSError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size
