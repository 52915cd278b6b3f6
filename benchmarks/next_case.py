"""How long after a decision is the next case on the screen, with many cases open?

    PYTHONPATH=. python benchmarks/next_case.py [--cases 100000] [--decisions 50]

An inspector with an account decides by keyboard in headless Chromium; the clock runs from the key
to the first frame that shows the number of another case, as the page sees it. The cases have no
photo files, so that the server's and page's own time is told. Needs playwright and Chromium.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.inspectors import PASSWORD, make_accounts, run_server
from benchmarks.registry import fill

_WATCH = """() => {
  window.taken = [];
  let pressed = 0, shown = "";
  const number = () => document.querySelector(".photo:not(.waiting) .number")?.textContent ?? "";
  addEventListener("keydown", () => { pressed = performance.now(); shown = number(); }, true);
  const look = () => {
    if (pressed && number() && number() !== shown) {
      const start = pressed;
      pressed = 0;
      requestAnimationFrame((painted) => window.taken.push(painted - start));
    }
    requestAnimationFrame(look);
  };
  look();
}"""


def decide(page: Page, address: str, decisions: int) -> list[float]:
    """Sign in and confirm so many cases; milliseconds from key to frame."""
    page.goto(address)
    page.locator("input[name=username]").fill("i0")
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.evaluate(_WATCH)
    for number in range(decisions):
        page.wait_for_selector(".actions .confirm:not([disabled])")
        page.wait_for_timeout(1000)  # a person looks, and the page takes the next case
        page.keyboard.press("c")
        page.wait_for_function("n => window.taken.length > n", arg=number)
    taken: list[float] = page.evaluate("window.taken")
    return taken


def measure(folder: Path, cases: int, decisions: int) -> dict[str, float]:
    """Fill, serve and decide."""
    path = folder / "cases.sqlite"
    fill(path, cases, seed=1)
    make_accounts(path, 1)
    told, tell = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=run_server, args=(path, tell))
    server.start()
    try:
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            taken = decide(browser.new_page(), told.recv(), decisions)
            browser.close()
    finally:
        os.kill(server.pid or 0, signal.SIGINT)
        server.join(30)
    p50, p95 = np.percentile(taken, (50, 95))
    return {
        "cases": cases,
        "decisions": len(taken),
        "p50_ms": round(p50, 1),
        "p95_ms": round(p95, 1),
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--decisions", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), options.cases, options.decisions)))


if __name__ == "__main__":
    main()
