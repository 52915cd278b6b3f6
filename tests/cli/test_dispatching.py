"""The verbs from cases to people, on a registry of three cases."""

import json
from pathlib import Path

import pytest

from cases.lifecycle import Role
from cases.model import Case
from cases.registry import Registry
from cases.rule_files import load_rulebook
from missions.mission_json import read_sortie
from tests.cases.conftest import FLOWN, patrol_on
from tests.cases.test_registry import file, sights
from tests.cli.test_main import cells_file, run
from tests.dispatch.routes import TEXT
from tests.dispatch.test_period_pages import needs_font
from tests.dispatch.test_period_pages import told as told_by


@pytest.fixture
def patrol(tmp_path: Path) -> Path:
    """A patrol with three established cases, and the district's settings beside it."""
    folder = tmp_path / "patrol"
    with Registry.open(folder / "cases.sqlite") as registry:
        file(registry, load_rulebook(), sights(load_rulebook()), patrol_on(0))
        for case in registry.cases():
            confirm(registry, case)
    (tmp_path / "routing.toml").write_text(TEXT)
    (tmp_path / "district.toml").write_text('[dispatching]\nrouting = "routing.toml"\n')
    return folder


def confirm(registry: Registry, case: Case) -> None:
    version = case.version
    registry.decide(case.case_no, "confirm", actor="Chen", expected_version=version, now=FLOWN)


def test_dispatch_tells_first_and_then_assigns(patrol, monkeypatch, capsys):
    config = patrol.parent / "district.toml"
    assert run(monkeypatch, "dispatch", patrol, "--config", config, "--dry-run", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert run(monkeypatch, "dispatch", patrol, "--config", config, "--json") == 0
    assert json.loads(capsys.readouterr().out) == planned
    assert {order["category"]: order["owner"] for order in planned} == {
        "burning.straw": "department:ecology",
        "building.unpermitted": "department:urban",
        "fishing.boat": "town:West Town",
    }
    assert run(monkeypatch, "dispatch", patrol, "--config", config) == 0
    assert "0 established cases" in capsys.readouterr().out


def test_dispatch_names_what_nobody_answers_for(patrol, monkeypatch, capsys):
    nobody = TEXT[: TEXT.index("[[posts]]")] + TEXT[TEXT.index("[[routes]]") :]
    (patrol.parent / "routing.toml").write_text(nobody)
    config = patrol.parent / "district.toml"
    assert run(monkeypatch, "dispatch", patrol, "--config", config) == 3
    assert "not assigned: nobody answers" in capsys.readouterr().err


def test_dispatch_without_a_routing_table_says_what_to_do(patrol, monkeypatch, capsys):
    assert run(monkeypatch, "dispatch", patrol) == 1
    assert "no routing table is named" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["due", "dispatch"])
def test_a_folder_without_cases_stays_as_it_is(verb, patrol, monkeypatch, capsys):
    config = patrol.parent / "district.toml"
    (patrol.parent / "away").mkdir()
    assert run(monkeypatch, verb, patrol.parent / "away", "--config", config) == 1
    assert "no case registry is there" in capsys.readouterr().err
    assert not list((patrol.parent / "away").iterdir())


def test_due_lists_cases_by_deadline(patrol, monkeypatch, capsys):
    assert run(monkeypatch, "due", patrol, "--at", "2026-06-10T11:00+08:00", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    # confirmed on Wednesday 10 June at 10:30 in China
    assert [(case["standing"], case["due_at"]) for case in told] == [
        ("running", "2026-06-10T03:10:00+00:00"),
        ("running", "2026-06-10T06:30:00+00:00"),
        ("running", "2026-06-25T09:30:00+00:00"),  # Friday 19 June is a holiday
    ]
    assert run(monkeypatch, "due", patrol, "--at", "2026-06-10T11:11+08:00") == 0
    assert "overdue" in capsys.readouterr().out


def test_due_refuses_a_time_without_a_zone(patrol, monkeypatch, capsys):
    assert run(monkeypatch, "due", patrol, "--at", "2026-06-10T11:00") == 1
    assert "with its zone" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["dispatch", "due", "order", ("report", "--period", "week")])
def test_a_patrol_that_is_none_is_refused(verb, patrol, monkeypatch, capsys):
    """Also where settings name the registry, which would else serve any name."""
    words = (verb,) if isinstance(verb, str) else verb
    nowhere = patrol.parent / "week-9"
    settings = patrol.parent / "named.toml"
    settings.write_text(f'[filing]\nregistry = "{patrol / "cases.sqlite"}"\n')
    assert run(monkeypatch, *words, nowhere, "--config", settings) == 1
    assert "there is no such folder" in " ".join(capsys.readouterr().err.split())
    assert not nowhere.exists()


def test_routes_check_lists_gaps(tmp_path, monkeypatch, capsys):
    (tmp_path / "routing.toml").write_text(TEXT)
    cells = cells_file(tmp_path, ["321012103205001", "321012103205002"])
    arguments = ("routes", "check", tmp_path / "routing.toml", "--grids", cells)
    assert run(monkeypatch, *arguments, "--json") == 3
    gaps = told(capsys)
    # the cells have no towns, and the table names one
    strays = [gap for gap in gaps if gap["gap"] == "unknown place"]
    assert {str(gap["names"]) for gap in strays} == {"town West Town"}
    gaps = [gap for gap in gaps if gap not in strays]
    # of six categories only burning is routed everywhere; no cell has an officer
    assert len(gaps) == 2 * (4 + 1)
    assert {gap["falls_to"] for gap in gaps if gap["category"]} == {"district"}
    end = TEXT.index("[[posts]]")
    whole = TEXT[:end] + '[[routes]]\ncategory = "*"\nresponsible = "urban"\n'
    whole = whole.replace('id = "li"', 'id = "li"\ncells = ["321012103205001", "321012103205002"]')
    (tmp_path / "routing.toml").write_text(whole)
    assert run(monkeypatch, *arguments) == 0
    assert "0 gaps in 2 cells x 6" in capsys.readouterr().out


def test_routes_check_names_rows_about_places_and_categories_that_there_are_none_of(
    tmp_path, monkeypatch, capsys
):
    cells = cells_file(tmp_path, ["321012103205001"])
    arguments = ("routes", "check", tmp_path / "routing.toml", "--grids", cells)
    stray = '[[routes]]\ncategory = "fishing.*"\ncells = ["99*"]\nresponsible = "urban"\n'
    (tmp_path / "routing.toml").write_text(TEXT + stray)
    assert run(monkeypatch, *arguments) == 3
    said = " ".join(capsys.readouterr().err.split())
    assert "[[routes]] 4 names a place that the grid does not have: cell 99*" in said
    assert run(monkeypatch, *arguments, "--json") == 3
    found = [gap for gap in json.loads(capsys.readouterr().out) if gap["gap"] == "unknown place"]
    assert {"gap": "unknown place", "rows": ["[[routes]] 4"], "names": "cell 99*"} in found
    (tmp_path / "routing.toml").write_text(TEXT + stray.replace("fishing.*", "fisching.*"))
    assert run(monkeypatch, *arguments) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "[[routes]] 4: no category is 'fisching.*' (did you mean fishing.*" in said


def test_dispatch_refuses_a_route_of_no_category(patrol, monkeypatch, capsys):
    (patrol.parent / "routing.toml").write_text(TEXT.replace("burning.scar", "burning.scra"))
    config = patrol.parent / "district.toml"
    assert run(monkeypatch, "dispatch", patrol, "--config", config) == 1
    assert "did you mean burning.scar" in " ".join(capsys.readouterr().err.split())


ALERTS = """
version = "test"
[[policies]]
category = "*"
events = ["confirm"]
to = ["department", "officer"]
channels = ["push", "page"]
"""


@pytest.fixture
def alerting(patrol: Path) -> Path:
    """The same patrol, whose people are told of confirmed cases by push services that are away."""
    folder = patrol.parent
    (folder / "alerts.toml").write_text(ALERTS.replace("version", "attempts = 1\nversion"))
    (folder / "district.toml").write_text(
        '[dispatching]\nrouting = "routing.toml"\nalerts = "alerts.toml"\n'
    )
    return patrol


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(capsys.readouterr().out)
    return found


def test_alerts_are_tried_sent_listed_and_sent_again(alerting, monkeypatch, capsys):
    arguments = (alerting, "--config", alerting.parent / "district.toml")
    monkeypatch.setenv("PUSH_HOST", "127.0.0.1:9")  # nobody listens there
    since = ("--since", "2026-06-01T00:00+08:00")
    assert run(monkeypatch, "alerts", "test", *arguments, *since, "--json") == 0
    planned = told(capsys)
    assert {row["person"] for row in planned} == {
        "all",
        "li",
        "wang-eco",
        "qian-urban",
        "town-head",
    }
    assert run(monkeypatch, "alerts", "list", *arguments, "--json") == 0
    assert told(capsys) == []
    assert run(monkeypatch, "alerts", "send", *arguments, *since, "--drain") == 3
    sent = capsys.readouterr()
    assert "3 delivered, 6 dead" in sent.out
    lines = sent.err.splitlines()
    assert len(lines) == 3  # those without an address were never tried
    assert all(line.startswith("dead letter push to li: confirm 20260610-") for line in lines)
    assert all("the push service did not take it (A Connection error" in line for line in lines)
    assert run(monkeypatch, "alerts", "list", *arguments, "--state", "dead", "--json") == 0
    dead = told(capsys)
    assert {(row["person"], row["error"].partition(" (")[0]) for row in dead} >= {
        ("li", "the push service did not take it"),
        ("wang-eco", "wang-eco has no address for push in the routing table"),
    }
    assert run(monkeypatch, "alerts", "retry", *arguments) == 0
    assert "3 dead letters wait" in capsys.readouterr().out
    assert run(monkeypatch, "alerts", "list", *arguments) == 0
    assert "3 waiting" in capsys.readouterr().out


def test_the_first_start_says_what_it_passes_over(alerting, monkeypatch, capsys):
    arguments = (alerting, "--config", alerting.parent / "district.toml")
    assert run(monkeypatch, "alerts", "test", *arguments, "--json") == 0
    assert told(capsys) == []
    assert run(monkeypatch, "alerts", "send", *arguments, "--drain") == 0
    printed = capsys.readouterr()
    assert "alerts begin here: 6 older entries of the history" in " ".join(printed.err.split())
    assert "no alerts" in printed.out
    since = ("--since", "2026-06-01T00:00+08:00")
    assert run(monkeypatch, "alerts", "send", *arguments, *since, "--drain") == 0
    assert "--since is for the first start" in " ".join(capsys.readouterr().err.split())
    assert run(monkeypatch, "alerts", "test", *arguments, "--event", "assign", *since) == 1
    assert "give one" in capsys.readouterr().err


GATEWAY = """
[[gateways]]
channel = "sms"
template = "webhook"
key_id = "GATEWAY_KEY"
values = { url = "http://127.0.0.1:9/" }
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"webhook"', '"webhok"', "no template 'webhok' (did you mean webhook?)"),
        ("{ url =", "{ uri =", "needs the value 'url'"),
        ("{ url =", "{ sign = 'x', url =", "no use for the value 'sign'; it takes url"),
        ('category = "*"', 'category = "burning.strwa"', "(did you mean burning.straw"),
        ('category = "*"', 'category = "burnin.*"', "no category is 'burnin.*' (did you mean"),
        ('"confirm"', '"confrim"', "no event is called 'confrim' (did you mean confirm"),
    ],
)
def test_what_sending_refuses_a_test_refuses_in_the_same_words(
    before: str, after: str, said: str, alerting, monkeypatch, capsys
):
    (alerting.parent / "alerts.toml").write_text((ALERTS + GATEWAY).replace(before, after))
    arguments = (alerting, "--config", alerting.parent / "district.toml")
    told_errors = []
    for verb in (("test",), ("test", "--event", "confirm"), ("send", "--drain")):
        assert run(monkeypatch, "alerts", verb[0], *arguments, *verb[1:]) == 1
        told_errors.append(" ".join(capsys.readouterr().err.split()))
    assert said in told_errors[0]
    assert len(set(told_errors)) == 1


def test_a_secret_that_is_not_set_is_told_before_sending(alerting, monkeypatch, capsys):
    (alerting.parent / "alerts.toml").write_text(ALERTS + GATEWAY)
    arguments = (alerting, "--config", alerting.parent / "district.toml")
    monkeypatch.delenv("GATEWAY_KEY", raising=False)
    assert run(monkeypatch, "alerts", "test", *arguments) == 0
    assert "variable GATEWAY_KEY is not set" in " ".join(capsys.readouterr().err.split())
    assert run(monkeypatch, "alerts", "send", *arguments, "--drain") == 1
    assert "variable GATEWAY_KEY is not set" in " ".join(capsys.readouterr().err.split())


def test_a_supposed_event_has_to_be_one(alerting, monkeypatch, capsys):
    arguments = (alerting, "--config", alerting.parent / "district.toml")
    assert run(monkeypatch, "alerts", "test", *arguments, "--event", "asign") == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "no event is called 'asign' (did you mean assign" in said


def test_alerts_of_a_supposed_event_are_told_of_every_open_case(alerting, monkeypatch, capsys):
    arguments = (alerting, "--config", alerting.parent / "district.toml")
    assert run(monkeypatch, "alerts", "test", *arguments, "--event", "confirm", "--json") == 0
    assert len(told(capsys)) == 9
    assert run(monkeypatch, "alerts", "test", *arguments, "--event", "assign", "--json") == 0
    assert told(capsys) == []


def test_an_alert_is_acknowledged_by_its_word(alerting, monkeypatch, capsys):
    arguments = ("--config", alerting.parent / "district.toml")
    assert run(monkeypatch, "alerts", "ack", alerting, "guessed", *arguments) == 1
    assert "no alert has this link" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("send",), "no alert settings are named"),
        (("list", "--state", "lost"), "choose one of waiting, held"),
    ],
)
def test_what_alerts_need_is_asked_for(arguments, said, patrol, monkeypatch, capsys):
    verb, *rest = arguments
    assert run(monkeypatch, "alerts", verb, patrol, *rest) == 1
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_period_is_reported_of_all_cases_of_the_registry(patrol, monkeypatch, capsys):
    out = patrol.parent / "week.docx"
    week = (patrol, "--period", "week", "--on", "2026-06-10")
    assert run(monkeypatch, "report", *week, "--out", out, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["first"], figures["last"]) == ("2026-06-08", "2026-06-14")
    assert (figures["now"]["reported"], figures["now"]["established"]) == (3, 3)
    assert out.exists()
    assert run(monkeypatch, "report", *week) == 0
    assert "Weekly bulletin" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--period", "year"), 1, "choose one of day, week, month, special"),
        (("--period", "special", "--from", "2026-06-10"), 1, "--from and --to"),
        (("--period", "week", "--to", "2026-06-10"), 1, "go with special"),
        (("--period", "day", "--topic", "smoking"), 1, "topic smoking: no category is of it"),
        (("--period", "day", "--area", "Wst"), 1, "--area Wst: no cell and no case lies there"),
        (("--period", "day", "--on", "10 June"), 1, "give a day, such as 2026-06-10"),
        (("--period", "week", "--on", "2999-06-10"), 1, "is still to come"),
        (("--on", "2026-06-10"), 2, "--json go with"),
    ],
)
def test_a_period_that_is_none_is_refused(options, code, said, patrol, monkeypatch, capsys):
    assert run(monkeypatch, "report", patrol, *options) == code
    assert said in " ".join(capsys.readouterr().err.split())


@needs_font
def test_work_orders_are_written_of_what_was_sent_out(patrol, monkeypatch, capsys):
    config, out = patrol.parent / "district.toml", patrol.parent / "orders.pdf"
    assert run(monkeypatch, "order", patrol, "--config", config, "--out", out) == 1
    assert "no case is assigned or being handled" in capsys.readouterr().err
    assert not out.exists()
    run(monkeypatch, "dispatch", patrol, "--config", config)
    assert run(monkeypatch, "order", patrol, "--config", config, "--out", out) == 0
    assert "3 work orders" in capsys.readouterr().out
    text = told_by("pdftotext", "-layout", out, "-")
    assert text.count("\f") == 3
    for words in ("West Town", "生态环境", "department:urban", "无图片"):
        assert words in text


def test_the_work_order_of_a_case_that_is_none_is_refused(patrol, monkeypatch, capsys):
    assert run(monkeypatch, "order", patrol, "20200101-0001", "--out", patrol / "x.pdf") == 1
    assert "20200101-0001" in capsys.readouterr().err
    assert not (patrol / "x.pdf").exists()


def test_what_was_fed_back_is_revisited(patrol, monkeypatch, capsys):
    plans = patrol.parent / "plans"
    plan = ("plan", "--mission", "revisit", "--from-cases", patrol, "--out", plans)
    when = ("--when", "2026-06-15T10:00+08:00")
    assert run(monkeypatch, *plan, *when) == 1
    assert "no case was fed back and waits to be verified" in " ".join(
        capsys.readouterr().err.split()
    )
    assert not plans.exists()
    with Registry.open(patrol / "cases.sqlite") as registry:
        number = registry.cases(order="number")[0].case_no
        for action in ("assign", "start", "feed_back"):
            version = registry.case(number).version
            registry.decide(
                number, action, actor="Li", role=Role.ADMINISTRATOR, expected_version=version,
                now=FLOWN, reason="done",
            )  # fmt: skip
    assert run(monkeypatch, *plan, *when) == 0
    (made,) = plans.rglob("*.mission.json")
    assert len(read_sortie(made).photos) == 4  # far, middle, near, above


@pytest.mark.parametrize("more", [(), ("--resume", "flight.tlog"), ("--refly", "flight.tlog")])
def test_cases_of_a_registry_are_no_survey(more, patrol, monkeypatch, capsys):
    plan = ("plan", "--from-cases", patrol, "--out", patrol.parent / "plans")
    assert run(monkeypatch, *plan, *more) == 1
    assert "belongs to --mission revisit" in " ".join(capsys.readouterr().err.split())
