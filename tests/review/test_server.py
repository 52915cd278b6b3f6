"""Listening on loopback: a busy port is named, Ctrl-C ends cleanly."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from fastapi import FastAPI

from review.errors import PortError
from review.server import Listening, listen, serve

PROGRAM = """
import sys
from pathlib import Path
from review.app import create_app
from review.server import Listening, serve
from review.sources import ReviewSources, open_sources

with open_sources(ReviewSources(Path(sys.argv[1]), ())) as data:
    serve(create_app(data), Listening(port=0), ready=lambda address: print(address, flush=True))
print("closed", flush=True)
"""


HEAPS = """
import ctypes, sys, threading
from review.server import _share_heaps

_share_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(20)

def use():
    together.wait()
    for _ in range(100):
        libc.free(ctypes.c_void_p(libc.malloc(ctypes.c_size_t(1000))))

threads = [threading.Thread(target=use) for _ in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
told = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, told)
libc.fclose(told)
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library than glibc"
)
def test_all_threads_share_two_heaps(tmp_path: Path):
    """Twenty threads at once would have sixteen on two cores, each with memory of its own."""
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", HEAPS, str(told)], check=True, timeout=60)
    assert told.read_text().count("<heap nr=") <= 2


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
        Listening(port=port)


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


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ({"address": "0.0.0.0"}, "travel in the clear"),
        ({"address": "192.168.1.20"}, "travel in the clear"),
        ({"address": "::"}, "travel in the clear"),
        ({"address": "grid.example"}, "give an address"),
        ({"certificate": Path("page.pem")}, "belong together"),
    ],
)
def test_what_would_show_passwords_to_others_is_refused(where, why: str):
    with pytest.raises(PortError, match=why):
        Listening(**where)


@pytest.mark.parametrize(
    ("where", "is_local", "is_secure"),
    [
        ({}, True, False),
        ({"address": "::1"}, True, False),
        ({"behind_proxy": True}, False, True),
        ({"address": "0.0.0.0", "behind_proxy": True}, False, True),
        ({"address": "0.0.0.0", "certificate": Path("c"), "key": Path("k")}, False, True),
        ({"certificate": Path("c"), "key": Path("k")}, True, True),
    ],
)
def test_who_reaches_the_page_and_how_follows_from_where_it_listens(where, is_local, is_secure):
    listening = Listening(**where)
    assert (listening.is_local, listening.is_secure) == (is_local, is_secure)


def test_an_address_of_another_machine_is_named():
    with pytest.raises(PortError, match="no such address"):
        listen(0, "192.0.2.1")


def test_files_that_are_no_certificate_are_named(tmp_path: Path):
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).write_text("nothing")
    where = Listening(port=0, certificate=tmp_path / "c.pem", key=tmp_path / "k.pem")
    with pytest.raises(PortError, match=r"c\.pem .* cannot be used for TLS"):
        serve(FastAPI(), where, ready=lambda _: None)
