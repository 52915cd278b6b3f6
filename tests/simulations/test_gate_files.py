"""What a gate writes: JUnit XML as CI reads it, JSON, and a page that needs no network."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from simulations.gate_checks import Limits
from simulations.gate_files import gate_document, write_json, write_junit
from simulations.gate_html import MANDARIN, write_report
from simulations.scenarios import Expectation, Fault, Scenario
from tests.simulations.gates import CALM, fly, gate_sortie, task_of


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """One flight that passes, one that fails a check, one that never began."""
    folder = tmp_path_factory.mktemp("gate")
    good, _ = fly(task_of(folder), CALM, folder)
    hostile = gate_sortie('A<&"\u4e00')
    low, _ = fly(task_of(folder, hostile), CALM, folder, limits=Limits(ceiling_agl_m=25.0))
    empty = replace(task_of(folder), items=(replace(gate_sortie().items[2], command=9999),))
    scenario = Scenario("GPS loss", Expectation.LANDED, fault=Fault.GPS)
    refused, _ = fly(empty, scenario, folder)
    return [good, low, refused]


def test_junit_has_the_structure_that_ci_expects(results, tmp_path):
    write_junit(tmp_path / "out.xml", results)
    root = ET.parse(tmp_path / "out.xml").getroot()
    assert root.tag == "testsuites"
    suites = list(root)
    assert [suite.tag for suite in suites] == ["testsuite"] * 3
    for suite, result in zip(suites, results, strict=True):
        cases = suite.findall("testcase")
        assert {child.tag for child in suite} <= {"properties", "testcase"}
        assert int(suite.get("tests")) == len(cases) == len(result.checks)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped"))
        assert float(suite.get("time")) >= 0
        for case in cases:
            assert case.get("name")
            assert case.get("classname")
            assert {child.tag for child in case} <= {"failure", "skipped"}
            assert all(child.get("message") for child in case.findall("failure"))
    for name in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(name)) == sum(int(suite.get(name)) for suite in suites)


def test_junit_says_what_failed(results, tmp_path):
    write_junit(tmp_path / "out.xml", results)
    root = ET.parse(tmp_path / "out.xml").getroot()
    failed = {
        case.get("name") for case in root.iter("testcase") if case.find("failure") is not None
    }
    assert {"ceiling", "completed"} <= failed
    (message,) = {f.get("message") for f in root.iter("failure") if f.get("type") == "ceiling"}
    assert "limit 25" in message
    for failure in root.iter("failure"):
        assert failure.text.startswith(failure.get("message"))


def test_junit_tells_the_time_it_took_and_the_flights_as_a_property(results, tmp_path):
    write_junit(tmp_path / "out.xml", results)
    root = ET.parse(tmp_path / "out.xml").getroot()
    for suite, result in zip(root, results, strict=True):
        assert float(suite.get("time")) == pytest.approx(result.wall_s, abs=1e-3)
        parts_s = sum(float(case.get("time")) for case in suite.iter("testcase"))
        assert parts_s == pytest.approx(result.wall_s, abs=0.02)
        told = {p.get("name"): p.get("value") for p in suite.iter("property")}
        assert float(told["duration_s"]) == pytest.approx(result.flight.outcome.duration_s, abs=0.1)
    assert float(root.get("time")) > 0


def test_json_says_the_same_without_numbers_that_are_none(results, tmp_path):
    write_json(tmp_path / "out.json", results)
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    document = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert document == json.loads(json.dumps(gate_document(results)))
    assert document["passed"] is False
    assert [flight["passed"] for flight in document["flights"]] == [True, False, False]


def test_the_page_shows_every_flight_and_asks_nothing_of_a_network(results, tmp_path):
    page = write_report(tmp_path, results).read_text(encoding="utf-8")
    assert len(re.findall("<section", page)) == 3
    assert len(re.findall("<svg", page)) == 4  # map and profile; the third never flew
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "http" not in page.replace("http-equiv", "")
    assert 'A<&"' not in page


def test_the_page_is_the_same_for_the_same_flights(results, tmp_path):
    first = write_report(tmp_path / "a", results).read_bytes()
    assert write_report(tmp_path / "b", results).read_bytes() == first


def test_every_check_has_a_chinese_name(results):
    assert {check.name for result in results for check in result.checks} <= set(MANDARIN)
