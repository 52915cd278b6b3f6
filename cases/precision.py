"""How right were models and inspectors, by the decisions that stand?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cases.drawing import DRAWN
from cases.lifecycle import UNDOABLE, Action
from cases.model import Case, Event
from cases.reclassing import RECLASSIFY, found_class

FALSE_ALARM = frozenset({"not_object", "harmless"})
"""Reasons that speak against what was seen; the others speak of permits, places and duties."""

COUNTED = frozenset({*(str(action) for action in UNDOABLE), Action.UNDO.value, RECLASSIFY})
"""Actions of which the figures are made."""

_JUDGES = frozenset({Action.CONFIRM, Action.REJECT})


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision as the history tells it, oldest first within a case.

    Attributes:
        reason: of a rejection, the word without its note.
        found_as: what the model called it, where a person has changed the class; else empty.
    """

    case_no: str
    class_name: str
    model_sha256: str
    action: Action
    actor: str
    reason: str
    found_as: str = ""


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
    about_models = [_of_model(entry) for entry in last]
    kinds = {(entry.model_sha256, entry.class_name) for entry in about_models}
    return Precision(
        {
            actor: _tally([e for e in last if e.actor == actor], overturned[actor])
            for actor in sorted(actors)
        },
        {
            kind: _tally([e for e in about_models if (e.model_sha256, e.class_name) == kind], 0)
            for kind in sorted(kinds)
        },
    )


def _of_model(entry: Taken) -> Taken:
    """What a decision says of the model: what shows another class is not what it said."""
    if not entry.found_as:
        return entry
    return replace(entry, class_name=entry.found_as, action=Action.REJECT, reason="not_object")


Told = tuple[str, str, str, str, str, Mapping[str, Any]]
"""Number, class and model of a case, with action, actor and details of an entry about it."""


def taken_from(told: Sequence[Told]) -> Iterator[Taken]:
    """The decisions among entries of the histories of cases, each oldest first."""
    changed: dict[str, list[tuple[str, str]]] = {}
    for no, _, _, action, _, details in told:
        if action == RECLASSIFY:
            before, after = details["class"]
            changed.setdefault(no, []).append((before, after))
    for no, name, model, action, actor, details in told:
        if action != RECLASSIFY:
            first = found_class(name, changed.get(no, ()))
            found_as = first if first != name and model != DRAWN else ""
            reason = word_of(details["reason"])
            yield Taken(no, name, model, Action(action), actor, reason, found_as)


def taken_of(case: Case, events: Iterable[Event]) -> Iterator[Taken]:
    """The decisions of a case's history."""
    about = (case.case_no, case.class_name, case.model_sha256)
    return taken_from(
        [(*about, e.action, e.actor, e.details) for e in events if e.action in COUNTED]
    )


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
