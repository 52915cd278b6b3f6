"""The verb `watch`: cases of a flight while it is still under way."""

from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from time import monotonic

from cases.model import FilingResult
from cli import console
from pipeline.inputs import Inputs
from pipeline.settings import read_settings
from pipeline.watching import Look, Watch
from pipeline.workspace import Workspace

_POLL_S = 0.4
"""A file that has not changed for so long is taken to be whole."""


def watch(inputs: Inputs, out: Path, config: Path | None, *, idle_s: float | None) -> int:
    """Follow a folder until Ctrl-C, or until no photo has come for a while."""
    following = Watch(Workspace(out), inputs, read_settings(config), console.warn)
    console.err.print(f"watching {console.where(inputs.photos)}   (Ctrl-C ends it)")
    try:
        with console.until_told() as stop:
            _follow(following, stop, idle_s)
    finally:
        following.close()
    whole = f"aerogrid analyze {console.where(inputs.photos)} --out {console.where(out)}"
    console.err.print(f"when the flight is over: [bold]{whole}[/]")
    return console.DONE


def _follow(following: Watch, stop: Event, idle_s: float | None) -> None:
    last = monotonic()
    while not stop.is_set():
        look = following.look(datetime.now(UTC))
        _tell(look)
        if look.searched or look.waiting:
            last = monotonic()
            continue
        if idle_s is not None and monotonic() - last > idle_s:
            return
        stop.wait(_POLL_S)


def _tell(look: Look) -> None:
    if look.result is None and not look.searched:
        return
    changes = _changes(look.result) if look.result else ""
    told = f"{look.photos} photos, {look.waiting} waiting{changes}"
    console.out.print(f"{datetime.now(UTC):%H:%M:%S} UTC  {told}", highlight=False)


def _changes(result: FilingResult) -> str:
    numbers = {"new": result.new, "withdrawn": result.withdrawn}
    said = [f"{name} {', '.join(cases)}" for name, cases in numbers.items() if cases]
    return "".join(f"; {entry}" for entry in said)
