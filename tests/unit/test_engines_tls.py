"""TLS with an engine."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from forge.domain.errors import EngineError
from forge.domain.secret import Secret
from forge.engines.access import Access
from forge.engines.tls import context_of
from tests.parts.certificates import Authority

URL = "tcp://10.0.0.5:2376"


def pem(folder):
    return {
        "ca": (folder / "ca.pem").read_text(),
        "certificate": (folder / "cert.pem").read_text(),
        "key": Secret((folder / "key.pem").read_text()),
    }


def test_only_the_given_authority_is_trusted(tmp_path):
    client = Authority(tmp_path, "ours").client()
    for access in (Access(url=URL, certs=client), Access(url=URL, **pem(client))):
        context = context_of(access)
        (trusted,) = context.get_ca_certs()
        assert "ours" in str(trusted["subject"])
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_folder_is_read_anew_each_time(tmp_path):
    folder = tmp_path / "certs"
    folder.mkdir()
    for name in ("first", "second"):
        (folder / "ca.pem").write_bytes((Authority(tmp_path / name, name).folder / "ca.pem").read_bytes())
        assert name in str(context_of(Access(url=URL, certs=folder)).get_ca_certs())


def test_what_does_not_fit_is_told_and_shows_no_key(tmp_path):
    ours, theirs = pem(Authority(tmp_path / "a").client()), pem(Authority(tmp_path / "b").client())
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "a" / "client" / "ca.pem").write_bytes(b"\xff")
    for more, code in (
        ({**ours, "key": theirs["key"]}, "tls_key"),
        ({**ours, "key": None}, "tls_key"),
        ({**ours, "key": Secret("-----BEGIN PRIVATE KEY-----\nplanted")}, "tls_key"),
        ({**ours, "ca": "no pem"}, "tls_files"),
        ({"certs": empty}, "tls_files"),
        ({"certs": tmp_path / "a" / "client"}, "tls_files"),
    ):
        with pytest.raises(EngineError) as caught:
            context_of(Access(url=URL, **more))
        assert caught.value.code == code
        assert "planted" not in repr(caught.value) + repr(caught.value.__context__)


def test_the_key_lies_on_no_disk_as_it_is(tmp_path, monkeypatch):
    made = pem(Authority(tmp_path / "a").client())
    seen = []
    load = ssl.SSLContext.load_cert_chain

    def noted(context, path, **more):
        seen.append(Path(path).read_text())
        return load(context, path, **more)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", noted)
    context_of(Access(url=URL, **made))
    assert "ENCRYPTED PRIVATE KEY" in seen[0]
    assert made["key"].reveal() not in seen[0]
