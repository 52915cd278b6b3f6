"""The page's words and built files fit the code that they belong to."""

import json
import re
from pathlib import Path

import pytest

from cases.lifecycle import FILING_ACTIONS, TRANSITIONS, Action, Role, Stage
from review.decisions import REJECT_REASONS
from vision.metadata import AltitudeDatum

FRONTEND = Path(__file__).parents[2] / "review" / "frontend"
STATIC = FRONTEND.parent / "static"
ROOT = Path(__file__).parents[2]


def dictionary(language: str, section: str) -> dict[str, str]:
    """Read one flat section of a dictionary file."""
    text = (FRONTEND / "src" / "strings" / f"{language}.ts").read_text(encoding="utf-8")
    body = re.search(rf"^  {section}: \{{\n(.*?)^  \}},", text, re.M | re.S)
    assert body is not None, section
    return dict(re.findall(r'^    (\w+): "(.+)",$', body[1], re.M))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_stage_action_and_reason_has_a_word(language):
    assert set(dictionary(language, "stages")) == {stage.value for stage in Stage}
    assert set(dictionary(language, "reasons")) == set(REJECT_REASONS)
    actions = {action.value for action in Action} | {
        "file",
        "same",
        "gone",
        "missed",
        "retract",
        "redraw",
        "reclassify",
        "unsure",
        "photo",
        "merge",
        "unmerge",
        "split",
    }
    assert set(dictionary(language, "actions")) == actions
    assert set(dictionary(language, "roles")) == {role.value for role in Role}
    asked = {"confirm", "reject", "snooze", "reopen", "undo"}
    decided = asked | {action.value for action in FILING_ACTIONS}
    assert set(dictionary(language, "steps")) == {action.value for action in Action} - decided


def test_the_page_asks_a_reason_for_the_steps_that_need_one():
    text = (FRONTEND / "src" / "steps.tsx").read_text(encoding="utf-8")
    body = re.search(r"WITH_REASON.* = new Set\(\[(.*?)\]\)", text)
    assert body is not None
    needed = {entry.action.value for entry in TRANSITIONS if entry.needs_reason}
    decided = {"reject", "snooze", "reopen"} | {action.value for action in FILING_ACTIONS}
    assert set(re.findall(r'"(\w+)"', body[1])) == needed - decided


def test_built_script_holds_the_words_of_both_languages():
    script = (STATIC / "app.js").read_text(encoding="utf-8")
    for language in ("en", "zh"):
        for word in dictionary(language, "stages").values():
            assert word in script or word.encode("unicode_escape").decode() in script.lower()


def test_lock_file_names_no_registry():
    lock = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"]
    assert not any("resolved" in entry for entry in lock["packages"].values())


def test_nothing_is_loaded_from_elsewhere():
    text = (STATIC / "app.css").read_text(encoding="utf-8")
    assert re.search(r"url\((?!\"?data:)|@import", text) is None


def test_every_part_of_where_a_pose_is_from_is_in_chinese():
    """The phrases are written in vision/; a new one there needs a word here."""
    zh = (FRONTEND / "src" / "strings" / "zh.ts").read_text(encoding="utf-8")
    body = re.search(r"^  poseParts: \{\n(.*?)^  \},", zh, re.M | re.S)
    assert body is not None
    parts = [
        quoted or bare for quoted, bare in re.findall(r'^    (?:"(.+?)"|(\w+)): ', body[1], re.M)
    ]
    sources = (
        f"photo tags: gimbal angles; absolute altitude, {AltitudeDatum.STATED_AMSL}; DewarpData",
        f"absolute altitude, {AltitudeDatum.ELLIPSOID}; CalibratedFocalLength",
        "height above take-off + ground under the first photo (12.0 m); the absolute altitude "
        "would put the take-off at 90.1 m; sensor table (FC300X, 6.16 mm wide)",
        "height above take-off, taken to be at 0.0 m; unknown focal length",
        "35 mm equivalent by width; time zone UTC+8 guessed from the longitude",
        "flight log: event 7, camera clock +1.0 s ahead",
        f"absolute altitude less EGM96 (+8.1 m): really {AltitudeDatum.ELLIPSOID}",
        "absolute altitude above the ellipsoid less EGM96 (+8.1 m); event mark 7, quality 50",
        f"absolute altitude, {AltitudeDatum.ELLIPSOID} as the terrain is",
        "adjusted by 40 points shared with other photos; before: DewarpData; else DewarpData",
    )
    written = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "vision").glob("*.py"))
    assert all(part.strip(" ") in written.replace('"\n        f"', "") for part in parts), parts
    for source in sources:
        for part in parts:
            source = source.replace(part, "")
        left = re.sub(r"\(FC300X|UTC\+8|\bm\b|[^A-Za-z]", "", source)
        assert left == ""


def test_a_merge_is_told_of_the_case_that_took_over():
    """The entry is in its history, not in that of the case which ended."""
    assert dictionary("en", "actions")["merge"] == "Took over another case"
    assert dictionary("zh", "actions")["merge"] == "合并了另一案件"
