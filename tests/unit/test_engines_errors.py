"""What Docker says, told as a sentence."""

from __future__ import annotations

import pytest

from forge.engines import errors

# Real texts of dockerd (20.10 to 29), Docker Desktop and containerd.
ANYWHERE = {
    "driver failed programming external connectivity on endpoint x (1f): Bind for 127.0.0.1:20000 failed: port is "
    "already allocated": "port_taken",
    "Error starting userland proxy: listen tcp4 127.0.0.1:20000: bind: address already in use": "port_taken",
    "Ports are not available: exposing port TCP 127.0.0.1:80 -> 0.0.0.0:0": "port_taken",
    "write /var/lib/docker/tmp/x: no space left on device": "disk_full",
    "No such image: shop@sha256:12": "no_image",
    "network forge-shop not found": "engine_error",
    'exec: "run": permission denied: unknown': "engine_error",
}
PULLING = {
    "Error response from daemon: Get https://r/v2/: unauthorized: authentication required": "registry_login",
    "no basic auth credentials": "registry_login",
    "pull access denied for x, repository does not exist or may require 'docker login'": "registry_login",
    "manifest for r/x@sha256:0 not found: manifest unknown: manifest unknown": "no_image",
    "unknown blob": "no_image",
    "no matching manifest for linux/arm64/v8 in the manifest list entries": "no_image",
    "toomanyrequests: You have reached your pull rate limit.": "registry_limit",
    "dial tcp 127.0.0.1:5000: connect: connection refused": "registry_unreachable",
    "dial tcp: lookup r on 1.1.1.1:53: no such host": "registry_unreachable",
    "http: server gave HTTP response to HTTPS client": "registry_unreachable",
    "x509: certificate signed by unknown authority": "registry_certificate",
    "failed to register layer: write /f: no space left on device": "disk_full",
    "something new": "engine_error",
}


@pytest.mark.parametrize(("said", "code"), ANYWHERE.items())
def test_what_the_engine_says_has_a_code(said, code):
    assert errors.refused("start shop", said).code == code


@pytest.mark.parametrize(("said", "code"), PULLING.items())
def test_what_a_registry_says_through_the_engine_has_a_code(said, code):
    assert errors.refused("pull shop", said, meanings=errors.PULLING).code == code


def test_the_sentence_says_what_was_tried_what_to_do_and_what_the_engine_said():
    text = str(errors.refused("start shop", "Bind for 127.0.0.1:1 failed:\n port is already allocated"))
    assert text == (
        "The engine could not start shop. Its port is in use by something else: free the port or "
        "choose another. It said: Bind for 127.0.0.1:1 failed: port is already allocated"
    )


def test_no_login_and_no_secret_stays_in_it():
    said = "Get https://ada:hunter2@r/v2/?token=s3cret: ada refused; a plan of hunter2"
    text = str(errors.refused("pull x", said, secrets=("hunter2", "s3cret", "a", "")))
    assert "hunter2" not in text
    assert "s3cret" not in text
    assert "ada:" not in text
    assert "plan" in text


def test_a_long_answer_is_cut():
    assert len(str(errors.refused("pull x", "x" * 5000))) < 600


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        (PermissionError(13, "Permission denied"), "group docker"),
        (FileNotFoundError(2, "No such file"), "no such socket"),
        (ConnectionRefusedError(111, "refused"), "start Docker"),
        (TimeoutError("timed out"), "too long"),
        (None, "start Docker"),
    ],
)
def test_an_engine_that_does_not_answer_says_why_though_the_cause_is_wrapped(cause, advice):
    wrapped = OSError("Connection aborted.", cause)
    error = errors.unreachable("local", "unix:///var/run/docker.sock", wrapped)
    assert "“local”" in error.message
    assert "unix:///var/run/docker.sock" in error.message
    assert advice in error.message
    assert error.retry_after == 5


def test_an_engines_url_shows_no_login():
    assert "planted" not in str(errors.unreachable("far", "tcp://ada:planted@far:2376"))


def test_what_kept_it_from_answering_is_a_word_too_and_who_logs_in_by_ssh_is_no_secret():
    error = errors.unreachable("far", "ssh://ann@far", TimeoutError("timed out"))
    assert (error.fault, error.code, "ssh://ann@far" in error.message) == ("timeout", "engine_unavailable", True)
    assert "planted" not in str(errors.unreachable("far", "ssh://ann:planted@far"))
