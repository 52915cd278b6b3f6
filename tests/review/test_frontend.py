"""The page's words and built files fit the code that they belong to."""

import json
import re
from pathlib import Path

import pytest

from cases.lifecycle import Action, Stage
from review.decisions import REJECT_REASONS

FRONTEND = Path(__file__).parents[2] / "review" / "frontend"
STATIC = FRONTEND.parent / "static"


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
    actions = {action.value for action in Action} | {"file", "same", "gone", "missed", "retract"}
    assert set(dictionary(language, "actions")) == actions


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
