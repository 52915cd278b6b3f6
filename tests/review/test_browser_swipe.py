"""An earlier patrol's photo slid over the photo of a case, in headless Chromium."""

import hashlib
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from review.sources import ReviewSources
from vision.frame_table import read_frame_table

from .conftest import CHROMIUM, FLOWN, HEIGHT, WIDTH, keep_patrol
from .test_browser_drawing import open_building

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

BLUE = (20, 40, 230)


@pytest.fixture
def sources(sources: ReviewSources, tmp_path: Path) -> ReviewSources:
    """The district, photographed all blue nine days before."""
    path = tmp_path / "blue.jpg"
    Image.new("RGB", (WIDTH, HEIGHT), BLUE).save(path)
    earlier = replace(
        read_frame_table(sources.patrols[0].table)[0],
        photo_id="blue",
        path=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        taken_at=FLOWN - timedelta(days=9),
    )
    patrols = (*sources.patrols, keep_patrol(tmp_path, (earlier,), "2026-06-01-am"))
    return replace(sources, patrols=patrols)


def blue_share(page, left: float, right: float) -> float:
    """How much of a part of the photo's view, from left to right as shares of it, is blue."""
    area = page.locator(".viewer .canvas").bounding_box()
    clip = {
        "x": area["x"] + left * area["width"],
        "y": area["y"] + 0.3 * area["height"],
        "width": (right - left) * area["width"],
        "height": 0.4 * area["height"],
    }
    pixels = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))
    return float((np.abs(pixels.astype(int) - BLUE).max(axis=2) < 12).mean())


def wait_until(page, holds) -> None:
    """Wait for frames until something holds; the page's own time limit applies."""
    for _ in range(300):
        if holds():
            return
        page.evaluate("new Promise((done) => requestAnimationFrame(done))")
    pytest.fail("the picture never came to be as it should")


def test_then_is_left_and_now_is_right_of_the_line(page):
    page.keyboard.press("b")  # the urgent case lies beside all that was photographed before
    page.get_by_text("No earlier patrol").wait_for()
    open_building(page)
    assert blue_share(page, 0.15, 0.85) == 0
    page.keyboard.press("b")
    slider = page.get_by_role("slider")
    slider.wait_for()
    page.get_by_text("1 Jun 2026").wait_for()
    wait_until(page, lambda: blue_share(page, 0.15, 0.35) > 0.95)
    assert blue_share(page, 0.65, 0.85) == 0
    slider.fill("90")
    wait_until(page, lambda: blue_share(page, 0.65, 0.85) > 0.5)
    slider.focus()
    page.keyboard.press("Home")
    wait_until(page, lambda: blue_share(page, 0.15, 0.85) == 0)
    page.keyboard.press("b")
    slider.wait_for(state="detached")
