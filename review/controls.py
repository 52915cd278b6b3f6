"""EDGE: read cases whose answer is known from a CSV file: `case,answer`, a case a line."""

import csv
from pathlib import Path

from cases.looks import ANSWERS
from review.errors import ControlFileError

COLUMNS = ("case", "answer")


def read_controls(path: Path) -> dict[str, str]:
    """Read the answer of each case.

    Raises:
        ControlFileError: the file cannot be read, or a line is not a case and an answer.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ControlFileError(f"{path}: cannot be read as CSV in UTF-8 ({error})") from error
    found: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        case_no, answer = ((row.get(name) or "").strip() for name in COLUMNS)
        if not case_no or answer not in ANSWERS:
            raise ControlFileError(
                f"{path}: line {number} has case {case_no!r} and answer {answer!r}; give columns "
                f"{', '.join(COLUMNS)}, and {' or '.join(ANSWERS)} as the answer"
            )
        if found.setdefault(case_no, answer) != answer:
            raise ControlFileError(f"{path}: line {number} gives {case_no} another answer again")
    if not found:
        raise ControlFileError(f"{path}: names no case; give columns {', '.join(COLUMNS)}")
    return found
