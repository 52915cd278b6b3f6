"""EDGE: what a gate found as one HTML file that needs no network.

The page and its style are gate.html; texts are there in English and in Chinese.
"""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from geo.files import replacing
from simulations.gate import Result
from simulations.gate_checks import Check
from simulations.gate_drawing import (
    FAULT,
    FENCE,
    FLOWN,
    GROUND,
    LIMIT,
    PHOTO,
    PLANNED,
    draw_map,
    draw_profile,
)
from simulations.task import Unread

REPORT_FILE = "index.html"
_BODY = "<!--body-->"
MANDARIN = {
    "completed": "完成任务",
    "landed": "安全落地",
    "no crash": "未坠地",
    "fence": "电子围栏",
    "ceiling": "限高",
    "clearance": "离地净空",
    "reserve": "剩余电量",
    "landed at home": "返回起降点",
    "recognised": "识别故障",
    "answered": "处置方式",
    "photos": "照片",
    "coverage": "覆盖率",
    "time": "飞行时间",
}


def write_report(folder: Path, results: Sequence[Result], unread: Sequence[Unread] = ()) -> Path:
    """Write the report of a run as `index.html` in a folder; the same run gives the same bytes.

    Args:
        folder: gets the page.
        results: one flight at least.
        unread: files that could not be flown.
    """
    path = folder / REPORT_FILE
    page = (files("simulations") / "gate.html").read_text(encoding="utf-8")
    with replacing(path) as temporary:
        text = page.replace(_BODY, "\n".join(_body(results, unread)), 1)
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path


def _body(results: Sequence[Result], unread: Sequence[Unread]) -> Iterable[str]:
    by_file = [list(group) for _, group in groupby(results, key=lambda r: r.trial.task.path)]
    yield _header(results, unread)
    yield "<main>"
    yield from _summary(by_file)
    for file in unread:
        yield f'<p class="fail">{_both("not flown", "未能飞行")}: {escape(file.message)}</p>'
    for number, group in enumerate(by_file):
        yield from _file(number, group)
    yield "</main>"


def _both(english: str, mandarin: str) -> str:
    return f'<span lang="en">{escape(english)}</span><span lang="zh">{escape(mandarin)}</span>'


def _verdict(*, passed: bool) -> str:
    kind, words = ("good", ("passed", "通过")) if passed else ("bad", ("failed", "未通过"))
    return f'<span class="verdict {kind}">{_both(*words)}</span>'


def _header(results: Sequence[Result], unread: Sequence[Unread]) -> str:
    passed = sum(result.passed for result in results)
    first, whole = results[0], passed == len(results) and not unread
    facts = _both(
        f"{passed} of {len(results)} flights passed; backend {first.backend}, "
        f"seed {first.trial.seed}",
        f"{len(results)} 次飞行中 {passed} 次通过；后端 {first.backend}，种子 {first.trial.seed}",
    )
    title = _both("Simulated flights", "飞行仿真")
    return (
        f"<header><h1>{title}</h1>{_verdict(passed=whole)}"
        f'<span class="facts">{facts}</span><button id="language" type="button">EN / 中文</button>'
        "</header>"
    )


def _summary(by_file: Sequence[Sequence[Result]]) -> Iterable[str]:
    names = list(dict.fromkeys(r.trial.scenario.name for group in by_file for r in group))
    heads = "".join(f"<th>{escape(name)}</th>" for name in names)
    yield '<div class="scroll"><table class="summary">'
    yield f"<tr><th>{_both('file', '文件')}</th>{heads}</tr>"
    for number, group in enumerate(by_file):
        cells = {result.trial.scenario.name: result for result in group}
        row = "".join(_cell(number, cells.get(name)) for name in names)
        yield f"<tr><td>{escape(group[0].trial.task.path.name)}</td>{row}</tr>"
    yield "</table></div>"


def _cell(number: int, result: Result | None) -> str:
    if result is None:
        return "<td></td>"
    kind = "pass" if result.passed else "fail"
    words = ", ".join(check.name for check in result.failed) or "✓"
    mandarin = "、".join(MANDARIN[check.name] for check in result.failed) or "✓"
    link = f"#{_anchor(number, result)}"
    return f'<td class="{kind}"><a class="{kind}" href="{link}">{_both(words, mandarin)}</a></td>'


def _anchor(number: int, result: Result) -> str:
    return f"f{number}-{result.trial.scenario.key}"


def _file(number: int, group: Sequence[Result]) -> Iterable[str]:
    task = group[0].trial.task
    yield f"<h2>{escape(task.path.name)}</h2>"
    yield f'<p class="sum">SHA-256 {task.sha256} · {escape(task.drone.name)}</p>'
    for result in group:
        yield from _flight(number, result)


def _flight(number: int, result: Result) -> Iterable[str]:
    trial, outcome = result.trial, result.flight.outcome
    wind = trial.wind
    facts = _both(
        f"wind {wind.speed_m_s:g} m/s from {wind.from_deg:g}°, gusts {wind.gust_m_s:.1f} m/s; "
        f"{outcome.duration_s:.0f} s flown, {len(result.flight.trace.exposures)} photos",
        f"风 {wind.speed_m_s:g} m/s，来自 {wind.from_deg:g}°，阵风 {wind.gust_m_s:.1f} m/s；"
        f"飞行 {outcome.duration_s:.0f} s，照片 {len(result.flight.trace.exposures)} 张",
    )
    yield f'<section id="{_anchor(number, result)}">'
    name = escape(trial.scenario.name)
    yield f"<h3>{_verdict(passed=result.passed)}{name}<small>{facts}</small></h3>"
    if result.flight.trace.flown:
        yield f'<div class="pictures"><div>{draw_map(result.flight)}'
        yield f"{_map_key(fails=outcome.injected_s is not None)}</div>"
        yield f"<div>{draw_profile(result.flight)}{_profile_key()}"
        yield from _checks(result.checks)
        yield "</div></div>"
    else:
        yield from _checks(result.checks)
    words = escape("\n".join(outcome.texts))
    yield f"<details><summary>{_both('What the vehicle said', '飞行器消息')}</summary>"
    yield f"<pre>{words}</pre></details></section>"


def _key(entries: Iterable[tuple[str, str, str, str]]) -> str:
    parts = (
        f'<span><i style="border-color:{colour};border-top-style:{style}"></i>'
        f"{_both(en, zh)}</span>"
        for colour, style, en, zh in entries
    )
    return f'<div class="key">{"".join(parts)}</div>'


def _map_key(*, fails: bool) -> str:
    failure = (FAULT, "solid", "failure begins", "故障开始")
    return _key(
        (
            (PLANNED, "solid", "plan", "计划"),
            (FLOWN, "solid", "flown", "实际航迹"),
            (PHOTO, "dotted", "photos", "照片"),
            (FENCE, "dashed", "fence", "围栏"),
            *((failure,) if fails else ()),
        )
    )


def _profile_key() -> str:
    return _key(
        (
            (FLOWN, "solid", "height above home", "相对起飞点高度"),
            (GROUND, "solid", "ground", "地面"),
            (LIMIT, "dashed", "ceiling above ground", "离地限高"),
            (LIMIT, "dotted", "ceiling of the plan", "计划限高"),
        )
    )


def _checks(checks: Sequence[Check]) -> Iterable[str]:
    yield '<table class="checks">'
    for check in checks:
        kind, mark = {True: ("pass", "✓"), False: ("fail", "✗"), None: ("none", "–")}[check.passed]
        name = _both(check.name, MANDARIN[check.name])
        yield (
            f'<tr><td class="{kind}"><b>{mark}</b> {name}</td><td>{escape(check.message)}</td></tr>'
        )
    yield "</table>"
