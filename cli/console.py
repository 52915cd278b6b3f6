"""What a person sees in the terminal: progress bars, tables, messages."""

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from geo.errors import AerogridError

# Exit codes; docs/cli.md has them all.
DONE, IN_PART = 0, 3

_BORDER = 3
"""Columns of the terminal that a column of a table takes beside its text."""
_UNBROKEN = 20
"""What takes more columns of the terminal is a sentence, which may be broken between its words."""

_STDOUT, _STDERR = 1, 2  # as the operating system numbers them


class _Lines(Console):
    """Breaks messages for a terminal alone.

    In a pipe, a file or a journal each stays one line: the name of a file in it can be looked for.
    """

    def print(self, *objects: Any, soft_wrap: bool | None = None, **options: Any) -> None:
        """Print; what is no text, as a table, is always as wide as the terminal would be."""
        if soft_wrap is None and all(isinstance(entry, str) for entry in objects):
            soft_wrap = not self.is_terminal
        super().print(*objects, soft_wrap=soft_wrap, **options)


# Results go to standard output, everything else to standard error, so that --json can be piped.
out = _Lines()
err = _Lines(stderr=True)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
    )


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress bars on standard error while the block runs."""
    with _progress() as shown:
        yield shown


@contextmanager
def bars() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Give what makes a bar of a name; the bar is told how many are done, and of how many.

    A bar is shown once it is told something; without any, nothing is written at all.
    """
    shown = _progress()
    tasks: dict[str, TaskID] = {}

    def bar(name: str) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            if name not in tasks:
                shown.start()
                tasks[name] = shown.add_task(name, total=total)
            shown.update(tasks[name], completed=done, total=total)

        return tell

    try:
        yield bar
    finally:
        if tasks:
            shown.stop()


@contextmanager
def libraries_aside() -> Iterator[None]:
    """Send what libraries print past Python to standard error while the block runs.

    HiGHS prints a line where it repairs a solution, whatever it is told, in the midst of `--json`.
    """
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield
    finally:
        os.dup2(kept, _STDOUT)
        os.close(kept)


def warn(message: str) -> None:
    """Tell something the user should know, without stopping."""
    err.print(f"[yellow]note:[/] {escape(message)}", highlight=False)


def line(message: str) -> None:
    """Tell what goes on, in one line however long, in a terminal too."""
    err.print(escape(message), highlight=False, soft_wrap=True)


def tell_notes(error: BaseException | None) -> None:
    """Tell what an error that stops a command notes beside its message, if there is one."""
    for note in getattr(error, "__notes__", ()):
        warn(note)


def fail(message: str) -> None:
    """Tell why a command stopped."""
    err.print(f"[bold red]error:[/] {escape(message)}", highlight=False)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """Make a table whose first column is text and whose others are figures."""
    grid = Table(title=title, title_justify="left", title_style="bold")
    for index, name in enumerate(columns):
        if index == 0:
            grid.add_column(name, justify="left", overflow="fold")  # codes differ at their end
        else:
            grid.add_column(name, justify="right", overflow="fold")
    for row in rows:
        grid.add_row(*(escape(str(value)) for value in row))
    return grid


def tables(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[Table]:
    """Make a table, or several with the same first column where one would cut words.

    How wide the terminal is decides; what is wider than that by itself is cut all the same.
    """
    texts = [list(columns), *([str(value) for value in row] for row in rows)]
    least = [_longest_word(name) for name in columns]
    for first, *figures in texts[1:]:
        needed = (_longest_word(first), *map(_least, figures))
        least = [max(pair) for pair in zip(least, needed, strict=True)]
    whole = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    for number, chosen in enumerate(_that_fit(least)):
        grid = table(
            title if number == 0 else f"{title} (continued)",
            [columns[index] for index in chosen],
            [[row[index] for index in chosen] for row in rows],
        )
        spare = out.width - 1 - sum(least[index] + _BORDER for index in chosen)
        for column, index in zip(grid.columns, chosen, strict=True):
            more = max(min(whole[index] - least[index], spare), 0)
            column.width, spare = least[index] + more, spare - more
        yield grid


def show(title: str, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table, or several where one would cut words."""
    for part in tables(title, columns, [tuple(row) for row in rows]):
        out.print(part)


def _least(text: str) -> int:
    """Columns that a figure or a few words keep; a sentence may be broken between its words."""
    return cell_len(text) if cell_len(text) <= _UNBROKEN else _longest_word(text)


def _longest_word(text: str) -> int:
    """Columns of the terminal that the longest word takes; Chinese signs take two."""
    return max((cell_len(word) for word in text.split()), default=0)


def _that_fit(least: Sequence[int]) -> list[list[int]]:
    """Indexes of the columns of each part, the first column in all, about as many in each."""
    parts = _parts(least, len(least))
    return _parts(least, -(-(len(least) - 1) // len(parts)))


def _parts(least: Sequence[int], most: int) -> list[list[int]]:
    """Fill one part after the other up to the width of the terminal, or so many columns."""
    parts, used = [[0]], 1 + least[0] + _BORDER
    first = used
    for index, width in enumerate(least[1:], start=1):
        if len(parts[-1]) > 1 and (used + width + _BORDER > out.width or len(parts[-1]) > most):
            parts.append([0])
            used = first
        parts[-1].append(index)
        used += width + _BORDER
    return parts


def counted(number: int, thing: str) -> str:
    """A number of things: 1 sortie, 2 sorties."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def where(path: Path) -> str:
    """Name a path as the user would type it, safe to print."""
    try:
        return escape(str(path.resolve().relative_to(Path.cwd())))
    except ValueError:
        return escape(str(path))


def moment(option: str, text: str) -> datetime:
    """Read a time with its zone that an option was given."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    if found.utcoffset() is None:
        raise AerogridError(
            f"{option} {text}: give an ISO time with its zone, such as 2026-06-15T10:00+08:00"
        )
    return found


@contextmanager
def until_told() -> Iterator[Event]:
    """Give an event that Ctrl-C and the system's wish to end set; what is in hand is finished."""
    stop = Event()

    def told(*_: object) -> None:
        stop.set()

    before = [(number, signal.signal(number, told)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield stop
    finally:
        for number, handler in before:
            signal.signal(number, handler)
