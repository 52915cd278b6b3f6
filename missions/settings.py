"""What an operator decides about a survey."""

from dataclasses import dataclass

from missions.errors import MissionError
from missions.wind import Wind

DEFAULT_HEIGHT_AGL_M = 100.0
COVERED_SHARE = 0.988


@dataclass(frozen=True, slots=True)
class SurveySettings:
    """How to fly over a cell and what must not be exceeded.

    Attributes:
        height_agl_m: above the ground's median; 100 m if neither this nor `gsd_m` is given.
        gsd_m: instead of a height: metres per pixel on the ground's median.
        front_overlap_share: of photos along a row, kept also over the highest ground.
        side_overlap_share: of photos in neighbouring rows, kept also over the highest ground.
        ceiling_agl_m: highest allowed above any ground flown over.
        floor_agl_m: lowest allowed above any ground flown over.
        fence_margin_m: between the cell's boundary and the geofence.
        exposure_s: longest to be expected; with `most_blur_px` it limits the speed.
        most_blur_px: how far the picture may move during an exposure.
        row_heading_deg: clockwise from true north; the fastest direction if None.
        covered_share: of the area within half the row spacing of the way flown. Photos reach
            further, so more of it only brings rows nearer to the border: 0.9995 flies them up to
            it, for about 7 % more time.
        overshoot_m: flown straight on beyond both ends of every row, outside of the area, by
            aircraft that cannot turn on the spot; 0 for those that can.
        home_lonlat_deg: where the crew stands; a good place on the cell's boundary if None.
        wind_m_s: mean wind to be expected, at flying height.
        wind_from_deg: where it comes from; the worst direction for each flight if None.
    """

    height_agl_m: float | None = None
    gsd_m: float | None = None
    front_overlap_share: float = 0.75
    side_overlap_share: float = 0.70
    ceiling_agl_m: float = 120.0
    floor_agl_m: float = 20.0
    fence_margin_m: float = 30.0
    exposure_s: float = 0.001
    most_blur_px: float = 1.0
    row_heading_deg: float | None = None
    covered_share: float = COVERED_SHARE
    overshoot_m: float = 0.0
    home_lonlat_deg: tuple[float, float] | None = None
    wind_m_s: float = 5.0
    wind_from_deg: float | None = None

    def __post_init__(self) -> None:
        """Refuse settings that no survey can be flown with."""
        if self.height_agl_m is not None and self.gsd_m is not None:
            raise MissionError("give height_agl_m or gsd_m, not both: one follows from the other")
        for name in ("height_agl_m", "gsd_m"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise MissionError(f"{name} must be above 0; got {value}")
        for name in ("front_overlap_share", "side_overlap_share"):
            if not 0 <= getattr(self, name) <= 0.95:
                raise MissionError(f"{name} must be 0 to 0.95; got {getattr(self, name)}")
        if not 0.5 <= self.covered_share <= 1:
            raise MissionError(f"covered_share must be 0.5 to 1; got {self.covered_share}")
        for name in ("ceiling_agl_m", "fence_margin_m", "exposure_s", "most_blur_px"):
            if not getattr(self, name) > 0:
                raise MissionError(f"{name} must be above 0; got {getattr(self, name)}")
        if not 0 <= self.overshoot_m <= 500:
            raise MissionError(f"overshoot_m must be 0 to 500; got {self.overshoot_m}")
        if not 0 <= self.wind_m_s < 100:
            raise MissionError(f"wind_m_s must be 0 or more, in m/s; got {self.wind_m_s}")

    @property
    def wind(self) -> Wind:
        """The wind to plan with."""
        return Wind(self.wind_m_s, self.wind_from_deg)
