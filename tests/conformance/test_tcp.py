"""The kit's cable: it breaks off where it is told to, and nowhere else."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from xmo_core.testing.tcp import Address, Cut, cuts, nobody, plugged


class Shout(ThreadingTCPServer):
    """Says each line again, in capitals; `heard` is all that came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Line)
        self.heard: list[bytes] = []


class _Line(StreamRequestHandler):
    server: Shout

    def handle(self) -> None:
        for line in self.rfile:
            self.server.heard.append(line)
            if line.endswith(b"\n"):
                self.wfile.write(line.upper())


@contextmanager
def shouting() -> Iterator[Shout]:
    with Shout() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def said(address: Address, *lines: bytes) -> list[bytes]:
    """Say lines one by one; returns the answers, up to where the connection ended."""
    answers = []
    with socket.create_connection(address) as here, here.makefile("rb") as file:
        for line in lines:
            try:
                here.sendall(line)
                answers.append(file.readline())
            except ConnectionError:
                answers.append(b"")
    return answers


def test_all_is_handed_on_and_counted_in_turns() -> None:
    with shouting() as server, plugged(server.server_address) as cable:  # type: ignore[arg-type]
        assert said(cable.address, b"one\n", b"three\n") == [b"ONE\n", b"THREE\n"]
        cable.hang_up()
        assert cable.turns == {"channel": [4, 6], "service": [4, 6]}
        assert cuts(cable, "service") == [Cut("service", turn, at) for turn, at in ((0, 0), (0, 2), (0, 3))] + [
            Cut("service", turn, at) for turn, at in ((1, 0), (1, 3), (1, 5))
        ]


@pytest.mark.parametrize(
    ("cut", "heard", "answers"),
    [
        (Cut("channel", 0, 0), [], [b"", b""]),
        (Cut("channel", 1, 2), [b"one\n", b"th"], [b"ONE\n", b""]),
        (Cut("service", 0, 0), [b"one\n"], [b"", b""]),
        (Cut("service", 1, 4), [b"one\n", b"three\n"], [b"ONE\n", b"THRE"]),
        (Cut("service", 2, 0), [b"one\n", b"three\n"], [b"ONE\n", b"THREE\n"]),
    ],
)
def test_it_breaks_off_where_it_is_told_to(cut: Cut, heard: list[bytes], answers: list[bytes]) -> None:
    with shouting() as server, plugged(server.server_address) as cable:  # type: ignore[arg-type]
        cable.mend(cut)
        assert said(cable.address, b"one\n", b"three\n") == answers
        cable.hang_up()
        assert server.heard == heard
        cable.mend()
        assert said(cable.address, b"again\n") == [b"AGAIN\n"]


def test_a_connection_that_is_left_open_is_ended_and_all_of_it_has_been_heard() -> None:
    with (
        shouting() as server,
        plugged(server.server_address) as cable,  # type: ignore[arg-type]
        socket.create_connection(cable.address) as here,
        here.makefile("rb") as file,
    ):
        here.sendall(b"one\n")
        assert file.readline() == b"ONE\n"
        here.sendall(b"two")
        cable.hang_up()
        assert server.heard == [b"one\n", b"two"]
        assert file.read() == b""


def test_nobody_listens_there() -> None:
    with nobody() as address, pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
