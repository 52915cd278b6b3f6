import pytest

from dispatch.calendar import parse_calendar
from dispatch.errors import CalendarError
from dispatch.table_files import SHIPPED, load_calendar

TEXT = (SHIPPED / "calendar-cn-2026.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("2026-10-10]", "2026-10-07]", "2026-10-07 is both a holiday and a make-up day"),
        ("last = 2026-12-31", "last = 2026-10-06", "2026-10-07 lies outside of first to last"),
        ("last = 2026-12-31", "last = 2025-12-31", "it ends on 2025-12-31, before 2026-01-01"),
        ("to = 2026-10-07", "to = 2026-09-30", "国庆节 ends on 2026-09-30, before 2026-10-01"),
        ('"12:00"], ["14:00"', '"12:00"], ["11:00"', "shifts follow each other"),
        ('"12:00"], ["14:00"', '"12:00"], ["17:30"', "a shift ends after it begins"),
        ('"08:30"', '"25:30"', "shifts.0.hours.0.0: .*pattern.*25:30"),
        ('"mon", "tue"', '"Monday"', "weekdays.*pattern.*Monday"),
        ("[[shifts]]", '[[shifts]]\nfrom = "06-01"', "give both from and to of a season"),
        ("[[shifts]]", '[[shifts]]\nfrom = "06-01"\nto = "08-31"', "the last of the shifts has no"),
        ("[[shifts]]", '[[shifts]]\nbreak = "12:00"', "shifts.0.break: Extra inputs"),
        ("version = ", "version ", "is not TOML"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(before: str, after: str, said: str):
    assert before in TEXT
    with pytest.raises(CalendarError, match=rf"(?s)district\.toml.*{said}"):
        parse_calendar(TEXT.replace(before, after, 1), "district.toml")


def test_a_calendar_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CalendarError, match=r"away\.toml does not exist"):
        load_calendar(tmp_path / "away.toml")
