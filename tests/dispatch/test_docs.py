"""The examples of docs/dispatch.md are files that a district can start from."""

import re
from pathlib import Path

from dispatch.policies import parse_alerts
from dispatch.routing import RoutingTable, parse_routing

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "dispatch.md").read_text(encoding="utf-8")
ROUTING, ALERTS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_the_example_of_a_routing_table_can_be_read():
    assert RoutingTable(parse_routing(ROUTING, "docs/dispatch.md")).routes


def test_the_example_of_alert_settings_can_be_read():
    assert len(parse_alerts(ALERTS, "docs/dispatch.md").policies) == 2
