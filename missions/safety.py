"""Which flights of a district are not safe to fly."""

from collections.abc import Sequence
from dataclasses import dataclass

from geo.terrain import Terrain
from missions.airspace import Airspace
from missions.check import check
from missions.check_limits import Limits
from missions.drones import drone_named
from missions.findings import Severity
from missions.model import Sortie


@dataclass(frozen=True, slots=True)
class SafetyCheck:
    """The safety check as each process of a batch calls it."""

    limits: Limits
    airspace: Airspace

    def __call__(self, sortie: Sortie, terrain: Terrain) -> Sequence[str]:
        """Say what forbids a sortie."""
        drone = drone_named(sortie.drone_key)
        found = check(sortie, self.limits, terrain, self.airspace, drone)
        return [finding.message for finding in found if finding.severity is Severity.ERROR]
