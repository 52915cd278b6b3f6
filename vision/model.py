"""What is known of photos and of what was seen in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shapely import Polygon

from geo.camera import Camera
from geo.placement import Placement
from geo.pose import Pose

Backend = Literal["onnxruntime", "openvino", "openvino-bf16", "openvino-int8", "torch"]
"""Which program runs a model, and in which precision."""

AcceptableFlaw = Literal["tiny", "thermal", "blurred", "dark", "overexposed", "empty", "duplicate"]
"""What may be wrong with a photo that is searched all the same when a person says so."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One photo: what it is, whether it can be used, and from where it was taken.

    Attributes:
        photo_id: path below the photo folder without suffix, parts joined by "/"; unique.
        path: relative to the photo folder.
        sha256: of the file's bytes, hexadecimal.
        taken_at: UTC, None when the photo does not say.
        camera: None when the interior orientation is unknown.
        pose: None when the exterior orientation is unknown.
        gsd_m: metres per pixel at the middle of the picture, None where the height is unknown.
        placement: of an orthophoto, which needs neither camera nor pose.
        reasons: what is wrong with it or not known of it; `vision.quality.is_worth_looking` says
            which of these keep detection away.
    """

    photo_id: str
    path: str
    sha256: str
    width_px: int
    height_px: int
    taken_at: datetime | None
    camera: Camera | None
    pose: Pose | None
    gsd_m: float | None
    reasons: tuple[str, ...] = ()
    placement: Placement | None = None

    @property
    def is_readable(self) -> bool:
        """Whether its file holds a picture; not whether the picture is good enough to search."""
        return not any(reason.startswith("unreadable") for reason in self.reasons)

    @property
    def is_located(self) -> bool:
        """Whether what it shows can be put on the ground: readable, with pose or placement."""
        posed = self.camera is not None and self.pose is not None
        return self.is_readable and (posed or self.placement is not None)


@dataclass(frozen=True, slots=True)
class SearchScale:
    """At which scales a model finds things.

    Attributes:
        model_gsd_m: metres per pixel to which pictures are resampled for it.
        gsd_range_m: finest and coarsest metres per pixel for which its figures hold.
    """

    model_gsd_m: float
    gsd_range_m: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CoarseLook:
    """A second look at a picture from further away, for what is large.

    Attributes:
        scale: of the picture shown then, relative to the model's GSD: 0.5 shows twice the ground.
        classes: whose probability is the mean of both looks; small and thin things only lose.
    """

    scale: float
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < self.scale < 1:
            raise ValueError(f"scale of a coarse look must lie between 0 and 1, not {self.scale}")


@dataclass(frozen=True, slots=True)
class MirrorLook:
    """A look at the mirror image of where something may be: rare and grave things are seen twice.

    Attributes:
        above: probability, above 0 and below 1, from which one of them may be there.
        classes: whose probability is the mean of both looks; none of a coarse look.
    """

    above: float
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"a mirrored look names no classes or one twice: {self.classes}")
        if not 0 < self.above < 1:
            raise ValueError(f"above of a mirrored look must lie between 0 and 1, not {self.above}")


@dataclass(frozen=True, slots=True)
class Detection:
    """One thing seen in one photo.

    Attributes:
        polygon_px: (x, y) pixels of the full picture, may have holes.
        score: 0 to 1, calibrated as the model's manifest says.
        cut: whether it touches the picture's edge, so that its extent is unknown.
    """

    photo_id: str
    class_name: str
    score: float
    polygon_px: Polygon
    cut: bool = False


@dataclass(frozen=True, slots=True)
class ErrorArms:
    """How far east and north, in metres, one standard deviation of an error moves a sighting.

    Attributes:
        height_m: of the camera's height.
        turns_m: of its attitude, about its own axes x, y and z.
        ground_m: of the height of the ground.
    """

    height_m: tuple[float, float]
    turns_m: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    ground_m: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One detection put on the ground.

    Attributes:
        polygon: lon/lat degrees.
        covariance_m2: of the centroid, east-east, east-north, north-north.
        arms_m: what of it other sightings share, in part or wholly.
        off_nadir_deg: of the ray to its middle, 0 straight down as in an orthophoto.
    """

    detection: Detection
    polygon: Polygon
    covariance_m2: tuple[float, float, float]
    arms_m: ErrorArms
    off_nadir_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Observation:
    """One object on the ground, seen in one or more photos of one patrol.

    Attributes:
        observation_id: stable for the same input.
        polygon: fused, lon/lat degrees.
        covariance_m2: of the centroid, east-east, east-north, north-north.
        cell_code: the cell with the largest share, None outside every cell.
        other_cells: further cells it touches.
        photo_ids: best evidence first.
        detections_px: outline in each photo of `photo_ids`, in the same order.
        seen_at: UTC time of the best photo, None when unknown.
        is_aslant: whether no photo shows it whole from above, so that its outline holds walls, too.
    """

    observation_id: str
    class_name: str
    score: float
    polygon: Polygon
    covariance_m2: tuple[float, float, float]
    area_m2: float
    cell_code: str | None
    other_cells: tuple[str, ...]
    photo_ids: tuple[str, ...]
    detections_px: tuple[Polygon, ...]
    seen_at: datetime | None
    is_aslant: bool = False
