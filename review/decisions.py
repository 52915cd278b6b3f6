"""What an inspector decides and how its reason is written down."""

import unicodedata

from cases.filing_store import FILING_ACTOR
from cases.lifecycle import Action
from review.errors import DecisionError

REJECT_REASONS = (
    "permitted",
    "not_object",
    "harmless",
    "outside",
    "duplicate",
    "unclear",
    "other",
)
"""Why something seen is no violation, in the order of the keys 1 to 7; "other" needs a note."""


PROGRAM_NAMES = frozenset({"aerogrid", FILING_ACTOR})
"""Who signs in the history for the program; no person goes by these names."""

_INVISIBLE = ("Cc", "Cf", "Cs")  # control, direction and other unseen characters, halves of some


def visible_line(text: str) -> str:
    """Give back a line that shows everything it holds, as the history needs it.

    Raises:
        ValueError: it holds a character that nobody sees.
    """
    unseen = next((c for c in text if unicodedata.category(c) in _INVISIBLE), None)
    if unseen is not None:
        raise ValueError(
            f"holds the invisible character U+{ord(unseen):04X}; write one line of plain text"
        )
    return text


def person_name(name: str) -> str:
    """Give back a name by which a person may sign.

    Raises:
        ValueError: it is, or looks like, one of the program's own, or holds what nobody sees.
    """
    plain = " ".join(unicodedata.normalize("NFKC", visible_line(name)).split()).casefold()
    if plain in PROGRAM_NAMES:
        raise ValueError(f"{name!r} is the program's own name; sign with yours")
    return name


def written_reason(action: Action, reason: str, note: str) -> str:
    """Join a reason and a note as the history keeps them: `permitted`, `other: a greenhouse`."""
    if action is not Action.REJECT:
        return ": ".join(part for part in (reason, note) if part)
    if reason not in REJECT_REASONS:
        raise DecisionError(
            f"reason {reason!r} is not one of {', '.join(REJECT_REASONS)}; choose one of them"
        )
    if reason == "other" and not note:
        raise DecisionError("reason 'other' needs a note; say in a few words why")
    return f"{reason}: {note}" if note else reason
