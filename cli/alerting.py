"""The verbs of `alerts`: send, list, try, send again, acknowledge."""

import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cases.categories import Category
from cases.lifecycle import OPEN_STAGES
from cases.registry import Registry
from cases.rule_files import load_rulebook
from cli import console
from cli.dispatching import registry_there, routing_of, settings_for
from dispatch.alerts import AlertEntry, Message, Outcome, State
from dispatch.assigning import owner_of
from dispatch.carriers import make_carriers, templates_of, unset_secrets
from dispatch.clock import stamp
from dispatch.drafting import first_drafts
from dispatch.errors import AlertError
from dispatch.expanding import Rules
from dispatch.naming import refuse_unknown_category
from dispatch.only_sender import only_sender
from dispatch.outbox import Outbox
from dispatch.overdue import note_overdue
from dispatch.policies import EVENTS, OVERDUE, unknown_event_words
from dispatch.sending import Equipment, Sender
from dispatch.table_files import load_alerts, load_calendar
from dispatch.timetable import Timetable
from pipeline.workspace import Workspace

_LISTED = 200
_TOLD_AT_FIRST = timedelta(days=1)
"""How far back the first start looks, where --since does not say."""


@dataclass(frozen=True, slots=True)
class _District:
    """What a patrol's settings say of alerts."""

    registry: str | Path
    rules: Rules
    categories: dict[str, Category]
    folder: Path


def send(patrol: Path, config: Path | None, *, since: datetime | None, drain: bool) -> int:
    """Send alerts until Ctrl-C, or until none is left; 3 where there are dead letters."""
    district = _district(patrol, config)
    settings = district.rules.settings
    carriers = make_carriers(settings, district.folder, os.environ, _now)
    with (
        only_sender(district.registry),
        Outbox.open(district.registry) as outbox,
        Registry.open(district.registry) as registry,
        console.until_told() as stop,
    ):
        _begin(outbox, since)
        left = outbox.take_over(_now())
        if left:
            console.warn(f"{left} alerts were in hand when the last sender ended; sent again")
        remind = partial(_remind, district, registry)
        equipment = Equipment(
            outbox, district.rules, district.categories, carriers, _now, remind, _tell_outcome
        )
        sender = Sender(equipment)
        (sender.drain if drain else sender.run)(stop)
        counts = outbox.counts()
    _tell_counts(counts)
    return console.IN_PART if counts[State.DEAD] else console.DONE


def _tell_outcome(message: Message, outcome: Outcome) -> None:
    """Say in one line what became of an alert, for a journal, which has the time itself."""
    body = message.body
    numbers = ", ".join(body["cases"])
    told = f"{message.channel.value} to {message.person_id or 'all'}: {body['event']} {numbers}"
    match outcome.state:
        case State.DELIVERED:
            line = f"delivered {told} ({outcome.receipt or 'no receipt'})"
        case State.DEAD:
            line = f"dead letter {told}: {outcome.error}"
        case _:
            again = f"; again at {outcome.retry_at:%H:%M:%S %Z}" if outcome.retry_at else ""
            line = f"failed {told} (attempt {message.attempts}): {outcome.error}{again}"
    console.line(line)


def _begin(outbox: Outbox, since: datetime | None) -> None:
    """Leave out what is long past, where alerts have not begun yet, and say how much that is."""
    if since is not None and outbox.has_begun():
        console.warn("--since is for the first start; alerts of this registry have begun")
    begins_at = since or _now() - _TOLD_AT_FIRST
    passed = outbox.begin(begins_at)
    if passed:
        console.warn(
            f"alerts begin here: {passed} older entries of the history, before "
            f"{begins_at:%Y-%m-%d %H:%M %Z}, are told to nobody"
        )


def _remind(district: _District, registry: Registry, now: datetime) -> None:
    """Say of cases that they are overdue, where anybody wants to be told."""
    if any(OVERDUE in policy.events for policy in district.rules.settings.policies):
        note_overdue(
            registry, list(district.categories.values()), district.rules.timetable, now=now
        )


def show(
    patrol: Path, config: Path | None, *, state: str | None, case: str | None, as_json: bool
) -> int:
    """List the newest alerts."""
    workspace = Workspace(patrol)
    where = registry_there(workspace, settings_for(workspace, config))
    wanted = None if state is None else _state(state)
    with Outbox.open(where) as outbox:
        entries = outbox.alerts(state=wanted, case_no=case, limit=_LISTED)
        counts = outbox.counts()
    if as_json:
        console.out.print_json(data=[_json(entry) for entry in entries])
        return console.DONE
    _tell(entries)
    _tell_counts(counts)
    return console.DONE


def preview(
    patrol: Path,
    config: Path | None,
    *,
    event: str | None,
    since: datetime | None,
    as_json: bool,
) -> int:
    """Tell who would get what: of what nobody was told of yet, or of an event of open cases."""
    if event is not None and since is not None:
        raise AlertError("--event supposes what did not happen, --since says what did; give one")
    if event is not None and event not in EVENTS:
        raise AlertError(f"--event {event}: {unknown_event_words(event)}")
    district = _district(patrol, config)
    for name in unset_secrets(district.rules.settings, os.environ):
        console.warn(f"the environment variable {name} is not set, without which nothing is sent")
    if event is None:
        with Outbox.open(district.registry) as outbox:
            entries = outbox.preview(district.rules, _now(), since or _now() - _TOLD_AT_FIRST)
        rows = [_row(entry) for entry in entries]
    else:
        rows = list(_planned(district, event))
    names = ("case", "event", "person", "as", "channel", "state")
    if as_json:
        console.out.print_json(data=[dict(zip(names, row, strict=True)) for row in rows])
    else:
        console.show(f"{len(rows)} alerts would be made", names, rows)
    return console.DONE


def retry(patrol: Path, config: Path | None) -> int:
    """Let dead letters be sent again."""
    workspace = Workspace(patrol)
    with Outbox.open(registry_there(workspace, settings_for(workspace, config))) as outbox:
        revived = outbox.retry_dead(_now())
    console.out.print(f"{revived} dead letters wait to be sent again", highlight=False)
    return console.DONE


def acknowledge(patrol: Path, token: str, config: Path | None) -> int:
    """Note that an alert was seen."""
    workspace = Workspace(patrol)
    word = token.rstrip("/").rpartition("/")[2]
    with Outbox.open(registry_there(workspace, settings_for(workspace, config))) as outbox:
        seen = outbox.acknowledge(word, now=_now())
    when = f"{seen.at:%Y-%m-%d %H:%M} UTC"
    numbers = ", ".join(seen.case_nos)
    console.out.print(f"case {numbers}: acknowledged by {seen.by}, {when}", highlight=False)
    return console.DONE


def _district(patrol: Path, config: Path | None) -> _District:
    workspace = Workspace(patrol)
    settings = settings_for(workspace, config)
    path = settings.dispatching.alerts
    if path is None:
        raise AlertError(
            "no alert settings are named; write them (docs/dispatch.md) and name them as "
            "dispatching.alerts in a settings file that --config gives"
        )
    rulebook = load_rulebook(settings.filing.rules, settings.filing.categories)
    alerts = load_alerts(path)
    templates_of(alerts, path.parent)
    for number, policy in enumerate(alerts.policies, 1):
        where = f"{path}: [[policies]] {number}"
        refuse_unknown_category(policy.category, rulebook.categories, where, AlertError)
    timetable = Timetable(load_calendar(settings.dispatching.calendar))
    return _District(
        registry_there(workspace, settings),
        Rules(alerts, routing_of(workspace, settings), _token, timetable),
        {category.code: category for category in rulebook.categories},
        path.parent,
    )


def _row(entry: AlertEntry) -> tuple[str, ...]:
    person = entry.person_id or "all"
    told = (entry.told_as, entry.channel, entry.state.value)
    return (entry.case_no, entry.event, person, *told)


def _planned(district: _District, event: str) -> Iterator[tuple[str, ...]]:
    now = _now()
    rules = district.rules
    with Registry.open(district.registry) as registry:
        cases = registry.cases(stage=tuple(OPEN_STAGES), limit=None)
        histories = registry.histories(case.case_no for case in cases)
    for case in cases:
        policy = rules.settings.policy(case.category, event, now)
        if policy is None:
            continue
        route = rules.table.route(case.place, case.category)
        owner = owner_of(case, histories[case.case_no], rules.table)
        drafts = first_drafts(rules.settings, policy, rules.table, route, owner, now=now, recent={})
        for draft in drafts:
            person = draft.person_id or "all"
            channel, state = draft.channel.value, draft.state.value
            yield (case.case_no, event, person, draft.told_as, channel, state)


def _state(name: str) -> State:
    try:
        return State(name)
    except ValueError as error:
        known = ", ".join(state.value for state in State)
        raise AlertError(f"--state {name}: no such state; choose one of {known}") from error


def _json(entry: AlertEntry) -> dict[str, object]:
    return {
        "key": entry.key,
        "case": entry.case_no,
        "event": entry.event,
        "person": entry.person_id,
        "as": entry.told_as,
        "channel": entry.channel,
        "state": entry.state.value,
        "attempts": entry.attempts,
        "receipt": entry.receipt,
        "error": entry.error,
        "created_at": entry.created_at.isoformat(),
        "settled_at": entry.settled_at.isoformat() if entry.settled_at else None,
        "acknowledged_by": entry.acknowledged_by,
    }


def _tell(entries: Sequence[AlertEntry]) -> None:
    rows = [
        (
            entry.case_no,
            entry.event,
            entry.person_id or "all",
            entry.channel,
            stamp(entry.created_at, 0),
            f"{entry.state.value} {entry.error}".strip(),
        )
        for entry in entries
    ]
    names = ("case", "event", "person", "channel", "made", "state")
    console.show(f"newest {len(rows)} alerts", names, rows)


def _tell_counts(counts: dict[State, int]) -> None:
    told = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    console.out.print(told or "no alerts", highlight=False)


def _token() -> str:
    return secrets.token_urlsafe(15)


def _now() -> datetime:
    return datetime.now(UTC)
