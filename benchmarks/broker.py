"""A mosquitto of one's own, on a free port of this machine, ended by its own id."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def find_mosquitto() -> str | None:
    """Path of the program; None where it is not installed (Debian: apt install mosquitto)."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Start a broker; gives its port."""
    program, port = find_mosquitto(), _free_port()
    assert program is not None, "ask find_mosquitto first"
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    with (folder / "mosquitto.log").open("wb") as log:
        running = subprocess.Popen([program, "-c", config], stdout=log, stderr=log)
        try:
            _wait_until_it_listens(running, port)
            yield port
        finally:
            running.terminate()
            running.wait(10)


def _wait_until_it_listens(running: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(2000):
        with socket.socket() as probe:
            probe.settimeout(0.05)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        try:
            running.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        raise RuntimeError(f"mosquitto ended with {running.returncode}")
    raise RuntimeError("mosquitto does not listen")
