"""What an inspector decides and how its reason is written down."""

from cases.lifecycle import Action
from review.errors import DecisionError

REJECT_REASONS = (
    "permitted",
    "not_object",
    "harmless",
    "outside",
    "duplicate",
    "unclear",
    "not_ours",
    "other",
)
"""Why something seen is no violation, in the order of the keys 1 to 8; "other" needs a note."""


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
