"""EDGE: write cases and their history together, inside one transaction."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from cases.chain import case_hash, evidence_hash, next_event
from cases.lifecycle import FILING_ACTIONS, Action
from cases.model import Case, Event, Head
from cases.reading import chunks
from cases.rows import (
    case_values,
    event_from_row,
    event_values,
    evidence_values,
    fresh_evidence,
)
from cases.standing import Standing, assumed, heard
from cases.tables import CASES, EVENTS, EVIDENCE, CaseRow, EventRow

_BY_PERSONS = tuple(action.value for action in Action if action not in FILING_ACTIONS)


class Journal:
    """Appends entries to the history, each with the case as it stands afterwards.

    Nothing reaches the database before the end of the `with` block.
    """

    def __init__(self, session: Session, *, actor: str, now: datetime) -> None:
        self._session = session
        self.actor = actor
        self.now = now
        self._cases: dict[str, Case] = {}
        self._events: list[Event] = []
        self._evidence: list[dict[str, Any]] = []
        last = session.scalars(select(EventRow).order_by(EventRow.seq.desc()).limit(1)).first()
        self._last: Event | None = event_from_row(last) if last else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write()

    @property
    def head(self) -> Head:
        """The last entry so far."""
        assert self._last is not None, "asked for after the first entry"
        return Head(self._last.seq, self._last.hash)

    @property
    def last(self) -> Event:
        """The newest entry, whole."""
        assert self._last is not None, "asked for after the first entry"
        return self._last

    def record(self, case: Case, action: str, details: Mapping[str, Any]) -> Case:
        """Note what a case has become and why; returns it at its new version.

        Evidence that has no version yet gets this one, and the entry names it.
        """
        case = _at_next_version(case)
        self._cases[case.case_no] = case
        self._evidence.extend(evidence_values(case))
        facts = {**details, **_named_evidence(case)}
        facts |= {"version": case.version, "state": case_hash(case)}
        self._append(case.case_no, action, facts)
        return case

    def newest(self, case: Case) -> Case:
        """A case as it was last recorded here; as given where it was not."""
        return self._cases.get(case.case_no, case)

    def note(self, action: str, details: Mapping[str, Any]) -> None:
        """Note something about no case in particular."""
        self._append(None, action, details)

    def _append(self, case_no: str | None, action: str, details: Mapping[str, Any]) -> None:
        self._last = next_event(
            self._last,
            case_no=case_no,
            at=self.now,
            actor=self.actor,
            action=action,
            details=details,
        )
        self._events.append(self._last)

    def _write(self) -> None:
        cases = list(self._cases.values())
        for chunk in chunks(cases):
            numbers = [case.case_no for case in chunk]
            query = select(CaseRow.case_no).where(CaseRow.case_no.in_(numbers))
            known = set(self._session.scalars(query))
            self._insert(CASES, [case_values(case) for case in chunk if case.case_no not in known])
            self._update([case_values(case) for case in chunk if case.case_no in known])
        for rows in chunks(self._evidence):
            self._insert(EVIDENCE, list(rows))
        for events in chunks(self._events):
            self._insert(EVENTS, [event_values(event) for event in events])

    def _insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._session.connection().execute(insert(table), rows)

    def _update(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            of_case = CASES.c.case_no == bindparam("of_case")
            for row in rows:
                row["of_case"] = row.pop("case_no")
            self._session.connection().execute(update(CASES).where(of_case), rows)


def _at_next_version(case: Case) -> Case:
    version = case.version + 1
    evidence = tuple(
        entry if entry.version else replace(entry, version=version) for entry in case.evidence
    )
    as_read = sorted(evidence, key=lambda entry: entry.version)  # the case's hash goes by order
    return replace(case, version=version, evidence=tuple(as_read))


def _named_evidence(case: Case) -> dict[str, Any]:
    named = [
        {
            "photo": entry.photo_id,
            "photo_sha256": entry.photo_sha256,
            "sha256": evidence_hash(case.case_no, position, entry),
        }
        for position, entry in fresh_evidence(case)
    ]
    return {"evidence": named} if named else {}


def load_standings(session: Session, cases: Mapping[str, Case]) -> dict[str, Standing]:
    """Read what patrols say of cases out of the history."""
    standings = dict.fromkeys(cases, Standing())
    for chunk in chunks(list(cases)):
        columns = select(EventRow.case_no, EventRow.details).where(
            EventRow.case_no.in_(chunk), EventRow.action.not_in(_BY_PERSONS)
        )
        for case_no, details in session.execute(columns.order_by(EventRow.seq)):
            standings[str(case_no)] = heard(standings[str(case_no)], details)
    return {
        case_no: standing if standing.statements else assumed(cases[case_no])
        for case_no, standing in standings.items()
    }
