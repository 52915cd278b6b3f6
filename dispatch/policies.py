"""Who is told of what, when and how: the alert settings that a district edits."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cases.lifecycle import Action
from cases.outcomes import VERIFIED
from cases.rules import Hours, Season
from dispatch.clock import local_time
from dispatch.errors import AlertError
from dispatch.gateways import Gateway
from dispatch.naming import near_words
from dispatch.routing import Level
from dispatch.tables import Checked, parse_table

FILED = "file"
"""What the history calls the entry that opens a case."""
OVERDUE = "overdue"
"""What it calls the entry that says once of a deadline that it has passed."""

EVENTS = (FILED, OVERDUE, VERIFIED, *(action.value for action in Action))
"""What somebody can be told of."""

_ENDING = frozenset(
    {
        Action.REJECT,
        Action.SNOOZE,
        Action.WITHDRAW,
        Action.FEED_BACK,
        Action.CLOSE,
        Action.EVALUATE,
    }
)
"""After these a case needs no alert any more."""


class Channel(StrEnum):
    """A way to tell somebody."""

    PUSH = "push"
    SMS = "sms"
    VOICE = "voice"
    MQTT = "mqtt"
    PAGE = "page"
    WEBHOOK = "webhook"


SHARED = frozenset({Channel.MQTT, Channel.PAGE, Channel.WEBHOOK})
"""Channels that tell everybody who listens, not a person."""

Recipient = Literal["department", "assisting", "officer", "village", "town", "district"]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Policy(Checked):
    """Who is told of an event of a category; the first policy of the file that fits counts.

    Attributes:
        events: of the case's history: `file`, `overdue`, `verified`, or actions of the life cycle
            such as `assign`.
        season, days: when it holds, such as a fire-risk season; always where neither is given.
        to: whom; `officer` is that of the cell, `department` whoever has to handle the case.
        acknowledge_within_min: after so long without an answer the next of `escalate_to` is told.
        merge_min: for so long, events of the same kind in the same cell are one alert.
        quiet: hours in which nobody is told; what comes then waits for their end.
        most_per_hour: alerts that one person gets; more of them come in the digest.
    """

    category: Annotated[str, Field(pattern=r"^(\*|[^*]+(\.\*)?)$")]
    events: tuple[str, ...] = Field(min_length=1)
    season: Season | None = None
    days: frozenset[date] = frozenset()
    to: tuple[Recipient, ...] = ()
    channels: tuple[Channel, ...] = Field(min_length=1)
    acknowledge_within_min: Annotated[int, Field(ge=1, le=10_000)] | None = None
    escalate_to: tuple[Level, ...] = ()
    merge_min: Annotated[int, Field(ge=0, le=10_000)] = 0
    quiet: Hours | None = None
    most_per_hour: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _can_be_followed(self) -> Self:
        for name in self.events:
            if name not in EVENTS:
                raise ValueError(unknown_event_words(name))
        if not self.to and not set(self.channels) <= SHARED:
            raise ValueError("push, sms and voice need somebody to tell: give to")
        if (self.acknowledge_within_min is None) != (not self.escalate_to):
            raise ValueError("give both acknowledge_within_min and escalate_to, or neither")
        return self

    def holds(self, category: str, event: str, day: date) -> bool:
        """Whether it is about an event of a category on a day."""
        if event not in self.events or not self._is_about(category):
            return False
        if self.season is None and not self.days:
            return True
        return day in self.days or (self.season is not None and self.season.holds(day))

    def _is_about(self, category: str) -> bool:
        if self.category in ("*", category):
            return True
        family = self.category.removesuffix("*")
        return family.endswith(".") and category.startswith(family)


class Mqtt(Checked):
    """The broker that alerts are published to.

    Attributes:
        topic: with {category}, {cell} and {event}.
        user, password: names of environment variables.
    """

    host: str = Field(min_length=1)
    port: Annotated[int, Field(ge=1, le=65_535)] = 1883
    topic: str = "aerogrid/alerts/{category}/{cell}"
    user: str | None = None
    password: str | None = None
    tls: bool = False


class AlertSettings(Checked):
    """All that a district decides about alerts.

    Attributes:
        page_url: where the review page is reached, for the links that acknowledge.
        digest_at: times of day at which digests go out.
        attempts: after so many failures an alert is given up, and listed as a dead letter.
    """

    version: str = Field(min_length=1)
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14)] = 8.0
    page_url: Annotated[str, Field(pattern=r"^https?://[^\s]+[^/\s]$")] | None = None
    digest_at: tuple[ClockTime, ...] = ("08:30",)
    attempts: Annotated[int, Field(ge=1, le=100)] = 10
    first_retry_s: Annotated[float, Field(gt=0, le=3600)] = 2.0
    longest_retry_s: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    policies: tuple[Policy, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    mqtt: Mqtt | None = None

    def policy(self, category: str, event: str, at: datetime) -> Policy | None:
        """Find the policy for an event; None where nobody wants to be told."""
        day = local_time(at, self.utc_offset_hours).date()
        found = (entry for entry in self.policies if entry.holds(category, event, day))
        return next(found, None)

    def quiet_until(self, policy: Policy, at: datetime) -> datetime | None:
        """End of the quiet hours that hold at a moment; None where none do."""
        if policy.quiet is None:
            return None
        local = local_time(at, self.utc_offset_hours)
        if not policy.quiet.holds(local.time()):
            return None
        minute = timedelta(minutes=1)  # of the last minute all is quiet
        return _next_clock(local - minute, policy.quiet.last) + minute

    def next_digest(self, at: datetime) -> datetime:
        """When the next digest goes out."""
        local = local_time(at, self.utc_offset_hours)
        return min(_next_clock(local, clock) for clock in self.digest_at)

    def retry_after(self, attempts: int, key: str) -> timedelta:
        """How long to wait after so many failures: twice as long each time, a little scattered."""
        wait_s = min(self.first_retry_s * 2.0 ** (attempts - 1), self.longest_retry_s)
        scatter = int(key[:4], 16) / 0xFFFF if key else 0.0
        return timedelta(seconds=wait_s * (0.75 + 0.5 * scatter))

    @model_validator(mode="after")
    def _has_what_it_uses(self) -> Self:
        used = {channel for policy in self.policies for channel in policy.channels}
        has = {Channel(gateway.channel) for gateway in self.gateways}
        for channel in (Channel.SMS, Channel.VOICE, Channel.WEBHOOK):
            if channel in used and channel not in has:
                raise ValueError(f"a policy uses {channel.value}, for which there is no gateway")
        if Channel.MQTT in used and self.mqtt is None:
            raise ValueError("a policy uses mqtt, but no broker is named: give [mqtt]")
        if not self.digest_at:
            raise ValueError("digest_at needs at least one time of day")
        return self


def unknown_event_words(name: str) -> str:
    """Say that nobody can be told of an event, and of which one can be."""
    return f"no event is called {name!r}{near_words(name, EVENTS)}; there are {', '.join(EVENTS)}"


def ends(action: str) -> bool:
    """Whether alerts of a case end with an entry of its history."""
    return action in _ENDING


def parse_alerts(text: str, source: str) -> AlertSettings:
    """Read alert settings; `source` names the file in messages.

    Raises:
        AlertError: they break their schema.
    """
    return parse_table(AlertSettings, text, source, AlertError)


def _next_clock(local: datetime, clock: str) -> datetime:
    """The next moment at which a clock on the wall shows a time."""
    hour, minute = map(int, clock.split(":"))
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)
