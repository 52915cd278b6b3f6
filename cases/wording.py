"""What is said about a finding, in English and Chinese."""

from cases.categories import Words
from cases.lifecycle import Action, Stage
from cases.outcomes import Finding, Outcome
from vision.classes import CLASSES

_CLASSES = {entry.name: Words(entry.label_en, entry.label_zh) for entry in CLASSES}
_LAYERS = {
    "farmland": Words("farmland", "农田"),
    "closed_water": Words("closed water", "禁渔水域"),
    "open_water": Words("open water", "开放水域"),
    "industrial": Words("an industrial zone", "工业区"),
    "permitted": Words("permitted footprints", "许可用地范围"),
}

_STAGES = {
    Stage.REPORTED: Words("reported", "已上报"),
    Stage.ESTABLISHED: Words("established", "已立案"),
    Stage.ASSIGNED: Words("assigned", "已派遣"),
    Stage.HANDLING: Words("in handling", "处理中"),
    Stage.FED_BACK: Words("fed back", "已反馈"),
    Stage.CLOSED: Words("closed", "已结案"),
    Stage.EVALUATED: Words("evaluated", "已评价"),
    Stage.SUSPENDED: Words("suspended", "挂账"),
    Stage.SNOOZED: Words("snoozed", "暂缓"),
    Stage.REJECTED: Words("rejected", "已驳回"),
    Stage.WITHDRAWN: Words("withdrawn", "已撤回"),
}

_ACTIONS = {
    Action.CONFIRM: Words("confirm", "确认立案"),
    Action.REJECT: Words("reject", "驳回"),
    Action.SNOOZE: Words("snooze", "暂缓"),
    Action.WAKE: Words("wake", "恢复审核"),
    Action.REOPEN: Words("re-open", "重新打开"),
    Action.UNDO: Words("undo", "撤销"),
    Action.ASSIGN: Words("assign", "派遣"),
    Action.RETURN: Words("return", "退回"),
    Action.START: Words("begin handling", "开始处理"),
    Action.FEED_BACK: Words("feed back", "反馈"),
    Action.CLOSE: Words("verify and close", "核查结案"),
    Action.REWORK: Words("rework", "返工"),
    Action.SUSPEND: Words("suspend", "挂账"),
    Action.RESUME: Words("resume", "恢复处理"),
    Action.SUPERVISE: Words("supervise", "督办"),
    Action.EVALUATE: Words("evaluate", "综合评价"),
    Action.WITHDRAW: Words("withdraw", "撤回"),
    Action.REFILE: Words("file again", "重新上报"),
}


_OUTCOMES = {
    Outcome.SOLVED: Words("solved", "已解决"),
    Outcome.UNCHANGED: Words("unchanged", "未变化"),
    Outcome.GROWN: Words("grown", "有扩大"),
    Outcome.UNCLEAR: Words("unclear", "无法判定"),
    Outcome.NOT_COVERED: Words("not covered", "未覆盖"),
}


def class_words(class_name: str) -> Words:
    """Name a class."""
    return _CLASSES.get(class_name, Words(class_name, class_name))


def layer_words(layer: str) -> Words:
    """Name a zone layer; one that the district added keeps its own name."""
    return _LAYERS.get(layer, Words(f'zone "{layer}"', f"“{layer}”区域"))


def no_rule(class_name: str) -> Words:
    """Say that no rule speaks of a class."""
    name = class_words(class_name)
    return Words(f"no rule speaks of {name.en}", f"没有针对{name.zh}的规则")


def low_score(score: float, minimum: float) -> Words:
    """Say that a score is too low."""
    return Words(
        f"score {score:.2f} is below {minimum:.2f}", f"置信度 {score:.2f} 低于 {minimum:.2f}"
    )


def small_area(area_m2: float, minimum_m2: float) -> Words:
    """Say that an object is too small."""
    return Words(
        f"area {area_m2:.1f} m² is below {minimum_m2:.1f} m²",
        f"面积 {area_m2:.1f} 平方米小于 {minimum_m2:.1f} 平方米",
    )


def few_photos(photos: int, minimum: int) -> Words:
    """Say that too few photos show an object."""
    return Words(
        f"seen in {photos} photo(s), {minimum} are needed",
        f"仅 {photos} 张照片可见，需要 {minimum} 张",
    )


def outside_grid() -> Words:
    """Say that an object is in no cell."""
    return Words("outside every grid cell", "不在任何网格内")


def off_season(day: str, season: str, first: str, last: str) -> Words:
    """Say that a day is out of a rule's season."""
    return Words(
        f"{day} is outside the season {season} ({first} to {last})",
        f"{day} 不在“{season}”期间（{first} 至 {last}）",
    )


def unknown_day(season: str, first: str, last: str) -> Words:
    """Say that a person has to find out whether a day was in a rule's season."""
    return Words(
        f"to check: day unknown; the rule holds in the season {season} ({first} to {last})",
        f"待核实：日期未知；规则适用于“{season}”期间（{first} 至 {last}）",
    )


def off_hours(at: str, first: str, last: str) -> Words:
    """Say that a time of day is out of a rule's hours."""
    return Words(
        f"{at} is outside the hours {first} to {last}", f"{at} 不在 {first} 至 {last} 时段内"
    )


def unknown_time(first: str, last: str) -> Words:
    """Say that a person has to find out whether a time of day was in a rule's hours."""
    return Words(
        f"to check: time unknown; the rule holds from {first} to {last}",
        f"待核实：时间未知；规则适用于 {first} 至 {last}",
    )


def snoozed(snooze_id: str, why: str, first: str, last: str) -> Words:
    """Say that nothing is filed at a place for a while."""
    return Words(
        f"snoozed here from {first} to {last}: {why} ({snooze_id})",
        f"此处 {first} 至 {last} 暂停上报：{why}（{snooze_id}）",
    )


def no_zones(layer: str) -> Words:
    """Say that nobody gave any zones, so that a person has to look."""
    name = layer_words(layer)
    return Words(
        f"to check: no zones were given, so nothing is known of {name.en}",
        f"待核实：未提供区域文件，无法判断{name.zh}",
    )


def unknown_zone(layer: str) -> Words:
    """Say that a layer is missing in the zones given, so that a person has to look."""
    name = layer_words(layer)
    return Words(
        f"to check: the zone file has no layer for {name.en}", f"待核实：区域文件缺少{name.zh}图层"
    )


def beyond_zones(layer: str) -> Words:
    """Say that the zones are of another place, so that a person has to look."""
    name = layer_words(layer)
    return Words(
        f"to check: off the ground that the zone file covers, so nothing is known of {name.en}",
        f"待核实：位于区域文件覆盖范围之外，无法判断{name.zh}",
    )


def share_inside(share: float, layer: str, limit: float, *, at_least: bool) -> Words:
    """Say how much of an object lies in a layer and what the rule asks for."""
    name = layer_words(layer)
    asked_en, asked_zh = ("at least", "至少") if at_least else ("at most", "至多")
    return Words(
        f"{share:.0%} in {name.en}; the rule asks for {asked_en} {limit:.0%}",
        f"{share:.0%} 位于{name.zh}，规则要求{asked_zh} {limit:.0%}",
    )


def near_zone(layer: str, distance_m: float) -> Words:
    """Say that a part of an object is in or near a layer that it must not touch."""
    name = layer_words(layer)
    return Words(
        f"a part of it is in {name.en} or within {distance_m:.0f} m of it",
        f"部分位于{name.zh}内或 {distance_m:.0f} 米范围内",
    )


def clear_of_zone(layer: str, distance_m: float) -> Words:
    """Say that an object keeps its distance from a layer."""
    name = layer_words(layer)
    return Words(
        f"clear of {name.en} by more than {distance_m:.0f} m",
        f"距{name.zh}超过 {distance_m:.0f} 米",
    )


def part_of(class_name: str, observation_id: str) -> Words:
    """Say that an object was judged together with another one."""
    name = class_words(class_name)
    return Words(
        f"judged together with the {name.en} {observation_id}",
        f"与{name.zh} {observation_id} 一并判断",
    )


def also_seen(class_name: str, count: int) -> Words:
    """Say what else was seen at the place."""
    name = class_words(class_name)
    return Words(f"{name.en} seen at the same place ({count})", f"同一地点可见{name.zh}（{count}）")


def burnt_area(count: int, area_m2: float) -> Words:
    """Say how much ground a fire has burnt."""
    scar = class_words("burn_scar")
    return Words(
        f"{scar.en} seen at the same place ({count}): {area_m2:.0f} m² burnt",
        f"同一地点可见{scar.zh}（{count}），过火面积 {area_m2:.0f} 平方米",
    )


def area_words(class_name: str) -> Words:
    """Say of what a case's area is: that of a fire is of what decided, not of what burnt."""
    names = {
        "flame": Words("flame area", "火焰面积"),
        "smoke": Words("smoke area", "烟雾面积"),
        "burn_scar": Words("burnt area", "过火面积"),
    }
    return names.get(class_name, Words("area", "面积"))


def seen(class_name: str, score: float, minimum: float) -> Words:
    """Say what was seen and how surely."""
    name = class_words(class_name)
    return Words(
        f"{name.en} seen with score {score:.2f}; the rule asks for at least {minimum:.2f}",
        f"识别到{name.zh}，置信度 {score:.2f}，规则要求至少 {minimum:.2f}",
    )


def drawn(class_name: str) -> Words:
    """Say that a person drew something in a photo."""
    name = class_words(class_name)
    return Words(f"{name.en} drawn in a photo by a person", f"人工在照片中勾画的{name.zh}")


def reclassed(who: str, before: str, after: str, found: Words | None, rule_id: str) -> Words:
    """Say who changed the class of something, and what had been found before."""
    was, now = class_words(before), class_words(after)
    had = Words(f": {found.en}", f"：{found.zh}") if found else Words("", "")
    return Words(
        f"class changed by {who} from {was.en} to {now.en}; filed by rule {rule_id}{had.en}",
        f"{who}将类别由“{was.zh}”改为“{now.zh}”；原按规则 {rule_id} 上报{had.zh}",
    )


def stage_words(stage: Stage) -> Words:
    """Name a stage of the life cycle."""
    return _STAGES[stage]


def action_words(action: Action) -> Words:
    """Name what somebody does to a case."""
    return _ACTIONS[action]


def outcome_words(outcome: Outcome) -> Words:
    """Name what a patrol found at a case that waited to be verified."""
    return _OUTCOMES[outcome]


def finding_words(finding: Finding) -> Words:
    """Say what a patrol found at a case that waited to be verified."""
    name = outcome_words(finding.outcome)
    if finding.grown_m2 is None or finding.area_m2 is None:
        return name
    before_m2, now_m2 = finding.area_m2
    areas = f"{before_m2:.0f} → {now_m2:.0f} m²"
    return Words(
        f"{name.en} by {finding.grown_m2:.0f} m² ({areas})",
        f"{name.zh} {finding.grown_m2:.0f} 平方米（{areas}）",
    )


def verified_words(finding: Finding) -> Words:
    """Say that a patrol looked at a case, and what it found."""
    found = finding_words(finding)
    return Words(f"verified from the air: {found.en}", f"空中复核：{found.zh}")
