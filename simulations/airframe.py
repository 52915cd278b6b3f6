"""What a simulated multirotor weighs, resists and draws, and what its battery shows; pure."""

import math
from dataclasses import dataclass, replace

from missions.model import Drone

GRAVITY_M_S2 = 9.80665
INDUCED_POWER_EXPONENT = 1.5  # induced power grows with thrust^1.5 (momentum theory)
MOST_LEAN_DEG = 30.0  # ArduCopter's parameter ANGLE_MAX


@dataclass(frozen=True, slots=True)
class Airframe:
    """Mass, drag and battery; the defaults are near a DJI Mavic 3 Enterprise.

    Attributes:
        drag_1_m: deceleration by air drag over airspeed squared.
        rotor_drag_1_s: deceleration by the rotors over airspeed.
        drag_power_share: of the power that drag takes, what comes on top of hovering; the air that
            a moving rotor meets saves the rest (translational lift).
        thrust_to_weight: of all motors at full throttle.
    """

    mass_kg: float = 1.05
    drag_1_m: float = 0.0155
    rotor_drag_1_s: float = 0.0
    hover_power_w: float = 120.0
    efficiency_share: float = 0.7
    drag_power_share: float = 1.0
    battery_wh: float = 77.0
    full_v: float = 17.0
    empty_v: float = 14.0
    resistance_ohm: float = 0.04
    yaw_rate_deg_s: float = 60.0
    thrust_to_weight: float = 2.0

    def induced_w(self, push_m_s2: float, lift_m_s2: float) -> float:
        """Power of the rotors that push sideways and lift, by momentum theory."""
        load = math.hypot(push_m_s2, lift_m_s2) / GRAVITY_M_S2
        return self.hover_power_w * float(load**INDUCED_POWER_EXPONENT)

    def drag_w(self, push_m_s2: float, speed_m_s: float) -> float:
        """Power that a sideways push at a speed takes, were none of it saved."""
        return self.mass_kg * push_m_s2 * speed_m_s / self.efficiency_share


@dataclass(slots=True)
class Battery:
    """Energy drawn so far, and what the pins show."""

    airframe: Airframe
    used_wh: float = 0.0
    used_mah: float = 0.0
    power_w: float = 0.0

    def draw(self, power_w: float, dt_s: float) -> None:
        """Take power over a time."""
        self.power_w = power_w
        self.used_wh += power_w * dt_s / 3600
        self.used_mah += self.current_a * dt_s / 3.6

    @property
    def remaining_share(self) -> float:
        """Energy left, 0 to 1."""
        return max(0.0, 1 - self.used_wh / self.airframe.battery_wh)

    @property
    def current_a(self) -> float:
        """Drawn now."""
        return self.power_w / self.airframe.empty_v

    @property
    def voltage_v(self) -> float:
        """Under load: falls linearly with charge, as lithium cells do between 95 and 10 %."""
        frame = self.airframe
        open_v = frame.empty_v + (frame.full_v - frame.empty_v) * self.remaining_share
        return open_v - frame.resistance_ohm * self.current_a


def airframe_of(drone: Drone, battery_share: float = 1.0) -> Airframe:
    """An airframe that hovers, climbs and cruises on the drone library's powers, and is as fast.

    Its drag holds it at the drone's top air speed where it leans as far as it may.

    Args:
        drone: whose battery, powers and speed it has; the rest is that of the usual airframe.
        battery_share: capacity that a worn battery has left.
    """
    usual = Airframe()
    lift_w = drone.climb_w - drone.hover_w
    mass_kg = lift_w * usual.efficiency_share / (GRAVITY_M_S2 * drone.climb_speed_m_s)
    most_push_m_s2 = GRAVITY_M_S2 * math.tan(math.radians(MOST_LEAN_DEG))
    sag_v = usual.resistance_ohm * usual.hover_power_w  # the same sag for every size of battery
    frame = replace(
        usual,
        mass_kg=mass_kg if lift_w > 0 else usual.mass_kg,
        drag_1_m=most_push_m_s2 / drone.top_air_speed_m_s**2,
        hover_power_w=drone.hover_w,
        battery_wh=drone.battery_wh * battery_share,
        resistance_ohm=sag_v / drone.hover_w,
    )
    push_m_s2 = frame.drag_1_m * drone.cruise_speed_m_s**2
    left_w = drone.cruise_w - frame.induced_w(push_m_s2, GRAVITY_M_S2)
    share = left_w / frame.drag_w(push_m_s2, drone.cruise_speed_m_s)
    return replace(frame, drag_power_share=min(max(share, 0.0), 1.0))
