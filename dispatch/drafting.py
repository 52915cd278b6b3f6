"""Who gets what of one event: recipients, channels, and when; nothing is written here."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from cases.model import Place
from dispatch.alerts import Draft, State
from dispatch.policies import SHARED, AlertSettings, Channel, Policy
from dispatch.routing import Level, Owner, Person, Route, RoutingTable

NOBODY = "nobody"
"""What stands for the person where the routing table has none."""


def first_drafts(
    settings: AlertSettings,
    policy: Policy,
    table: RoutingTable,
    route: Route,
    owner: Owner | None,
    *,
    now: datetime,
    recent: Mapping[str, int],
) -> list[Draft]:
    """Tell whom the policy names; `recent` counts what a person got in the last hour."""
    told: dict[str, tuple[Person, str]] = {}
    for recipient in policy.to:
        for person in _people(recipient, table, route, owner):
            told.setdefault(person.id, (person, recipient))
    drafts = [
        Draft("", channel, "all", State.WAITING, now)
        for channel in policy.channels
        if channel in SHARED
    ]
    for person, role in told.values():
        drafts += _for_person(settings, policy, person, role, now, recent.get(person.id, 0))
    return drafts if told or not policy.to else [*drafts, _for_nobody(policy, now)]


def level_drafts(
    settings: AlertSettings,
    policy: Policy,
    table: RoutingTable,
    place: Place,
    level: Level,
    *,
    now: datetime,
    recent: Mapping[str, int],
) -> list[Draft]:
    """Tell a level of the territory, since nobody has acknowledged; whatever the hour.

    `recent` counts what a person got in the last hour; who had too much gets it in the digest.
    """
    post = table.post(level, place)
    people = post.people if post else ()
    loud = policy.model_copy(update={"quiet": None})
    return [
        draft
        for person in people
        for draft in _for_person(settings, loud, person, level.value, now, recent.get(person.id, 0))
    ]


def _people(
    recipient: str, table: RoutingTable, route: Route, owner: Owner | None
) -> Sequence[Person]:
    if recipient == "officer":
        return (route.officer,) if route.officer else ()
    if recipient == "department":
        return owner.people if owner else ()
    if recipient == "assisting":
        return [person for entry in route.assisting for person in entry.people]
    post = table.post(Level(recipient), route.place)
    return post.people if post else ()


def _for_person(
    settings: AlertSettings,
    policy: Policy,
    person: Person,
    told_as: str,
    now: datetime,
    recent: int,
) -> list[Draft]:
    channels = [channel for channel in policy.channels if channel not in SHARED]
    has = [channel for channel in channels if address_of(person, channel)]
    if not has:
        why = f"{person.id} has no address for {', '.join(channels)} in the routing table"
        return [Draft(person.id, channels[0], told_as, State.DEAD, now, why)] if channels else []
    state, ready_at = _when(settings, policy, now, recent)
    return [Draft(person.id, channel, told_as, state, ready_at) for channel in has]


def _when(
    settings: AlertSettings, policy: Policy, now: datetime, recent: int
) -> tuple[State, datetime]:
    """At once, after the quiet hours, or in the digest where somebody had too many."""
    if policy.most_per_hour is not None and recent >= policy.most_per_hour:
        return State.DIGEST, settings.next_digest(now)
    quiet_until = settings.quiet_until(policy, now)
    return (State.WAITING, now) if quiet_until is None else (State.HELD, quiet_until)


def _for_nobody(policy: Policy, now: datetime) -> Draft:
    why = f"the routing table has nobody for {', '.join(policy.to)}"
    return Draft(NOBODY, policy.channels[0], "nobody", State.DEAD, now, why)


def address_of(person: Person, channel: Channel) -> str:
    """Where a person is reached by a channel; empty where nowhere."""
    return (person.push if channel is Channel.PUSH else person.phone) or ""
