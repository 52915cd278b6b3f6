"""Which kinds of cases there are, as the district's table names them, and their time limits."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages of the pages."""

    en: str
    zh: str


class TimeUnit(StrEnum):
    """What a time limit is counted in; working time is that of the district's calendar."""

    MINUTES = "minutes"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    DAYS = "days"


_UNITS = {
    TimeUnit.MINUTES: Words("minute", "分钟"),
    TimeUnit.WORKING_HOURS: Words("working hour", "个工作时"),
    TimeUnit.WORKING_DAYS: Words("working day", "个工作日"),
    TimeUnit.DAYS: Words("day", "天"),
}


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Within what time a case has to be handled.

    >>> TimeLimit(1, TimeUnit.WORKING_DAYS).words.en
    '1 working day'
    """

    within: int
    unit: TimeUnit

    @property
    def words(self) -> Words:
        """Say it in both languages."""
        name = _UNITS[self.unit]
        return Words(
            f"{self.within} {name.en}{'s' * (self.within > 1)}", f"{self.within} {name.zh}"
        )


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of case as the district's table names it.

    Attributes:
        established_when: what makes it a case, for who confirms or rejects.
        closed_when: what has to be seen before it is closed.
        kind: what stands there; cases of one kind at one place are one object, so a building site
            that became a building stays one case.
        urgency: 1 for at once, larger numbers can wait longer.
        match_m: how far an object of this kind may seem to move between two patrols.
        same_within_days: after so many days out of sight a new finding is a new event; None for
            things that stay, such as buildings.
        same_while_open: whether that is so only once nobody is asked to do anything any more: while
            a case is open, what lies there is it, however long nobody looked.
    """

    code: str
    name: Words
    department: Words
    urgency: int
    established_when: Words
    closed_when: Words
    limit: TimeLimit
    kind: str
    match_m: float
    same_within_days: int | None = None
    same_while_open: bool = False
