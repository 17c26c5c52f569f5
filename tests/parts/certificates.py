"""An authority of our own, and what it signed for an engine and for those who may use it, in Docker's layout."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = dt.timedelta(days=1)


class Authority:
    """Makes ca.pem in `folder`, and pairs of certificate and key beside it."""

    def __init__(self, folder: Path, name: str = "tests' authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        (folder / "ca.pem").write_bytes(_pem(made.sign(self._key, hashes.SHA256())))

    def server(self, *hosts: str) -> Path:
        """A folder with ca.pem, cert.pem and key.pem of a machine with these names and addresses."""
        return self._pair("server", hosts, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(self, name: str = "client") -> Path:
        """The same for somebody who may use it."""
        return self._pair(name, (), ExtendedKeyUsageOID.CLIENT_AUTH)

    def _pair(self, name: str, hosts: Sequence[str], usage: x509.ObjectIdentifier) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._builder(subject, key.public_key()).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if hosts:
            made = made.add_extension(x509.SubjectAlternativeName([_name(host) for host in hosts]), critical=False)
        (folder / "cert.pem").write_bytes(_pem(made.sign(self._key, hashes.SHA256())))
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        (folder / "ca.pem").write_bytes((self.folder / "ca.pem").read_bytes())
        return folder

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return x509.CertificateBuilder(
            issuer_name=self._name, subject_name=subject, public_key=key, serial_number=x509.random_serial_number(),
            not_valid_before=now - _DAY, not_valid_after=now + _DAY,
        )  # fmt: skip


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
