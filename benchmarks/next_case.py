"""How long until the queue, and after a decision the next case, is on the screen, with many open?

    PYTHONPATH=. python benchmarks/next_case.py [--cases 100000] [--decisions 50]

An inspector with an account decides by keyboard in headless Chromium; the clock runs from the key
to the first frame that shows the number of another case, as the page sees it. Then the page is
loaded anew some times, with an empty cache: from the start of the navigation to the first frame
with the queue, the request for its first cases by itself, and bytes as they were sent. The cases
have no photo files, so that the server's and page's own time is told. Needs playwright and
Chromium.
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

LOADS = 20
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


_QUEUE = """() => {
  const look = () => {
    if (document.querySelector(".pane.queue li")) {
      requestAnimationFrame((painted) => { window.queue_ms = painted; });
    } else requestAnimationFrame(look);
  };
  look();
}"""
_LOADED = """() => {
  const parts = performance.getEntriesByType("resource");
  const cases = parts.find((part) => part.name.includes("/api/cases?"));
  const page = performance.getEntriesByType("navigation")[0];
  const files = parts.filter((part) => part.name.includes("/static/"));
  return {
    painted_ms: window.queue_ms,
    request_ms: cases.responseEnd - cases.requestStart,
    kb: [page, ...files].reduce((sum, part) => sum + part.encodedBodySize, 0) / 1000,
  };
}"""


def load(page: Page, address: str, times: int) -> list[dict[str, float]]:
    """Load the page of somebody who has signed in so many times."""
    page.add_init_script(f"({_QUEUE})()")
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    loaded = []
    for _ in range(times):
        page.goto(address)
        page.wait_for_function("() => window.queue_ms > 0")
        loaded.append(page.evaluate(_LOADED))
    return loaded


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
            page, address = browser.new_page(), told.recv()
            page.set_default_timeout(120_000)  # a loaded machine is slow, not wrong
            taken = decide(page, address, decisions)
            loaded = load(page, address, LOADS)
            browser.close()
    finally:
        os.kill(server.pid or 0, signal.SIGINT)
        server.join(30)
    told_ms = {"next_case": taken} | {
        f"queue_{name}": [entry[f"{name}_ms"] for entry in loaded]
        for name in ("painted", "request")
    }
    return {
        "cases": cases,
        "decisions": len(taken),
        **{
            f"{name}_p{share}_ms": round(float(np.percentile(ms, share)), 1)
            for name, ms in told_ms.items()
            for share in (50, 95)
        },
        "first_load_kb": round(loaded[-1]["kb"], 1),
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
