"""Pictures of the main screens, in both languages, at the size of a desk and of a phone.

    PYTHONPATH=. python benchmarks/screens.py DEMO --out FOLDER

DEMO is a folder that `aerogrid demo` wrote; it is copied, so nothing in it changes. People of all
roles are made in the copy, a few cases are sent on their way, and each screen is opened as the
person whose it is. Beside the pictures, axe looks at every screen: its serious complaints are told
and end the program with 1. Needs playwright, axe-playwright-python and Chromium.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from cases.accounts import Accounts
from cases.lifecycle import Role, Stage
from cases.people import Account, Area
from cases.registry import Registry

PASSWORD = "reed boat lantern"
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
Scheme = Literal["dark", "light"]
GRAVE = ("serious", "critical")


def prepare(registry_file: Path) -> None:
    """Make people and send a few cases on, those of the officer's village."""
    now = datetime.now(UTC)
    with Registry.open(registry_file) as registry:
        waiting = registry.cases(stage=Stage.REPORTED)
        for case in waiting[1:4]:
            for version, (action, role) in enumerate(
                (("confirm", Role.INSPECTOR), ("assign", Role.COMMAND)), case.version
            ):
                registry.decide(
                    case.case_no, action, actor="陈静", role=role,
                    expected_version=version, now=now,
                )  # fmt: skip
    place = waiting[1].place
    people = (
        ("chen", "陈静", (Role.INSPECTOR,), Area()),
        ("wang", "王芳", (Role.COMMAND,), Area()),
        ("li", "李强", (Role.OFFICER,), Area(place.town, place.village)),
    )
    with Accounts.open(registry_file) as accounts:
        for name, display_name, roles, area in people:
            accounts.add(
                Account(name=name, display_name=display_name, roles=roles, area=area), PASSWORD
            )


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a patrol as `aerogrid serve` does; its address."""
    command = [sys.executable, "-m", "cli.main", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = next((line for line in server.stdout if "http://" in line), None)
            if line is None:  # it has said why
                sys.exit(f"aerogrid serve ended with {server.wait()}; make the demo anew")
            yield "http://" + line.partition("http://")[2].split()[0]
        finally:
            server.terminate()


def sign_in(page: Page, address: str, name: str) -> None:
    """Open the page as somebody; who is in already stays in."""
    page.goto(address)
    page.locator("input[name=username], .person").first.wait_for()
    if page.locator("input[name=username]").count():
        page.locator("input[name=username]").fill(name)
        page.locator("input[type=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
    opened = page.locator(".photo:not(.waiting) .number, .queue .empty").first
    opened.wait_for(state="attached")
    settle(page)


def settle(page: Page) -> None:
    """Wait until photos and thumbnails are there."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)  # frames of the canvas


def as_inspector(page: Page, address: str) -> None:
    """The first case of the queue."""
    sign_in(page, address, "chen")


def key(pressed: str) -> Callable[[Page, str], None]:
    """The inspector's page after a key."""

    def open_it(page: Page, address: str) -> None:
        as_inspector(page, address)
        page.keyboard.press(pressed)
        settle(page)

    return open_it


def pane(number: int, name: str = "chen") -> Callable[[Page, str], None]:
    """One of the panes of a phone; the whole page at a desk."""

    def open_it(page: Page, address: str) -> None:
        sign_in(page, address, name)
        tab = page.locator(".tabs button").nth(number)
        if tab.is_visible():
            tab.click()
        if number == 2:
            page.locator(".map .viewer-tools button").nth(1).click()
        settle(page)

    return open_it


def several(page: Page, address: str) -> None:
    """Some of the queue's thumbnails are chosen."""
    key("g")(page, address)
    for nth in (0, 2, 3):
        page.locator(".thumbnail").nth(nth).click()


def command(view: str) -> Callable[[Page, str], None]:
    """A view of the command centre's page."""

    def open_it(page: Page, address: str) -> None:
        sign_in(page, address, "wang")
        page.goto(f"{address}command#/{view}")
        settle(page)

    return open_it


def cell(page: Page, address: str) -> None:
    """From the first town and village of the district to a cell, with its cases."""
    command("district")(page, address)
    for _ in range(3):
        page.locator(".groups button").first.click()
    page.locator(".cell-facts").wait_for()
    settle(page)


def alerts(page: Page, address: str) -> None:
    """What people are told of."""
    sign_in(page, address, "wang")
    page.goto(f"{address}alerts")
    settle(page)


def entrance(page: Page, address: str) -> None:
    """Nobody has signed in."""
    page.goto(address)
    page.locator("input[type=password]").wait_for()


SCREENS: dict[str, Callable[[Page, str], None]] = {
    "01-sign-in": entrance,
    "02-review": as_inspector,
    "03-queue": pane(0),
    "04-map": pane(2),
    "05-case": pane(3),
    "06-reject": key("x"),
    "07-several": several,
    "08-correct": key("e"),
    "09-officer": pane(3, "li"),
    "10-alerts": alerts,
    "11-command": command("district"),
    "12-figures": command("figures"),
    "13-patrols": command("patrols"),
    "14-quality": command("quality"),
    "16-cell": cell,
    "15-snooze": key("s"),
}


WHOSE = {
    "01-sign-in": "",
    "09-officer": "li",
    **{name: "wang" for name in SCREENS if name[:2] in ("10", "11", "12", "13", "14", "16")},
}
"""Who is signed in at a screen, where it is not the inspector."""


def picture(
    browser: Browser, address: str, out: Path, names: list[str], scheme: Scheme
) -> list[str]:
    """Take all pictures; what axe complains of gravely."""
    complaints = []
    for size, (width, height) in SIZES.items():
        for language, locale in LANGUAGES.items():
            people: dict[str, Page] = {}
            for name in names:
                who = WHOSE.get(name, "chen")
                if who not in people:
                    people[who] = browser.new_page(
                        locale=locale,
                        viewport={"width": width, "height": height},
                        reduced_motion="reduce",
                        color_scheme=scheme,
                    )
                    people[who].set_default_timeout(120_000)
                page = people[who]
                SCREENS[name](page, address)
                page.screenshot(path=out / f"{name}-{language}-{size}.png")
                complaints += [f"{name} {language} {size}: {told}" for told in grave(page)]
                page.goto("about:blank")
    return complaints


def grave(page: Page) -> list[str]:
    """Run axe; the rule and an example of each serious or critical violation."""
    return [
        f"{found['id']}: {found['nodes'][0]['html'][:140]}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in GRAVE
    ]


def main() -> int:
    """Take the pictures and tell what is wrong with the screens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", choices=SCREENS, default=list(SCREENS))
    parser.add_argument("--scheme", choices=("dark", "light"), default="dark")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "demo"
        shutil.copytree(options.demo, copy)
        prepare(copy / "cases.sqlite")
        with served(copy) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            complaints = picture(browser, address, options.out, options.only, options.scheme)
            browser.close()
    print(*complaints, f"{len(complaints)} grave complaints", sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
