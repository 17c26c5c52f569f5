"""TLS with an engine: whom Forge trusts there, and how it shows who it is."""

from __future__ import annotations

import contextlib
import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from forge.domain.errors import EngineError
from forge.domain.secret import Secret
from forge.engines.access import Access

_LONGEST = 1 << 18  # bytes of a PEM file


def context_of(access: Access) -> ssl.SSLContext:
    """Trusts only the given authority, or the system's where none is given. Raise EngineError for what does not fit."""
    ca, certificate, key = access.ca, access.certificate, access.key
    if access.certs is not None:
        ca, certificate, private = (_file(access.certs / name) for name in ("ca.pem", "cert.pem", "key.pem"))
        key = Secret(private) if private else None
        if not (ca or certificate or key):
            raise EngineError(f"There is no ca.pem, cert.pem or key.pem in {access.certs}", code="tls_files")
    try:
        context = ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError):
        raise EngineError("The engine's authority is no certificate in PEM form", code="tls_files") from None
    # Python 3.13 checks what authorities made by hand, as Docker's manual shows it, do not have.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if certificate or key:
        _show(context, certificate, key)
    return context


def _show(context: ssl.SSLContext, certificate: str | None, key: Secret | None) -> None:
    if not certificate or not key:
        missing = "certificate" if key else "key"
        raise EngineError(f"Forge's {missing} for the engine is missing: give certificate and key", code="tls_key")
    password = secrets.token_urlsafe(32)
    sealed = _sealed(key, password)
    try:
        with _file_of(certificate.encode() + b"\n" + sealed) as path:
            context.load_cert_chain(path, password=password)
    except (ssl.SSLError, ValueError):
        raise EngineError("The key does not belong to the certificate for the engine", code="tls_key") from None


def _sealed(key: Secret, password: str) -> bytes:
    """Python takes keys from files only: what lies there for a moment is of no use to anybody."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - slow to import
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    try:
        read = serialization.load_pem_private_key(key.reveal().encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise EngineError(
            "The key for the engine cannot be read: give it in PEM form, without a passphrase", code="tls_key"
        ) from None
    return read.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )


@contextlib.contextmanager
def _file_of(content: bytes) -> Iterator[str]:
    handle, path = tempfile.mkstemp(prefix="forge-", suffix=".pem")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield path
    finally:
        Path(path).unlink()


def _file(path: Path) -> str | None:
    """What stands in a file; None if it is not there."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no PEM file"
        raise EngineError(f"{path} cannot be read: {why}", code="tls_files") from None
