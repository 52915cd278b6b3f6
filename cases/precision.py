"""How right were models and inspectors, by the decisions that stand?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cases.lifecycle import UNDOABLE, Action
from cases.model import Case, Event

FALSE_ALARM = frozenset({"not_object", "harmless"})
"""Reasons that speak against what was seen; the others speak of permits, places and duties."""

_JUDGES = frozenset({Action.CONFIRM, Action.REJECT})


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision as the history tells it, oldest first within a case.

    Attributes:
        reason: of a rejection, the word without its note.
    """

    case_no: str
    class_name: str
    model_sha256: str
    action: Action
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What stands of the decisions of one inspector, or about one model's finds of a class.

    Attributes:
        rejected: how many by reason.
        overturned: decisions that did not stand, because somebody re-opened the case.
    """

    confirmed: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    overturned: int = 0

    @property
    def precision_share(self) -> float | None:
        """Confirmed among confirmed and false alarms, 0 to 1; None where there are neither."""
        false = sum(count for reason, count in self.rejected.items() if reason in FALSE_ALARM)
        judged = self.confirmed + false
        return self.confirmed / judged if judged else None


@dataclass(frozen=True, slots=True)
class Precision:
    """Tallies by inspector, and by model and class."""

    inspectors: Mapping[str, Tally]
    models: Mapping[tuple[str, str], Tally]


def precision(taken: Iterable[Taken]) -> Precision:
    """Count the decisions that stand: undone ones never were, re-opened ones were overturned."""
    standing: dict[str, list[Taken]] = {}
    overturned = Counter[str]()
    for entry in taken:
        held = standing.setdefault(entry.case_no, [])
        if entry.action is Action.UNDO:
            _undo(held, overturned)
            continue
        if entry.action is Action.REOPEN:
            overturned.update(before.actor for before in held[-1:])
        held.append(entry)
    last = [held[-1] for held in standing.values() if held and held[-1].action in _JUDGES]
    actors = {entry.actor for entry in last} | set(overturned)
    kinds = {(entry.model_sha256, entry.class_name) for entry in last}
    return Precision(
        {
            actor: _tally([e for e in last if e.actor == actor], overturned[actor])
            for actor in sorted(actors)
        },
        {
            kind: _tally([e for e in last if (e.model_sha256, e.class_name) == kind], 0)
            for kind in sorted(kinds)
        },
    )


def taken_of(case: Case, events: Iterable[Event]) -> Iterator[Taken]:
    """The decisions of a case's history."""
    about = (case.case_no, case.class_name, case.model_sha256)
    for event in events:
        if event.action in (*UNDOABLE, Action.UNDO):
            yield Taken(*about, Action(event.action), event.actor, word_of(event.details["reason"]))


def word_of(reason: str) -> str:
    """The reason without its note."""
    return reason.partition(":")[0]


def _undo(held: list[Taken], overturned: Counter[str]) -> None:
    if not held:
        return
    undone = held.pop()
    if undone.action is Action.REOPEN:
        overturned.subtract(before.actor for before in held[-1:])


def _tally(entries: list[Taken], overturned: int) -> Tally:
    rejected = Counter(entry.reason for entry in entries if entry.action is Action.REJECT)
    confirmed = sum(entry.action is Action.CONFIRM for entry in entries)
    return Tally(confirmed, dict(sorted(rejected.items())), overturned)
