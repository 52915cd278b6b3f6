"""Does the command page's map pan without freezing, with 1157 cells and 10,000 cases?

    PYTHONPATH=. python benchmarks/district_map.py [--cells 1157] [--cases 10000]

A headless Chromium, which draws without a graphics card, opens the map of a made-up district and
drags it for five seconds; the time from one frame to the next is that of `requestAnimationFrame`.
Also told: how long the server takes for the district and for the figures of a week, at first and
when nothing has changed.
"""

import argparse
import json
import math
import multiprocessing
import os
import shutil
import signal
import sqlite3
import tempfile
import time
import urllib.request
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from shapely import box

from benchmarks.registry import fill
from geo.grid import Cell, Grid
from review.app import create_app
from review.server import Listening, serve
from review.sources import ReviewSources, open_sources

FRAMES = """
() => new Promise((done) => {
  const times = [];
  const began = performance.now();
  const next = (now) => {
    times.push(now);
    if (now - began < 5000) requestAnimationFrame(next);
    else done(times);
  };
  requestAnimationFrame(next);
})
"""


def grid_around(path: Path, cells: int) -> Grid:
    """Cells in rows and columns over the ground where the cases lie."""
    with sqlite3.connect(path) as registry:
        query = "SELECT min(lon_deg), min(lat_deg), max(lon_deg), max(lat_deg) FROM cases"
        west, south, east, north = registry.execute(query).fetchone()
    columns = math.ceil(math.sqrt(cells))
    width, height = (east - west) / columns, (north - south) / columns
    return Grid(
        [
            Cell(
                f"{320_624_001_000_000 + k}", f"cell {k}", f"town {k % 13}", f"village {k % 264}",
                "", box(
                    west + (k % columns) * width, south + (k // columns) * height,
                    west + (k % columns + 1) * width, south + (k // columns + 1) * height,
                ),
            )
            for k in range(cells)
        ]
    )  # fmt: skip


def run_server(path: Path, cells: int, address: Connection) -> None:
    """Serve a registry until it is interrupted."""
    with open_sources(ReviewSources(path, (), grid_around(path, cells))) as data:
        serve(create_app(data), Listening(port=0), ready=address.send)


def answer_s(url: str) -> float:
    """How long an answer takes."""
    began_s = time.perf_counter()
    with urllib.request.urlopen(url, timeout=300) as answer:
        answer.read()
    return round(time.perf_counter() - began_s, 2)


def drag(address: str) -> dict[str, Any]:
    """Open the page, drag the map, and measure its frames."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}command", timeout=120_000)
        page.locator(".groups tbody tr").first.wait_for(timeout=120_000)
        page.wait_for_load_state("networkidle")
        page.mouse.move(500, 450)
        page.evaluate(f"window.frames_told = ({FRAMES})()")
        page.mouse.down()
        until_s = time.monotonic() + 5
        step = 0
        while time.monotonic() < until_s:
            step += 1
            page.mouse.move(500 + 200 * math.sin(step / 15), 450 + 150 * math.cos(step / 20))
        page.mouse.up()
        times = np.diff(page.evaluate("window.frames_told"))
        browser.close()
    return {
        "frames": len(times),
        "p50_ms": round(float(np.percentile(times, 50)), 1),
        "p95_ms": round(float(np.percentile(times, 95)), 1),
        "worst_ms": round(float(times.max()), 1),
    }


def main() -> None:
    """Fill, serve, drag and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1157)
    parser.add_argument("--cases", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.sqlite"
        fill(path, options.cases, seed=1)
        told, tell = multiprocessing.Pipe(duplex=False)
        server = multiprocessing.get_context("spawn").Process(
            target=run_server, args=(path, options.cells, tell)
        )
        server.start()
        try:
            address = told.recv()
            urls = {"district": "api/district", "figures": "api/figures?period=week"}
            answers = {
                name: [answer_s(address + url), answer_s(address + url)]
                for name, url in urls.items()
            }
            measured = {"first_and_next_answer_s": answers, "panning": drag(address)}
        finally:
            os.kill(server.pid or 0, signal.SIGINT)
            server.join(30)
    print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
