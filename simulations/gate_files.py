"""EDGE: what a gate found, as JUnit XML for CI and as JSON."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from geo.files import replacing
from simulations.gate import Result
from simulations.gate_checks import MODE_NAMES, Check
from simulations.task import Unread

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FORMAT, VERSION = "aerogrid simulation", 1
PROPERTIES = (
    "file", "sha256", "backend", "seed", "wind_m_s", "wind_from_deg", "gust_m_s", "duration_s",
)  # fmt: skip


def result_document(result: Result) -> dict[str, Any]:
    """One flight in JSON's types."""
    task, scenario, outcome = result.trial.task, result.trial.scenario, result.flight.outcome
    wind = result.trial.wind
    return {
        "file": str(task.path),
        "sha256": task.sha256,
        "code": task.code,
        "scenario": scenario.name,
        "expects": str(scenario.expects),
        "fault": None if scenario.fault is None else str(scenario.fault),
        "passed": result.passed,
        "backend": result.backend,
        "seed": result.trial.seed,
        "wind_m_s": wind.speed_m_s,
        "wind_from_deg": wind.from_deg,
        "gust_m_s": wind.gust_m_s,
        "duration_s": round(outcome.duration_s, 1),
        "planned_s": round(task.planned_s, 1),
        "photos": len(result.flight.trace.exposures),
        "reason": outcome.problem or outcome.reason,
        "ordered_by_gate": outcome.by_gate,
        "modes": [MODE_NAMES.get(mode, str(mode)) for mode in outcome.modes],
        "log": str(result.log_path) if result.log_path.exists() else None,
        "checks": [_check_document(check) for check in result.checks],
    }


def _check_document(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "passed": check.passed,
        "value": _finite(check.value),
        "limit": _finite(check.limit),
        "unit": check.unit,
        "detail": check.detail,
    }


def _finite(value: float | None) -> float | None:
    return round(value, 3) if value is not None and math.isfinite(value) else None


def gate_document(results: Sequence[Result], unread: Sequence[Unread] = ()) -> dict[str, Any]:
    """All flights of a run, and the files that could not be flown."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "passed": not unread and all(result.passed for result in results),
        "flights": [result_document(result) for result in results],
        "unread": [{"file": str(file.path), "error": file.message} for file in unread],
    }


def write_json(path: Path, results: Sequence[Result]) -> None:
    """Write all flights of a run, whole or not at all."""
    text = json.dumps(gate_document(results), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def write_junit(path: Path, results: Sequence[Result], unread: Sequence[Unread] = ()) -> None:
    """Write JUnit XML: a suite for each file and scenario, a case for each check.

    A file that could not be flown is a suite with an error.
    """
    suites = [*map(_suite, results), *map(_unread_suite, unread)]
    root = ET.Element("testsuites", {"name": "aerogrid simulate", **_sums(suites)})
    root.extend(suites)
    ET.indent(root)
    with replacing(path) as temporary:
        ET.ElementTree(root).write(temporary, encoding="utf-8", xml_declaration=True)


def _sums(suites: Sequence[ET.Element]) -> dict[str, str]:
    whole = {
        name: str(sum(int(suite.get(name, "0")) for suite in suites))
        for name in ("tests", "failures", "errors", "skipped")
    }
    return {**whole, "time": f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}"}


def _suite(result: Result) -> ET.Element:
    task, scenario = result.trial.task, result.trial.scenario
    name = f"{task.code}: {scenario.name}"
    suite = ET.Element(
        "testsuite",
        name=_plain(name),
        tests=str(len(result.checks)),
        failures=str(len(result.failed)),
        errors="0",
        skipped=str(sum(check.passed is None for check in result.checks)),
        time=f"{result.wall_s:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    document = result_document(result)
    for key in PROPERTIES:
        value = _plain(str(document[key]))
        ET.SubElement(properties, "property", name=key, value=value)
    for check in result.checks:
        suite.append(_case(result, check))
    return suite


def _unread_suite(file: Unread) -> ET.Element:
    name, message = _plain(str(file.path)), _plain(file.message)
    counts = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0", "time": "0"}
    suite = ET.Element("testsuite", {"name": name, **counts})
    case = ET.SubElement(suite, "testcase", name="read", classname=name, time="0")
    ET.SubElement(case, "error", message=message, type="read").text = message
    return suite


def _case(result: Result, check: Check) -> ET.Element:
    """One check; all of a flight's are judged at once, so the time is an equal part each."""
    classname = f"{result.trial.task.code}.{result.trial.scenario.key}"
    part_s = f"{result.wall_s / len(result.checks):.3f}"
    case = ET.Element("testcase", name=check.name, classname=_plain(classname), time=part_s)
    if check.passed is None:
        ET.SubElement(case, "skipped", message=_plain(check.message))
    elif not check.passed:
        failure = ET.SubElement(case, "failure", message=_plain(check.message), type=check.name)
        # GitLab shows the text alone where there is one, so the message comes first in it, too.
        failure.text = _plain("\n".join((check.message, *result.flight.outcome.texts[-20:])))
    return case


def _plain(text: str) -> str:
    """Text without characters that XML 1.0 does not allow."""
    return _FORBIDDEN.sub("", text)
