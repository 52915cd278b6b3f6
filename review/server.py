"""EDGE: serve the review page on this machine."""

import errno
import logging
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from review.errors import PortError

HOST = "127.0.0.1"
"""Loopback only: everybody who reaches the page may decide under any name."""


def listen(port: int) -> socket.socket:
    """Take a port on loopback; 0 takes any that is free."""
    if not 0 <= port <= 65535:
        raise PortError(f"--port {port}: a port is a number from 0 (any free one) to 65535")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortError(_why_not(port, error)) from error
    return listener


def _why_not(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use by another program; "
            "choose another with --port, or --port 0 for any free one"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has; choose one above 1023 (--port)"
    return f"port {port} cannot be listened on ({error.strerror}); choose another with --port"


def serve(app: FastAPI, *, port: int = 8765, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `ready` is told the page's address once it answers.

    Ctrl-C lets running requests end and returns; the caller closes the registry.
    """
    with listen(port) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        config = uvicorn.Config(
            app, log_level=logging.WARNING, access_log=False, timeout_graceful_shutdown=5
        )
        server = _Server(config, lambda: ready(address))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()
