"""Does a rule make a case of what was seen here?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from shapely import Point

from cases import wording
from cases.categories import Words
from cases.rules import Inside, Outside, Rule, Rulebook, Snooze
from cases.zones import Area, Zones
from geo.frames import LocalFrame
from vision.model import Observation


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one observation.

    Attributes:
        rule: the rule that makes it a case, None where none does.
        why: the findings of that rule, or of every rule that did not fire.
        to_check: a zone or the day that the rule needs is unknown.
    """

    rule: Rule | None
    why: tuple[Words, ...]
    to_check: bool = False


@dataclass(frozen=True, slots=True)
class _Finding:
    """One condition of a rule: whether it holds; None where the zone is unknown."""

    holds: bool | None
    words: Words


def sigma_of(observation: Observation) -> float:
    """One standard deviation of the position along its worst direction, metres."""
    east, mixed, north = observation.covariance_m2
    mean, half = (east + north) / 2, (east - north) / 2
    return float(np.sqrt(max(0.0, mean + np.hypot(half, mixed))))


def screen(observation: Observation, rulebook: Rulebook, on: date | None) -> Verdict:
    """Ask the rules everything but the place: score, size, photos, grid, season."""
    rules = rulebook.rules_for(observation.class_name)
    if not rules:
        return Verdict(None, (wording.no_rule(observation.class_name),))
    reasons: list[Words] = []
    for rule in rules:
        failed = tuple(_failures(observation, rule, rulebook, on))
        if not failed:
            return Verdict(rule, ())
        reasons.extend(failed)
    return Verdict(None, _unique(reasons))


def judge(
    observation: Observation,
    rulebook: Rulebook,
    zones: Zones,
    on: date | None,
    *,
    area: Area | None = None,
) -> Verdict:
    """Find the first rule that makes a case of an observation.

    `area` in lon/lat is compared with the zones, by default the observation's own polygon.
    """
    screened = screen(observation, rulebook, on)
    if screened.rule is None:
        return screened
    reasons: list[Words] = []
    for _, verdict in explain(observation, rulebook, zones, on, area=area):
        if verdict.rule is not None:
            return verdict
        reasons.extend(verdict.why)
    return Verdict(None, _unique(reasons))


def explain(
    observation: Observation,
    rulebook: Rulebook,
    zones: Zones,
    on: date | None,
    *,
    area: Area | None = None,
) -> Iterator[tuple[Rule, Verdict]]:
    """Tell of every rule about the class whether it fires by itself, and why or why not."""
    for rule in rulebook.rules_for(observation.class_name):
        failed = tuple(_failures(observation, rule, rulebook, on))
        if failed:
            yield rule, Verdict(None, failed)
            continue
        verdict = _judge_place(
            rule,
            area or observation.polygon,
            zones,
            sigma_m=sigma_of(observation),
            skips_unknown=rulebook.unknown_zone == "skip",
        )
        if verdict.rule is not None:
            verdict = _with_doubt_of_time(verdict, rule, rulebook, observation, on)
        yield rule, verdict


def _failures(
    observation: Observation, rule: Rule, rulebook: Rulebook, on: date | None
) -> list[Words]:
    failed = []
    if observation.score < rule.min_score:
        failed.append(wording.low_score(observation.score, rule.min_score))
    if observation.area_m2 < rule.min_area_m2:
        failed.append(wording.small_area(observation.area_m2, rule.min_area_m2))
    photos = len(set(observation.photo_ids))
    if photos < rule.min_photos:
        failed.append(wording.few_photos(photos, rule.min_photos))
    if rule.in_grid and observation.cell_code is None:
        failed.append(wording.outside_grid())
    return [*failed, *_untimely(observation, rule, rulebook, on)]


def _untimely(
    observation: Observation, rule: Rule, rulebook: Rulebook, on: date | None
) -> Iterator[Words]:
    """Say what speaks against the day and time of day at which something was seen."""
    day = rulebook.local_day(observation.seen_at, on)
    if rule.season is not None and day is not None:
        season = rulebook.seasons[rule.season]
        if not season.holds(day):
            yield wording.off_season(day.isoformat(), rule.season, season.first, season.last)
    if rule.hours is not None and observation.seen_at is not None:
        at = rulebook.local_time(observation.seen_at)
        if not rule.hours.holds(at):
            yield wording.off_hours(f"{at:%H:%M}", rule.hours.first, rule.hours.last)
    for snooze in rulebook.snoozes:
        if day is not None and snooze.holds(rule.id, day) and _lies_at(observation, snooze):
            period = (snooze.first.isoformat(), snooze.last.isoformat())
            yield wording.snoozed(snooze.id, snooze.why, *period)


def _lies_at(observation: Observation, snooze: Snooze) -> bool:
    """Whether any part of what was seen lies where a snooze holds."""
    if snooze.at is None:
        return observation.cell_code in snooze.cells
    frame = LocalFrame(*snooze.at)  # its origin is the place
    return bool(frame.to_local(observation.polygon).distance(Point(0, 0)) <= snooze.radius_m)


def _with_doubt_of_time(
    verdict: Verdict, rule: Rule, rulebook: Rulebook, observation: Observation, on: date | None
) -> Verdict:
    """Ask a person where a rule needs the day or the time of day and nobody knows it."""
    doubts = []
    if rule.season is not None and rulebook.local_day(observation.seen_at, on) is None:
        season = rulebook.seasons[rule.season]
        doubts.append(wording.unknown_day(rule.season, season.first, season.last))
    if rule.hours is not None and observation.seen_at is None:
        doubts.append(wording.unknown_time(rule.hours.first, rule.hours.last))
    if not doubts:
        return verdict
    return replace(verdict, why=(*verdict.why, *doubts), to_check=True)


def _judge_place(
    rule: Rule, area: Area, zones: Zones, *, sigma_m: float, skips_unknown: bool
) -> Verdict:
    findings = [_check_inside(entry, area, zones, sigma_m) for entry in rule.inside]
    findings += [_check_outside(entry, area, zones, sigma_m) for entry in rule.outside]
    broken = tuple(
        finding.words
        for finding in findings
        if finding.holds is False or (finding.holds is None and skips_unknown)
    )
    if broken:
        return Verdict(None, broken)
    to_check = any(finding.holds is None for finding in findings)
    return Verdict(rule, tuple(finding.words for finding in findings), to_check)


def _check_inside(entry: Inside, area: Area, zones: Zones, sigma_m: float) -> _Finding:
    if not zones.knows(entry.layer, area):
        return _Finding(None, _unknown(entry.layer, zones))
    share = zones.share_inside(entry.layer, area, tolerance_m=max(entry.tolerance_m, sigma_m))
    words = wording.share_inside(share, entry.layer, entry.min_share, at_least=True)
    return _Finding(share >= entry.min_share, words)


def _check_outside(entry: Outside, area: Area, zones: Zones, sigma_m: float) -> _Finding:
    if not zones.knows(entry.layer, area):
        return _Finding(None, _unknown(entry.layer, zones))
    tolerance_m = max(entry.tolerance_m, sigma_m)
    if entry.max_share == 0:
        if zones.touches(entry.layer, area, within_m=tolerance_m):
            return _Finding(False, wording.near_zone(entry.layer, tolerance_m))
        return _Finding(True, wording.clear_of_zone(entry.layer, tolerance_m))
    share = zones.share_inside(entry.layer, area, tolerance_m=tolerance_m)
    words = wording.share_inside(share, entry.layer, entry.max_share, at_least=False)
    return _Finding(share <= entry.max_share, words)


def _unknown(layer: str, zones: Zones) -> Words:
    if zones.has(layer):
        return wording.beyond_zones(layer)
    return wording.unknown_zone(layer) if zones.layers else wording.no_zones(layer)


def _unique(words: Sequence[Words]) -> tuple[Words, ...]:
    return tuple(dict.fromkeys(words))
