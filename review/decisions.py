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

_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, direction, other unseen ones, line ends
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and signs that show nothing: Hangul fillers, the empty Braille cell and others."""

_LIKE_LATIN = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "COPTIC", "CHEROKEE", "LISU"})
"""Alphabets with letters that look like Latin ones."""


def visible_line(text: str) -> str:
    """Give back a line that shows everything it holds, as the history needs it.

    Raises:
        ValueError: it holds a character that nobody sees.
    """
    unseen = next((c for c in text if unicodedata.category(c) in _INVISIBLE or c in _BLANK), None)
    if unseen is not None:
        raise ValueError(
            f"holds the invisible character U+{ord(unseen):04X}; write one line of plain text"
        )
    return text


def person_name(name: str) -> str:
    """Give back a name by which a person may sign.

    Raises:
        ValueError: it is one of the program's own, marks, width and case aside; has no letter or
            digit; holds what nobody sees; or mixes Latin letters in a word with such as look alike.
    """
    parts = unicodedata.normalize("NFKD", visible_line(name))
    bare = "".join(c for c in parts if not unicodedata.category(c).startswith("M"))
    words = bare.casefold().split()
    if not any(c.isalnum() for c in bare):
        raise ValueError(f"{name!r} has no letter or digit; sign with your name")
    if " ".join(words) in PROGRAM_NAMES:
        raise ValueError(f"{name!r} is the program's own name; sign with yours")
    if any(map(_is_disguise, words)):
        raise ValueError(
            f"{name!r} mixes alphabets whose letters look alike in one word; write it in one"
        )
    return name


def _is_disguise(word: str) -> bool:
    alphabets = {unicodedata.name(c, "").partition(" ")[0] for c in word if c.isalpha()}
    return "LATIN" in alphabets and not alphabets.isdisjoint(_LIKE_LATIN)


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
