"""Which sorties of any kind that flies over ground follow the terrain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from geo.footprint import height_for_gsd_m
from geo.terrain import Terrain
from missions.model import Drone, Sortie
from missions.settings import DEFAULT_HEIGHT_AGL_M, SurveySettings
from missions.terrain_following import follow_terrain

_LEAST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Following:
    """How the ground is followed by what was planned over level ground.

    Attributes:
        drone: what flies, and what flights are measured by.
        settings: limits.
        tolerance_m: how far above or below the wanted height a flight may be.
    """

    drone: Drone
    settings: SurveySettings
    terrain: Terrain
    tolerance_m: float

    def nearer(self, height_agl_m: float) -> float:
        """Share of a height that is left at the lowest place of a flight."""
        return max(1 - self.tolerance_m / height_agl_m, _LEAST_SHARE)

    def over_level(self) -> SurveySettings:
        """Settings whose overlaps are as wanted where the flight is lowest above the ground."""
        settings = self.settings
        height = settings.height_agl_m or DEFAULT_HEIGHT_AGL_M
        if settings.gsd_m is not None:
            height = height_for_gsd_m(self.drone.camera, settings.gsd_m)
        return replace(
            settings,
            front_overlap_share=self.kept(settings.front_overlap_share, height),
            side_overlap_share=self.kept(settings.side_overlap_share, height),
        )

    def kept(self, share: float, height_agl_m: float) -> float:
        """Overlap to plan with so that this share is left at the lowest place."""
        return min(1 - (1 - share) * self.nearer(height_agl_m), 0.95)

    def followed(self, sortie: Sortie) -> Sortie:
        """A sortie over level ground, brought to its height above the ground everywhere."""
        settings = self.settings
        height = settings.height_agl_m
        return follow_terrain(
            sortie,
            self.terrain,
            self.drone,
            height_agl_m=sortie.height_home_m if height is None else height,
            tolerance_m=self.tolerance_m,
            ceiling_agl_m=settings.ceiling_agl_m,
            floor_agl_m=settings.floor_agl_m,
        )

    def plan(self, over_level: Callable[[SurveySettings], Sequence[Sortie]]) -> tuple[Sortie, ...]:
        """Plan over level ground with overlaps kept, and follow the ground with each sortie."""
        return tuple(self.followed(sortie) for sortie in over_level(self.over_level()))
