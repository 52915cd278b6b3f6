"""How a period's bulletin is laid out: titles and tables in both languages, for every format."""

from collections.abc import Sequence
from dataclasses import dataclass

from cases.categories import Words
from cases.model import Flown
from dispatch.period import Length, PeriodFigures, Row, Tally

_TITLES = {
    Length.DAY: Words("Daily bulletin", "日报"),
    Length.WEEK: Words("Weekly bulletin", "周报"),
    Length.MONTH: Words("Monthly bulletin", "月报"),
    Length.SPECIAL: Words("Special bulletin", "专报"),
}
FIGURES = (
    ("reported", Words("reported", "上报")),
    ("established", Words("established", "立案")),
    ("rejected", Words("rejected", "驳回")),
    ("due", Words("due", "应结案")),
    ("due_closed", Words("due and closed", "应结已结")),
    ("due_in_time", Words("closed in time", "按期结案")),
    ("closed", Words("closed", "结案")),
    ("overdue", Words("overdue", "超期")),
    ("returned", Words("returned", "退回")),
    ("reworked", Words("reworked", "返工")),
    ("supervised", Words("supervised", "督办")),
    ("solved", Words("verified: solved", "复核已解决")),
    ("unchanged", Words("verified: unchanged", "复核未变化")),
    ("grown", Words("verified: grown", "复核有扩大")),
    ("unclear", Words("verified: unclear", "复核无法判定")),
    ("not_covered", Words("not covered", "复核未覆盖")),
)
SHARES = (
    ("closing_share", Words("closing rate", "结案率")),
    ("in_time_share", Words("in-time rate", "按期结案率")),
    ("precision_share", Words("detection precision", "识别准确率")),
)
_PARTS = ("reported", "established", "due", "due_in_time", "closed", "overdue")
_NONE = "–"


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of a bulletin; the first column names, the others are figures."""

    title: Words
    header: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]


def title_of(figures: PeriodFigures) -> Words:
    """Name the bulletin by its days."""
    period = figures.period
    name = _TITLES[Length.SPECIAL if figures.scope else period.length]
    days = f"{period.first} – {period.last}" if period.first != period.last else f"{period.first}"
    if figures.scope is None:
        return Words(f"{name.en} {days}", f"{name.zh} {days}")
    return Words(f"{name.en}: {figures.scope.en}, {days}", f"{name.zh}：{figures.scope.zh} {days}")


def tables_of(figures: PeriodFigures) -> tuple[PageTable, ...]:
    """Lay the figures out; a blank period has its one table, all of it zero."""
    parts = (
        (Words("By town", "按镇街"), figures.by_town),
        (Words("By department", "按责任部门"), figures.by_department),
        (Words("By category", "按类别"), figures.by_category),
        (Words("Cells with most cases", "案件最多的网格"), figures.by_cell),
    )
    return (
        _whole(figures),
        *(_part(title, rows) for title, rows in parts if rows),
        *([] if figures.flown is None else [_flights(*figures.flown)]),
    )


def blank_words() -> Words:
    """Say of a period that nothing happened in it."""
    return Words(
        "Nothing was reported, due, closed or overdue in this period.",
        "本期无上报、应结、结案和超期案件。",
    )


def _whole(figures: PeriodFigures) -> PageTable:
    names = [*FIGURES, *SHARES]
    rows = tuple(
        (words, _plain(figures.now, name), _plain(figures.before, name), _change(figures, name))
        for name, words in names
    )
    header = (
        Words("figure", "指标"),
        Words("this period", "本期"),
        Words("period before", "上期"),
        Words("change", "变化"),
    )
    return PageTable(Words("Figures", "总体情况"), header, rows)


def _flights(now: Flown, before: Flown) -> PageTable:
    """Coverage and hours; ground that two patrols showed counts for both."""
    rows = (
        ("ground covered, km²", "覆盖面积（平方公里）", "covered_m2", 1e6, 2),
        ("drone hours over the ground", "飞行拍摄时长（小时）", "flown_s", 3600.0, 2),
        ("photos searched", "识别照片数", "photos", 1, 0),
    )
    return PageTable(
        Words("Patrols", "巡查"),
        (Words("figure", "指标"), Words("this period", "本期"), Words("period before", "上期")),
        tuple(
            (
                Words(en, zh),
                *(_both(f"{getattr(flown, name) / unit:.{digits}f}") for flown in (now, before)),
            )
            for en, zh, name, unit, digits in rows
        ),
    )


def _part(title: Words, rows: Sequence[Row]) -> PageTable:
    known = dict(FIGURES)
    header = (Words("", ""), *(known[name] for name in _PARTS), Words("in-time rate", "按期结案率"))
    return PageTable(
        title,
        header,
        tuple(
            (
                row.name,
                *(_both(_with_change(row, name)) for name in _PARTS),
                _plain(row.now, "in_time_share"),
            )
            for row in rows
        ),
    )


def _with_change(row: Row, name: str) -> str:
    now, before = getattr(row.now, name), getattr(row.before, name)
    return f"{now} ({now - before:+d})" if now != before else f"{now}"


def _plain(tally: Tally, name: str) -> Words:
    value = getattr(tally, name)
    if value is None:
        return _both(_NONE)
    return _both(f"{value:.1%}" if isinstance(value, float) else f"{value}")


def _change(figures: PeriodFigures, name: str) -> Words:
    now, before = getattr(figures.now, name), getattr(figures.before, name)
    if now is None or before is None:
        return _both(_NONE)
    change = now - before
    return _both(f"{100 * change:+.1f}" if isinstance(change, float) else f"{change:+d}")


def _both(text: str) -> Words:
    return Words(text, text)
