"""EDGE: does a mission file, as it reads back, pass the check that its sortie has passed.

Formats differ in what they can say: without a take-off of its own, cut into parts that fly home
and out again, a mission is another flight than the one that was planned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from geo.terrain import Terrain
from missions.airspace import Airspace
from missions.check import check
from missions.check_limits import Limits
from missions.errors import MissionError
from missions.findings import Finding, Severity
from missions.model import Drone, Sortie
from missions.open_file import read_mission


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What planned sorties were checked against.

    Attributes:
        limits: what must be kept to.
        terrain: heights of the ground; level at home's altitude if None.
        airspace: zones and obstacles that are in force.
    """

    limits: Limits
    terrain: Terrain | None
    airspace: Airspace

    def errors(self, path: Path, sortie: Sortie, drone: Drone) -> tuple[Finding, ...]:
        """What makes a written file unsafe.

        Args:
            path: of any kind that is read, written from the sortie.
            sortie: says home and fence where the format does not, and the return height.
            drone: that flies it.

        Raises:
            MissionError: the file cannot be read.
        """
        read = read_mission(path)
        whole = replace(read, home=read.home or sortie.home, fence=read.fence or sortie.fence)
        limits = replace(self.limits, return_height_m=sortie.return_height_m)
        found = check(whole, limits, self.terrain, self.airspace, drone)
        return tuple(finding for finding in found if finding.severity is Severity.ERROR)

    def prove(self, paths: Sequence[Path], sortie: Sortie, drone: Drone) -> None:
        """Refuse files that are not as safe as their sortie; arguments as for `errors`.

        Raises:
            MissionError: a file would not be safe to fly.
        """
        for path in paths:
            errors = self.errors(path, sortie, drone)
            if errors:
                parts = f", one of {len(paths)} parts," if len(paths) > 1 else ""
                raise MissionError(
                    f"{path.name}{parts} would not be safe: {errors[0].message} Plan shorter "
                    "flights or another height, or leave this cell out"
                )
