"""Time of day, snoozes and cool-down go by when a thing was seen, not by when it is filed."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cases.errors import RuleError
from cases.filing import propose
from cases.judging import explain
from cases.lifecycle import Role
from cases.model import FilingResult
from cases.registry import Registry
from cases.rule_files import SHIPPED, load_rulebook
from cases.rules import Rulebook
from tests.cases.conftest import DAY, FLOWN, patrol_on
from tests.cases.world import SEEN, seen, square, zones
from vision.model import Observation

HOUSE_RULE = 'id = "building-outside-permit"'


def with_rules(tmp_path: Path, old: str, new: str) -> Rulebook:
    text = (SHIPPED / "rules.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "rules.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_rulebook(path)


def house(at: datetime | None = SEEN, x_m: float = 60.0) -> Observation:
    return seen("house", "building", x_m, 60, 12, at=at)


def why_not(item: Observation, rulebook: Rulebook) -> str:
    findings = propose([item], rulebook, zones(), on=None)
    return "; ".join(words.en for entry in findings.rejected for words in entry.why)


def test_a_rule_holds_in_its_hours_of_the_districts_clock(tmp_path: Path):
    # SEEN is 02:00 UTC, 10:00 in the district
    day = with_rules(
        tmp_path, HOUSE_RULE, HOUSE_RULE + '\nhours = { from = "09:00", to = "17:00" }'
    )
    assert why_not(house(), day) == ""
    night = with_rules(
        tmp_path, HOUSE_RULE, HOUSE_RULE + '\nhours = { from = "20:00", to = "06:00" }'
    )
    assert why_not(house(), night) == "10:00 is outside the hours 20:00 to 06:00"
    assert why_not(house(SEEN + timedelta(hours=12)), night) == ""
    [unknown] = propose([house(None)], night, zones(), on=DAY).proposals
    assert unknown.to_check
    assert "time unknown" in unknown.why[-1].en


def snoozing(tmp_path: Path, where: str) -> Rulebook:
    snooze = f"""[[snoozes]]
id = "village-rebuilding"
why = "the village is being rebuilt"
rules = ["building-outside-permit"]
from = 2026-06-08
to = 2026-06-10
{where}

[[rules]]
"""
    return with_rules(tmp_path, "[[rules]]\n", snooze)


@pytest.mark.parametrize("by", ["cell", "circle"])
def test_a_snooze_holds_at_its_place_in_its_period(tmp_path: Path, by: str):
    place = square(60, 60).centroid
    at = f"at = [{place.x!r}, {place.y!r}]\nradius_m = 30"
    rulebook = snoozing(tmp_path, 'cells = ["cell-1"]' if by == "cell" else at)
    assert "snoozed here from 2026-06-08 to 2026-06-10" in why_not(house(), rulebook)
    assert why_not(house(SEEN + timedelta(days=1)), rulebook) == ""  # seen the day after
    assert why_not(house(SEEN - timedelta(days=3)), rulebook) == ""  # and the day before
    assert why_not(house(None), rulebook) == ""  # nobody knows: a person has to look
    elsewhere = replace(house(x_m=110), cell_code="cell-2")
    assert why_not(elsewhere, rulebook) == ""
    boat = seen("boat", "boat", 0, 350, 5)
    assert why_not(boat, rulebook) == ""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("to = 2026-06-10", "to = 2026-06-07", "before 2026-06-08"),
        ('rules = ["building-outside-permit"]', 'rules = ["nothing"]', "no rule has the id"),
        ('cells = ["cell-1"]', "", "either cells, or at"),
        ('cells = ["cell-1"]', "at = [200, 0]", "snoozes.0.at"),
    ],
)
def test_a_snooze_that_holds_nowhere_or_never_is_refused(
    tmp_path: Path, old: str, new: str, words: str
):
    snoozing(tmp_path, 'cells = ["cell-1"]')
    text = (tmp_path / "rules.toml").read_text(encoding="utf-8")
    (tmp_path / "rules.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleError, match=words):
        load_rulebook(tmp_path / "rules.toml")


def close(registry: Registry, case_no: str) -> None:
    for action in ("confirm", "assign", "start", "feed_back", "close"):
        registry.decide(
            case_no, action, actor="a", role=Role.ADMINISTRATOR, now=FLOWN + timedelta(days=90),
            expected_version=registry.case(case_no).version,
        )  # fmt: skip


def test_a_case_that_ended_cools_down_by_the_time_of_the_sights(registry: Registry, tmp_path: Path):
    rulebook = with_rules(tmp_path, HOUSE_RULE, HOUSE_RULE + "\ncool_down_hours = 48")

    def file(day: int, *, patrol: int | None = None) -> FilingResult:
        item = house(SEEN + timedelta(days=day))
        findings = propose([item], rulebook, zones(), on=DAY)
        record = replace(patrol_on(day), patrol_id=f"patrol-{patrol or day}")
        # filed long afterwards: that does not count
        return registry.file(record, findings, rulebook=rulebook, now=FLOWN + timedelta(days=99))

    [first] = file(0).new
    close(registry, first)
    cooled = file(2)
    assert (cooled.new, cooled.same) == ((), ())
    assert list(cooled.cooling.values()) == [first]
    assert file(2).cooling == cooled.cooling  # the same patrol again
    assert file(2).already_filed
    assert len(file(3).new) == 1  # 72 hours after the last sight
    assert registry.verify_chain().is_intact


def test_explain_tells_of_every_rule_of_a_class(rulebook: Rulebook):
    [(rule, verdict)] = explain(house(), rulebook, zones(), DAY)
    assert (rule.id, verdict.rule) == ("building-outside-permit", rule)
    small = seen("small", "building", 60, 60, 3)
    [(rule, verdict)] = explain(small, rulebook, zones(), DAY)
    assert verdict.rule is None
    assert "below 20.0" in verdict.why[0].en
