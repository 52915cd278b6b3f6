from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cases.errors import RuleError
from cases.rule_files import SHIPPED, load_rulebook
from cases.rules import Rulebook, Season
from vision.classes import CLASS_NAMES

SHIPPED_RULES = (SHIPPED / "rules.toml").read_text(encoding="utf-8")
SHIPPED_CATEGORIES = (SHIPPED / "categories.toml").read_text(encoding="utf-8")


def edited(tmp_path: Path, old: str, new: str) -> Path:
    assert old in SHIPPED_RULES
    path = tmp_path / "rules.toml"
    path.write_text(SHIPPED_RULES.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_class_of_the_model_has_a_shipped_rule(rulebook: Rulebook):
    assert all(rulebook.rules_for(name) for name in CLASS_NAMES)


def test_every_shipped_rule_names_a_class_of_the_model(rulebook: Rulebook):
    assert {rule.class_name for rule in rulebook.rules} <= set(CLASS_NAMES)


def test_version_label_changes_with_the_content(rulebook: Rulebook, tmp_path: Path):
    other = load_rulebook(edited(tmp_path, "min_area_m2 = 20.0", "min_area_m2 = 21.0"))
    assert other.version == rulebook.version
    assert other.version_label != rulebook.version_label


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'class = "building"',
            'class = "bulding"',
            r"rules\.0\.class: no such class; .*building, c",
        ),
        ("min_score = 0.4", "min_scor = 0.4", r"rules\.0\.min_scor: no such name; .*min_score"),
        ('from = "01-01"', 'from = "02-30"', r"seasons\.burning_ban\.from: month 02 has 29 days"),
    ],
)
def test_a_typo_that_would_make_a_rule_silent_is_refused(
    tmp_path: Path, old: str, new: str, words: str
):
    with pytest.raises(RuleError, match=words):
        load_rulebook(edited(tmp_path, old, new))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("min_score = 0.4", "min_score = 1.4", "rules.0.min_score"),
        ("min_score = 0.4", "minimum_score = 0.4", "rules.0.minimum_score"),
        ('from = "03-01"', 'from = "3-1"', "seasons.closed_fishing.from"),
        ('unknown_zone = "file"', 'unknown_zone = "guess"', "unknown_zone"),
        ("max_share = 0.3, ", "", "rules.0.outside.0.max_share"),
    ],
)
def test_a_broken_rule_file_is_refused_by_field(tmp_path: Path, old: str, new: str, field: str):
    path = edited(tmp_path, old, new)
    with pytest.raises(RuleError) as raised:
        load_rulebook(path)
    assert field in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('category = "building.unpermitted"', 'category = "nothing"', "not in the categories"),
        ('season = "closed_fishing"', 'season = "spring"', "season 'spring' is not defined"),
        ('id = "flame-on-farmland"', 'id = "smoke-over-farmland"', "more than once"),
        ('version = "2026.1"', "version = ", "is not TOML"),
    ],
)
def test_a_rule_file_that_contradicts_itself_is_refused(
    tmp_path: Path, old: str, new: str, words: str
):
    with pytest.raises(RuleError, match=words):
        load_rulebook(edited(tmp_path, old, new))


def test_repeated_category_codes_are_refused(tmp_path: Path):
    path = tmp_path / "categories.toml"
    text = SHIPPED_CATEGORIES.replace('"construction.unpermitted"', '"building.unpermitted"')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match="occur more than once: building"):
        load_rulebook(categories_path=path)


def test_an_open_case_cannot_lift_a_limit_that_is_not_there(tmp_path: Path):
    (tmp_path / "categories.toml").write_text(
        SHIPPED_CATEGORIES.replace("same_within_days = 1\nsame_while_open", "same_while_open"),
        encoding="utf-8",
    )
    with pytest.raises(RuleError, match=r"fishing\.boat: same_while_open lifts same_within_days"):
        load_rulebook(categories_path=tmp_path / "categories.toml")


def test_a_missing_rule_file_is_named(tmp_path: Path):
    with pytest.raises(RuleError, match="does not exist"):
        load_rulebook(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("first", "last", "day", "holds"),
    [
        ("03-01", "06-30", date(2026, 3, 1), True),
        ("03-01", "06-30", date(2026, 6, 30), True),
        ("03-01", "06-30", date(2026, 7, 1), False),
        ("11-01", "02-15", date(2026, 1, 20), True),
        ("11-01", "02-15", date(2026, 12, 31), True),
        ("11-01", "02-15", date(2026, 6, 1), False),
        ("01-01", "12-31", date(2028, 2, 29), True),
    ],
)
def test_seasons_hold_both_ends_and_run_over_the_new_year(
    first: str, last: str, day: date, holds: bool
):
    assert Season.model_validate({"from": first, "to": last}).holds(day) is holds


def test_the_day_of_a_sight_is_the_districts_own(rulebook: Rulebook):
    late_utc = datetime(2026, 6, 30, 23, 0, tzinfo=UTC)
    assert rulebook.local_day(late_utc, date(2000, 1, 1)) == date(2026, 7, 1)
    assert rulebook.local_day(None, date(2000, 1, 1)) == date(2000, 1, 1)
