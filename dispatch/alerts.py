"""What an alert is: to whom, by what, about what, and how far it has come."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dispatch.policies import Channel


class State(StrEnum):
    """How far an alert has come."""

    WAITING = "waiting"
    """Is sent as soon as it is its turn."""
    HELD = "held"
    """Waits for the end of quiet hours, and holds nothing else up."""
    DIGEST = "digest"
    """Waits for the next digest of the person."""
    SENDING = "sending"
    DELIVERED = "delivered"
    """The channel took it; its receipt is kept."""
    DEAD = "dead"
    """Given up; somebody has to look."""
    MERGED = "merged"
    """Came in a digest, whose key is its receipt."""
    CANCELLED = "cancelled"
    """The case needed no alert any more."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An alert that is to be made.

    Attributes:
        person_id: empty for channels that tell everybody who listens.
        told_as: officer, department, village...
        ready_at: when it may be sent.
        error: why it cannot be sent at all.
    """

    person_id: str
    channel: Channel
    told_as: str
    state: State
    ready_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """An alert as a channel gets it.

    Attributes:
        word: acknowledges it; known to nobody but whom it is handed to.
        address: phone or push address; empty for channels that tell everybody.
        body: case, category, place, text and so on.
        is_repeat: nobody knows whether it was taken before: its sender was killed or not answered.
    """

    alert_id: int
    key: str
    word: str
    channel: Channel
    person_id: str
    address: str
    body: Mapping[str, Any]
    attempts: int
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of handing an alert over.

    Attributes:
        retry_at: when to try again; None where it was taken or is given up.
    """

    alert_id: int
    state: State
    receipt: str = ""
    error: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """An alert as people look at it."""

    alert_id: int
    key: str
    case_no: str
    event: str
    person_id: str
    channel: str
    told_as: str
    state: State
    ready_at: datetime
    attempts: int
    receipt: str
    error: str
    created_at: datetime
    settled_at: datetime | None
    acknowledged_by: str | None


def alert_key(notice_key: str, level: int, person_id: str, channel: str) -> str:
    """Name an alert for ever: the same event, level, person and channel have the same key."""
    told = "\0".join((notice_key, str(level), person_id, channel))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
