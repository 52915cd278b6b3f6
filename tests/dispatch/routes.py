"""A small district's routing table."""

from cases.model import Place
from dispatch.routing import RoutingTable, parse_routing

TEXT = """
version = "test"

[[people]]
id = "li"
name = "Li Wei"
phone = "+8613800000001"
push = "json://${PUSH_HOST}/li"

[[people]]
id = "wang-eco"
name = "Wang Fang"
phone = "+8613800000002"

[[people]]
id = "zhao-agri"
name = "Zhao Min"
push = "json://${PUSH_HOST}/zhao"

[[people]]
id = "qian-urban"
name = "Qian Jun"
phone = "+8613800000004"

[[people]]
id = "village-head"
name = "Sun Li"
phone = "+8613800000005"

[[people]]
id = "town-head"
name = "Zhou Bo"
phone = "+8613800000006"

[[people]]
id = "duty"
name = "Duty officer"
phone = "+8613800000007"

[[departments]]
code = "ecology"
name = { en = "Ecology and environment", zh = "生态环境" }
people = ["wang-eco"]

[[departments]]
code = "agriculture"
name = { en = "Agriculture and rural affairs", zh = "农业农村" }
people = ["zhao-agri"]

[[departments]]
code = "urban"
name = { en = "Urban management", zh = "城市管理" }
people = ["qian-urban"]

[[posts]]
level = "village"
town = "West Town"
village = "Reed Village"
people = ["village-head"]

[[posts]]
level = "town"
town = "West Town"
people = ["town-head"]

[[posts]]
level = "district"
people = ["duty"]

[[routes]]
category = "burning.*"
responsible = "ecology"
assisting = ["agriculture"]

[[routes]]
category = "burning.scar"
responsible = "agriculture"

[[routes]]
category = "building.unpermitted"
town = "West Town"
responsible = "urban"
"""

HERE = Place("cell-1", "Cell one", "West Town", "Reed Village", "Li Wei")


def table(text: str = TEXT) -> RoutingTable:
    return RoutingTable(parse_routing(text, "routing.toml"))
