"""Which cases is a special bulletin about: one topic, one area, or both?"""

from collections.abc import Sequence
from dataclasses import dataclass

from cases.categories import Category, Words
from cases.model import Case
from dispatch.errors import DispatchError


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of all cases.

    Attributes:
        topic: code of a category, or a family such as `burning.*`; empty for every one.
        area: name of a town or village, or the beginning of a cell's code; empty for all.
    """

    topic: str = ""
    area: str = ""

    def holds(self, case: Case) -> bool:
        """Whether a case belongs to it."""
        place = case.place
        return _is_of(case.category, self.topic) and self.takes(
            place.town, place.village, place.cell_code
        )

    def takes(self, town: str, village: str, cell_code: str) -> bool:
        """Whether a place lies in its area."""
        if not self.area or self.area in (town, village):
            return True
        return self.area.isascii() and cell_code.startswith(self.area)

    def words(self, categories: Sequence[Category]) -> Words | None:
        """Name it; None where it is everything.

        Raises:
            DispatchError: no category is of its topic.
        """
        named = [entry.name for entry in categories if _is_of(entry.code, self.topic)]
        if not named:
            known = ", ".join(entry.code for entry in categories)
            raise DispatchError(
                f"topic {self.topic}: no category is of it; give one of {known}, or a family such "
                "as burning.*"
            )
        parts = []
        if self.topic:
            zh, en = "、".join(one.zh for one in named), ", ".join(one.en for one in named)
            parts.append(Words(en, zh))
        if self.area:
            parts.append(Words(self.area, self.area))
        if not parts:
            return None
        return Words("; ".join(one.en for one in parts), "；".join(one.zh for one in parts))


def _is_of(code: str, topic: str) -> bool:
    if topic.endswith(".*"):
        return code.startswith(topic.removesuffix("*"))
    return topic in ("", "*", code)
