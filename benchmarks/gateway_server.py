"""A stand-in for an SMS or voice gateway: takes signed alerts, knows keys, and can be unwell."""

import hashlib
import hmac
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "made up for the tests"

Mood = Callable[[str, int], str]
"""From key and how often it was asked for: `fine`, `error`, `refuse`, `slow`, `lost`."""


class GatewayServer(ThreadingHTTPServer):
    """Remembers what it took, in order, and how often it was asked for each."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, mood: Mood) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mood = mood
        self.taken: list[dict[str, Any]] = []
        self.taken_at_s: list[float] = []
        self.asked: Counter[str] = Counter()
        self.refused: list[str] = []
        self.release = threading.Event()
        self._receipts: dict[str, str] = {}
        self._lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a sender that was killed, and all of any other error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/alerts"

    def ask(self, key: str) -> int:
        """Count how often an alert came."""
        with self._lock:
            self.asked[key] += 1
            return self.asked[key]

    def take(self, key: str, alert: dict[str, Any]) -> str:
        """Take an alert, once however often it comes."""
        with self._lock:
            if key not in self._receipts:
                self._receipts[key] = f"receipt-{len(self.taken)}"
                self.taken.append(alert)
                self.taken_at_s.append(time.monotonic())
            return self._receipts[key]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: GatewayServer

    def do_POST(self) -> None:
        """Take one alert, as the mood says."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not self._is_signed(body):
            self.server.refused.append(self.path)
            return self._answer(401, {"error": "bad signature"})
        key = self.headers["Idempotency-Key"]
        mood = self.server.mood(key, self.server.ask(key))
        if mood == "error":
            return self._answer(503, {"error": "busy"})
        if mood == "refuse":
            return self._answer(422, {"error": "no such number"})
        if mood == "slow":  # does nothing, and answers too late
            self.server.release.wait(5)
            return self._answer(503, {"error": "too slow"})
        receipt = self.server.take(key, json.loads(body))
        if mood == "lost":  # took it, but the answer never comes
            self.server.release.wait(5)
        return self._answer(200, {"receipt": receipt})

    def _is_signed(self, body: bytes) -> bool:
        at, nonce = self.headers.get("X-Timestamp", ""), self.headers.get("X-Nonce", "")
        signed = b"\n".join((at.encode(), nonce.encode(), body))
        wanted = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, self.headers.get("X-Signature", ""))

    def _answer(self, status: int, said: dict[str, str]) -> None:
        content = json.dumps(said).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked has given up, or was killed

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


@contextmanager
def gateway(mood: Mood = lambda key, asked: "fine") -> Iterator[GatewayServer]:
    """Serve on a free port of this machine."""
    with GatewayServer(mood) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            server.shutdown()
            thread.join()
