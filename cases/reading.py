"""EDGE: read cases with their evidence by number, many at once.

Rows are read as plain tuples: what is read here becomes a value at once, so nothing has to follow
its changes.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from cases.model import Case, Evidence
from cases.rows import case_from_row, evidence_from_row
from cases.tables import CASES, EVIDENCE

T = TypeVar("T")

_CHUNK = 500
"""Rows of one statement; SQLite before 3.32 takes 999 parameters."""


def read_cases(session: Session, case_nos: Sequence[str]) -> dict[str, Case]:
    """Read cases by number, in the order asked for; unknown numbers are left out."""
    found: dict[str, Case] = {}
    for chunk in chunks(case_nos):
        evidence = _evidence(session, chunk)
        query = select(CASES).where(CASES.c.case_no.in_(chunk))
        for row in session.execute(query):
            found[row.case_no] = case_from_row(row, evidence.get(row.case_no, ()))
    return {case_no: found[case_no] for case_no in case_nos if case_no in found}


def _evidence(session: Session, case_nos: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """All that was ever filed for each case, oldest first."""
    keys = EVIDENCE.c.case_no, EVIDENCE.c.version, EVIDENCE.c.position
    query = select(EVIDENCE).where(EVIDENCE.c.case_no.in_(case_nos)).order_by(*keys)
    rows: dict[str, list[Row[Any]]] = {}
    for row in session.execute(query):
        rows.setdefault(row.case_no, []).append(row)
    return rows


def read_evidence(session: Session, case_no: str) -> tuple[Evidence, ...]:
    """Read all that was ever filed for a case, oldest first."""
    return tuple(map(evidence_from_row, _evidence(session, [case_no]).get(case_no, ())))


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a list into pieces that one statement takes."""
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
