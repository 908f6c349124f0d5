"""A certificate of an authority of nobody's, made for the run, and servers that end with their test."""

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Need
from tests.mail.support import Post, Script, scripted, serving

Serve = Callable[..., Post]
Play = Callable[[Mapping[str, bytes | None]], Script]


@dataclass(frozen=True)
class Certificate:
    """For 127.0.0.1 alone: the file to trust it by, and what a server needs."""

    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory, need: Need) -> Certificate:
    need(shutil.which("openssl") is not None, "the command openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    file, key = folder / "certificate.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-days", "2", "-subj", "/CN=mail.test", "-addext", "subjectAltName=IP:127.0.0.1"]
    made += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]  # newer Pythons look for it
    subprocess.run([*made, "-keyout", key, "-out", file], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key)
    return Certificate(file, context)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(replies, …)` starts an honest server."""
    with ExitStack() as stack:

        def start(replies: dict[str, str] | None = None, **more: Any) -> Post:
            return stack.enter_context(serving(Post(replies=replies or {}), **more))

        yield start


@pytest.fixture
def play() -> Iterator[Play]:
    """`play(replies)` starts a server that says what it is told to."""
    with ExitStack() as stack:
        yield lambda replies: stack.enter_context(scripted(replies))
