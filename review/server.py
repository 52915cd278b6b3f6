"""EDGE: serve the review page, on this machine or to others."""

import ctypes
import errno
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from review.errors import PortError

LOOPBACK = "127.0.0.1"
_M_ARENA_MAX = -8
"""Of glibc's malloc.h: `mallopt` takes it."""
_HEAPS = 2
_KEEP_ALIVE_S = 75  # a person thinks for longer than uvicorn's 5 s, and then decides at once


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the page listens.

    Attributes:
        address: of this machine; other than loopback only for people with accounts.
        port: 0 takes any that is free.
        certificate, key: PEM files for TLS; both or none.
        behind_proxy: a proxy on this machine, which is reached over TLS, passes requests on.
    """

    address: str = LOOPBACK
    port: int = 8765
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine reach it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def is_local(self) -> bool:
        """Whether only people at this machine reach the page."""
        return self.is_loopback and not self.behind_proxy

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the page over TLS."""
        return self.certificate is not None or self.behind_proxy

    def __post_init__(self) -> None:
        """Refuse what would let passwords and cases travel in the clear."""
        if not 0 <= self.port <= 65535:
            raise PortError(
                f"--port {self.port}: a port is a number from 0 (any free one) to 65535"
            )
        try:
            is_loopback = self.is_loopback
        except ValueError as error:
            raise PortError(
                f"--listen {self.address}: give an address of this machine, such as 192.168.1.20, "
                "or 0.0.0.0 for all of them"
            ) from error
        if (self.certificate is None) != (self.key is None):
            raise PortError("--tls-certificate and --tls-key belong together; give both files")
        if not is_loopback and not self.is_secure:
            raise PortError(
                f"--listen {self.address}: passwords and photos would travel in the clear; give "
                "--tls-certificate and --tls-key, or put a proxy with TLS before the page and give "
                "--behind-proxy"
            )


def listen(port: int, address: str = LOOPBACK) -> socket.socket:
    """Take a port; 0 takes any that is free."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
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
    if error.errno == errno.EADDRNOTAVAIL:
        return "--listen: this machine has no such address; `ip address` lists those it has"
    return f"port {port} cannot be listened on ({error.strerror}); choose another with --port"


def serve(app: FastAPI, where: Listening, *, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `ready` is told the page's address once it answers.

    Ctrl-C lets running requests end and returns; the caller closes the registry.
    """
    _share_heaps()
    with listen(where.port, where.address) as listener:
        name = f"[{where.address}]" if ":" in where.address else where.address
        scheme = "https" if where.certificate else "http"
        address = f"{scheme}://{name}:{listener.getsockname()[1]}/"
        server = Server(app, _config(app, where), lambda: ready(address))
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return


def _share_heaps() -> None:
    """Let all threads share a few heaps, so that memory stays flat.

    glibc by itself gives threads heaps of their own, eight for each core, and each keeps what its
    threads once needed. Other C libraries do no such thing, and have no `mallopt`.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _HEAPS)


def _config(app: FastAPI, where: Listening) -> uvicorn.Config:
    """Set uvicorn up; only a proxy on this machine is believed from where a request comes."""
    try:
        config = uvicorn.Config(
            app,
            log_level=logging.WARNING,
            access_log=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=_KEEP_ALIVE_S,
            proxy_headers=where.behind_proxy,
            forwarded_allow_ips=LOOPBACK,
            ssl_certfile=where.certificate,
            ssl_keyfile=where.key,
        )
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise PortError(
            f"{where.certificate} and {where.key} cannot be used for TLS ({error}); give a "
            "certificate and its key as PEM files"
        ) from error
    return config


class Server(uvicorn.Server):
    """Says when it answers, and ends what listens for news."""

    def __init__(self, app: FastAPI, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app, self._ready = app, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does, then tell."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of news first, which would never end by themselves."""
        self._app.state.bell.close()
        await super().shutdown(sockets=sockets)
