"""A cable between a channel and the service that it delivers to: it hands on what both say, and breaks off where a test
wants it. It knows no protocol: HTTP and SMTP take turns in speaking, and that is all that it looks at."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Lock, Thread
from typing import Literal

Address = tuple[str, int]
Side = Literal["channel", "service"]
_HERE = ("127.0.0.1", 0)
_PATIENCE = 5.0  # seconds that a service has to hang up, once nobody is there any more
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the connection breaks off: when one `side` has said so many bytes of one of its turns, counted from 0."""

    side: Side
    turn: int
    after: int


class Cable(ThreadingTCPServer):
    """Listens at `address`, and connects to the service whoever connects. `turns` tells how many bytes each side has
    said in each of its turns since `mend`."""

    def __init__(self, service: Address) -> None:
        super().__init__(_HERE, _Talk)
        self.service = service
        self.turns: dict[Side, list[int]] = {"channel": [], "service": []}
        self._lock = Lock()
        self._cut: Cut | None = None
        self._talks: list[_Talk] = []

    @property
    def address(self) -> Address:
        """Return where the channel connects to."""
        host, port = self.socket.getsockname()
        return host, port

    def mend(self, cut: Cut | None = None) -> None:
        """Begin anew, and break off at this cut."""
        with self._lock:
            self.turns, self._cut = {"channel": [], "service": []}, cut

    def hang_up(self) -> None:
        """End all connections, and wait until the service has heard all that was said to it, and has hung up too."""
        with self._lock:
            talks, self._talks = self._talks, []
        for talk in talks:
            talk.hang_up()

    def begin(self, talk: "_Talk") -> None:
        """Note a connection."""
        with self._lock:
            self._talks.append(talk)

    def said(self, talk: "_Talk", side: Side, length: int) -> int:
        """Note that one side says so many bytes; returns how many of them are handed on."""
        with self._lock:
            if talk.speaks != side:
                talk.speaks = side
                self.turns[side].append(0)
            before, turn, cut = self.turns[side][-1], len(self.turns[side]) - 1, self._cut
            self.turns[side][-1] += length
            breaks = cut is not None and (cut.side, cut.turn) == (side, turn) and before + length > cut.after
            return cut.after - before if cut is not None and breaks else length


class _Talk(BaseRequestHandler):
    """One connection over the cable."""

    server: Cable
    request: socket.socket

    def setup(self) -> None:
        self.speaks: Side | None = None
        self._broken, self._over = Event(), Event()
        self._service = socket.create_connection(self.server.service)
        self.server.begin(self)

    def handle(self) -> None:
        back = Thread(target=self._hand_on, args=("service", self._service, self.request), name="cable")
        back.start()
        self._hand_on("channel", self.request, self._service)
        back.join()

    def finish(self) -> None:
        self._service.close()
        self._over.set()

    def hang_up(self) -> None:
        """End the connection on the channel's side first, as one that crashes would."""
        _shut(self.request, socket.SHUT_RD)
        if not self._over.wait(_PATIENCE):
            for side in (self._service, self.request):
                _shut(side, socket.SHUT_RDWR)
            self._over.wait()

    def _hand_on(self, side: Side, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):  # whoever hangs up in the middle is heard out no further
            while words := here.recv(_CHUNK):
                if not self._broken.is_set():
                    there.sendall(words[: (length := self.server.said(self, side, len(words)))])
                    if length < len(words):
                        self._break()
        _shut(there, socket.SHUT_WR)

    def _break(self) -> None:
        """Let the channel stand there at once; the service finds that nobody is left when it has heard the rest."""
        self._broken.set()
        _shut(self.request, socket.SHUT_RDWR)
        _shut(self._service, socket.SHUT_WR)


def cuts(cable: Cable, side: Side) -> list[Cut]:
    """Name the places where what one side says can be lost: before, amid and at the end of each of its turns."""
    lengths = enumerate(cable.turns[side])
    return [Cut(side, turn, after) for turn, said in lengths for after in sorted({0, said // 2, said - 1})]


@contextmanager
def plugged(service: Address) -> Iterator[Cable]:
    """Lay a cable to a service until the block ends."""
    with Cable(service) as cable:
        thread = Thread(target=cable.serve_forever, kwargs={"poll_interval": 0.01}, name="cable")
        thread.start()
        try:
            yield cable
        finally:
            cable.hang_up()
            cable.shutdown()
            thread.join()


@contextmanager
def nobody() -> Iterator[Address]:
    """Give an address where nobody listens, and which nobody else gets until the block ends."""
    with socket.socket() as taken:
        taken.bind(_HERE)
        host, port = taken.getsockname()
        yield host, port


def _shut(one: socket.socket, how: int) -> None:
    with suppress(OSError):  # the other side was faster
        one.shutdown(how)
