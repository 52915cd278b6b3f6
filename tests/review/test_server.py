"""Listening on loopback: a busy port is named, Ctrl-C ends cleanly."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from review.errors import PortError
from review.server import listen

PROGRAM = """
import sys
from pathlib import Path
from review.app import create_app
from review.server import serve
from review.sources import ReviewSources, open_sources

with open_sources(ReviewSources(Path(sys.argv[1]), ())) as data:
    serve(create_app(data), port=0, ready=lambda address: print(address, flush=True))
print("closed", flush=True)
"""


def test_any_free_port_is_taken_on_loopback_only():
    with listen(0) as listener:
        host, port = listener.getsockname()
    assert host == "127.0.0.1"
    assert port > 0


def test_busy_port_is_named_with_the_way_out():
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(PortError, match=rf"port {port} is in use.*--port"):
            listen(port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_number_that_is_no_port_is_refused(port):
    with pytest.raises(PortError, match=r"0 .* to 65535"):
        listen(port)


def test_server_answers_until_ctrl_c_and_closes(tmp_path: Path):
    root = Path(__file__).parents[2]
    server = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "cases.sqlite")],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}api/health", timeout=10) as answer:
            assert json.load(answer)["status"] == "ok"
        server.send_signal(signal.SIGINT)
        rest, complaints = server.communicate(timeout=20)
    finally:
        server.kill()
    assert rest == "closed\n"
    assert complaints == ""
    assert server.returncode == 0
