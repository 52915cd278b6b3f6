"""How the built-in vehicle answers a ground station: commands, parameters, requests; pure."""

from collections.abc import Callable

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flight.protocol import Message
from flight.streams import GIMBAL
from simulations.autopilot import FLIGHT_MODES, Autopilot
from simulations.behaviours import GoTo, Hold
from simulations.personas import AUTO, GUIDED, LAND, LOITER, RTL
from simulations.telemetry import BUILDERS, STREAMS, autopilot_version
from simulations.vehicle import STEP_S

ACCEPTED, DENIED, UNSUPPORTED, FAILED = 0, 2, 3, 4  # MAV_RESULT
FORCE_DISARM = 21196
PX4_TAKEOFF_M = 2.5  # MIS_TAKEOFF_ALT
EVENT_MESSAGES = frozenset({46, 180, 253})  # sent when they happen; an interval means nothing
Parts = tuple[float, ...]


def receive(autopilot: Autopilot, message: Message) -> list[Message]:
    """Answer one message; silence for what is meant for another vehicle."""
    if getattr(message, "target_system", 0) not in (0, autopilot.scene.system):
        return []
    kind = message.get_type()
    if kind.startswith("MISSION_"):
        _mission(autopilot, message)
    elif kind in _ANSWERS:
        _ANSWERS[kind](autopilot, message)
    return autopilot.take_outbox()


def _mission(autopilot: Autopilot, message: Message) -> None:
    if message.get_type() == "MISSION_SET_CURRENT":
        first = autopilot.scene.persona.first_item
        autopilot.mission.jump_to(message.seq + first, autopilot.now_s)
        autopilot.outbox += autopilot.telemetry([42])
        return
    answers = autopilot.stores.receive(
        message, autopilot.now_s, flying=autopilot.is_flying and autopilot.mode == AUTO
    )
    autopilot.outbox += answers
    for severity, words in autopilot.stores.texts:
        autopilot.say(severity, words)
    autopilot.stores.texts = []


def _heartbeat(autopilot: Autopilot, message: Message) -> None:
    if message.get_srcSystem() == autopilot.parameters["SYSID_MYGCS"]:
        autopilot.watches.ground_station.heard_s = autopilot.now_s


def _timesync(autopilot: Autopilot, message: Message) -> None:
    """Answer a question; only a heartbeat shows ArduPilot that its ground station lives."""
    if message.tc1 == 0:
        now_ns = round(autopilot.now_s * 1e9)
        autopilot.outbox.append(mavlink.MAVLink_timesync_message(now_ns, message.ts1))


def _set_mode(autopilot: Autopilot, message: Message) -> None:
    mode = autopilot.scene.persona.mode_of(message.custom_mode)
    if mode is None or not autopilot.set_mode(mode):
        autopilot.say(4, f"No such mode {message.custom_mode}")


def _data_stream(autopilot: Autopilot, message: Message) -> None:
    for kind in STREAMS.get(message.req_stream_id, ()):
        rate_hz = message.req_message_rate if message.start_stop else 0
        _set_interval(autopilot, kind, 1 / rate_hz if rate_hz else 0.0)


def _set_interval(autopilot: Autopilot, kind: int, interval_s: float) -> None:
    if interval_s <= 0:
        autopilot.streams.pop(kind, None)
    else:
        autopilot.streams[kind] = max(1, round(interval_s / STEP_S))


def _send_parameter(autopilot: Autopilot, name: str, index: int = 65535) -> None:
    persona = autopilot.scene.persona
    found = persona.read(autopilot.parameters, name)
    if found is not None:
        value, kind = found
        count = len(persona.names)
        autopilot.outbox.append(
            mavlink.MAVLink_param_value_message(name.encode(), value, kind, count, index)
        )


def _list_parameters(autopilot: Autopilot, message: Message) -> None:
    for index, name in enumerate(autopilot.scene.persona.names):
        _send_parameter(autopilot, name, index)


def _read_parameter(autopilot: Autopilot, message: Message) -> None:
    """Look a parameter up by index, or by name where the index is -1; silence for neither."""
    names = autopilot.scene.persona.names
    if 0 <= message.param_index < len(names):
        _send_parameter(autopilot, names[message.param_index], message.param_index)
    elif message.param_id in names:
        _send_parameter(autopilot, message.param_id, names.index(message.param_id))


def _set_parameter(autopilot: Autopilot, message: Message) -> None:
    meant = autopilot.scene.persona.meant(message.param_id, message.param_value)
    if meant is not None and autopilot.set_parameter(*meant):
        _send_parameter(autopilot, message.param_id)


def _command(autopilot: Autopilot, message: Message) -> None:
    """Run COMMAND_LONG or COMMAND_INT; every command is acknowledged to its sender."""
    p = tuple(getattr(message, f"param{i}", 0.0) for i in range(1, 5))
    last = message.z if message.get_type() == "COMMAND_INT" else message.param7
    run = _COMMANDS.get(message.command)
    before = len(autopilot.outbox)
    result = run(autopilot, (*p, last)) if run else UNSUPPORTED
    ack = mavlink.MAVLink_command_ack_message(
        message.command, result, 0, 0, message.get_srcSystem(), message.get_srcComponent()
    )
    autopilot.outbox.insert(before, ack)  # answers to a request follow the acknowledgement


def _result(done: bool) -> int:
    return ACCEPTED if done else FAILED


def _arm(autopilot: Autopilot, p: Parts) -> int:
    forced = p[1] == FORCE_DISARM
    order = autopilot.arm if p[0] == 1 else autopilot.disarm
    return _result(order(forced=forced))


def _mode(autopilot: Autopilot, p: Parts) -> int:
    mode = autopilot.scene.persona.mode_of(int(p[1]), int(p[2]))
    if mode is not None and autopilot.set_mode(mode):
        return ACCEPTED
    if mode is None or mode not in FLIGHT_MODES:
        autopilot.say(4, f"No such mode {int(p[1])}")
    return FAILED


def _take_off(autopilot: Autopilot, p: Parts) -> int:
    """Climb: ArduPilot takes a height above home in GUIDED, PX4 one above the sea in any mode."""
    if autopilot.scene.persona.key != "px4":
        return _result(autopilot.take_off(p[4]))
    wanted_m = p[4] - autopilot.home.altitude_amsl_m if p[4] == p[4] else PX4_TAKEOFF_M
    autopilot.set_mode(GUIDED)
    return _result(autopilot.take_off(wanted_m))


def _interval(autopilot: Autopilot, p: Parts) -> int:
    kind = int(p[0])
    is_mounted = autopilot.parameters["MNT1_TYPE"] > 0
    if kind in EVENT_MESSAGES or (kind == GIMBAL and not is_mounted):
        return ACCEPTED
    if kind in BUILDERS:
        _set_interval(autopilot, kind, p[1] / 1e6)
        return ACCEPTED
    autopilot.say(6, f"No ap_message for mavlink id ({kind})")
    return DENIED


def _tell_interval(autopilot: Autopilot, p: Parts) -> int:
    steps = autopilot.streams.get(int(p[0]), 0)
    interval_us = round(steps * STEP_S * 1e6)
    autopilot.outbox.append(mavlink.MAVLink_message_interval_message(int(p[0]), interval_us))
    return ACCEPTED


def _request_message(autopilot: Autopilot, p: Parts) -> int:
    kind = int(p[0])
    if kind == 148:
        autopilot.outbox.append(autopilot_version(autopilot.scene.persona, autopilot.scene.uid))
        return ACCEPTED
    autopilot.outbox += autopilot.telemetry([kind])
    return ACCEPTED if kind in BUILDERS else FAILED


def _capabilities(autopilot: Autopilot, p: Parts) -> int:
    autopilot.outbox.append(autopilot_version(autopilot.scene.persona, autopilot.scene.uid))
    for words in autopilot.scene.persona.banner:
        autopilot.say(6, words)
    return ACCEPTED


def _check_arming(autopilot: Autopilot, p: Parts) -> int:
    for reason in autopilot.readiness().faults(None):
        autopilot.say(2, f"PreArm: {reason}")
    return ACCEPTED


def _jump(autopilot: Autopilot, p: Parts) -> int:
    """Make an item the current one; 0 begins anew, as in AP_Mission::set_current_cmd."""
    seq = int(p[0]) + autopilot.scene.persona.first_item
    if not autopilot.is_flying and seq <= 1 < len(autopilot.stores.mission):
        autopilot.mission.rewind()
        return ACCEPTED
    return ACCEPTED if autopilot.mission.jump_to(seq, autopilot.now_s) else DENIED


def _pause(autopilot: Autopilot, p: Parts) -> int:
    """Hold on a way-point leg, or go on after it."""
    mission = autopilot.mission
    on_leg = isinstance(mission.behaviour, GoTo)
    if autopilot.mode != AUTO or not autopilot.is_flying or not (p[0] == 1 or on_leg):
        autopilot.say(6, "Failed to pause")
        return FAILED
    if p[0] == 1 and isinstance(mission.behaviour, Hold):
        mission.resume(autopilot.now_s)
    elif p[0] == 0:
        mission.behaviour = Hold(autopilot.craft)
    return ACCEPTED


def _speed(autopilot: Autopilot, p: Parts) -> int:
    if p[1] <= 0:
        return FAILED
    autopilot.parameters.set("WPNAV_SPEED", p[1] * 100)
    return ACCEPTED


def _camera_distance(autopilot: Autopilot, p: Parts) -> int:
    autopilot.shutter.set_distance(p[0], at_once=p[2] == 1)
    return ACCEPTED


def _shoot(autopilot: Autopilot, p: Parts) -> int:
    autopilot.shutter.pending = True
    return ACCEPTED


_ANSWERS: dict[str, Callable[[Autopilot, Message], None]] = {
    "HEARTBEAT": _heartbeat,
    "TIMESYNC": _timesync,
    "SET_MODE": _set_mode,
    "REQUEST_DATA_STREAM": _data_stream,
    "PARAM_REQUEST_LIST": _list_parameters,
    "PARAM_REQUEST_READ": _read_parameter,
    "PARAM_SET": _set_parameter,
    "COMMAND_LONG": _command,
    "COMMAND_INT": _command,
}
_COMMANDS: dict[int, Callable[[Autopilot, Parts], int]] = {
    17: lambda autopilot, p: _result(autopilot.set_mode(LOITER)),
    20: lambda autopilot, p: _result(autopilot.set_mode(RTL)),
    21: lambda autopilot, p: _result(autopilot.set_mode(LAND)),
    22: _take_off,
    176: _mode,
    178: _speed,
    193: _pause,
    203: _shoot,
    206: _camera_distance,
    224: _jump,
    300: lambda autopilot, p: _result(autopilot.start_mission()),
    400: _arm,
    401: _check_arming,
    510: _tell_interval,
    511: _interval,
    512: _request_message,
    520: _capabilities,
    2000: _shoot,
}
