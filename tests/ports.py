"""Ports that nobody listens on."""

import socket
from contextlib import ExitStack


def free_ports(how_many: int) -> list[int]:
    """Different ones: all are held until the last is found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(how_many)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
