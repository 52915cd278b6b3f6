"""Everything that may break a flight of the built-in vehicle off, looked at in order; pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from simulations.failsafes import (
    BatteryWatch,
    GroundStationWatch,
    Order,
    PositionWatch,
    RadioWatch,
    ThrustWatch,
)
from simulations.fencing import Fence
from simulations.parameters import Parameters
from simulations.vehicle import Multirotor


@dataclass(slots=True)
class Watches:
    """The failsafes of one vehicle."""

    parameters: Parameters
    fence: Fence = field(init=False)
    battery: BatteryWatch = field(init=False)
    ground_station: GroundStationWatch = field(init=False)
    radio: RadioWatch = field(init=False)
    position: PositionWatch = field(init=False)
    thrust: ThrustWatch = field(default_factory=ThrustWatch)

    def __post_init__(self) -> None:
        """Have each watch read the same parameters."""
        self.fence = Fence(self.parameters)
        self.battery = BatteryWatch(self.parameters)
        self.ground_station = GroundStationWatch(self.parameters)
        self.radio = RadioWatch(self.parameters)
        self.position = PositionWatch(self.parameters)

    @property
    def critical(self) -> bool:
        """Whether a failsafe is on."""
        watches = (self.battery, self.ground_station, self.radio, self.position)
        return any(watch.active for watch in watches)

    def voltage_v(self, craft: Multirotor) -> float:
        """Voltage at the pins, or what SIM_BATT_VOLTAGE says instead."""
        return self.parameters["SIM_BATT_VOLTAGE"] or craft.battery.voltage_v

    def check(self, craft: Multirotor, now_s: float, *, flying: bool) -> Iterator[Order]:
        """What each of them asks for now; on the ground only GNSS is looked at."""
        found = [self.position.check(now_s, flying=flying)]
        if flying:
            voltage_v, used_mah = self.voltage_v(craft), craft.battery.used_mah
            sinking = craft.lost_m > 0
            found += [
                self.fence.check(craft.position, round(now_s * 1000)),
                self.battery.check(voltage_v, used_mah, now_s),
                self.ground_station.check(now_s),
                self.radio.check(now_s),
                self.thrust.check(craft.throttle_share, now_s, sinking=sinking),
            ]
        return (order for order in found if order is not None)
