"""EDGE: what is a model: its ONNX file, its manifest, and whether the two belong together."""

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vision.calibration import Calibration
from vision.errors import ModelError
from vision.model import CoarseLook, MirrorLook, SearchScale

SHIPPED_MODEL = Path(__file__).parent / "models" / "patrol.toml"
_REQUIRED = ("name", "version", "sha256", "classes", "mean", "std", "model_gsd_m", "thresholds")


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A model and all that must be known to use it.

    Attributes:
        path: of the ONNX file; its bytes hash to `sha256`.
        classes: names in the order of the output's channels.
        mean: to subtract from RGB scaled to 0..1, then divide by `std`.
        model_gsd_m: metres per pixel at which pictures are shown to the model.
        gsd_range_m: metres per pixel of pictures for which its figures hold.
        thresholds: probability by class, as the network gives it, at and above which there is
            something.
        calibration: by class, what brings the network's probability to what it is worth. A class
            that is absent is taken as it is. It keeps the order, so it decides on no mask.
        coarse: what is looked at a second time from further away, None for nothing.
        mirrored: what is looked at in the mirror where it may be, None for nothing.
    """

    path: Path
    name: str
    version: str
    sha256: str
    classes: tuple[str, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    model_gsd_m: float
    gsd_range_m: tuple[float, float]
    tile_px: int
    thresholds: dict[str, float]
    calibration: dict[str, Calibration] = field(default_factory=dict)
    coarse: CoarseLook | None = None
    mirrored: MirrorLook | None = None

    def channels(self, names: Iterable[str]) -> list[int]:
        """Which maps are those of some classes."""
        return [self.classes.index(name) for name in names]

    def calibration_of(self, name: str) -> Calibration:
        """How the probability of a class is brought to what it is worth."""
        return self.calibration.get(name, Calibration())

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides what is found: the model's bytes and the manifest's values.

        A package whose thresholds were edited is another model; its name and version say nothing.
        """
        decides = (
            self.sha256, self.classes, self.mean, self.std, self.model_gsd_m, self.gsd_range_m,
            self.tile_px, sorted(self.thresholds.items()),
            *filter(None, [self.coarse, self.mirrored]),
        )  # fmt: skip
        return hashlib.sha256(repr(decides).encode()).hexdigest()

    @property
    def scale(self) -> SearchScale:
        """At which scales it finds things."""
        return SearchScale(self.model_gsd_m, self.gsd_range_m)


def load_package(manifest_path: Path = SHIPPED_MODEL) -> ModelPackage:
    """Read a manifest and check the model beside it.

    Raises:
        ModelError: a file is missing, the manifest is incomplete, or the hash differs.
    """
    manifest = _manifest(manifest_path)
    path = manifest_path.parent / str(manifest.get("file", manifest_path.stem + ".onnx"))
    package = _package(manifest_path, path, manifest)
    _require_hash(package, manifest_path)
    return package


def load_quantised(manifest_path: Path = SHIPPED_MODEL) -> ModelPackage:
    """Read a manifest and check the 8-bit model beside it, which its table `int8` names.

    All else is that of the model itself; `sha256`, and so `digest`, are those of the 8-bit file.

    Raises:
        ModelError: as `load_package`, or the manifest names no 8-bit model.
    """
    manifest = _manifest(manifest_path)
    named = manifest.get("int8")
    if not isinstance(named, dict) or not {"file", "sha256"} <= named.keys():
        raise ModelError(
            f"{manifest_path}: names no 8-bit model (a table int8 with file and sha256), which the "
            "backend openvino-int8 runs; 'aerogrid package' writes one beside the model "
            "(docs/training.md), or choose openvino-bf16 or onnxruntime"
        )
    path = manifest_path.parent / str(named["file"])
    whole = _package(manifest_path, path, manifest)
    package = replace(whole, sha256=str(named["sha256"]))
    _require_hash(package, manifest_path)
    return package


def _manifest(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such model manifest; give the path of its .toml") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ModelError(f"{path}: not a model manifest ({error}); export it again") from error


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"{path}: the model file cannot be read ({error.strerror}); it belongs beside its "
            "manifest"
        ) from error


def _require_hash(package: ModelPackage, manifest_path: Path) -> None:
    found = _hash(package.path)
    if found != package.sha256:
        raise ModelError(
            f"{package.path}: its SHA-256 is {found[:12]}..., {manifest_path.name} names "
            f"{package.sha256[:12]}...; the file is damaged or another model: copy both again"
        )


def _package(manifest_path: Path, path: Path, manifest: dict[str, Any]) -> ModelPackage:
    missing = [key for key in _REQUIRED if key not in manifest]
    if missing:
        raise ModelError(
            f"{manifest_path}: lacks {', '.join(missing)}; write it again with "
            "vision.export.package (docs/training.md)"
        )
    try:
        package = ModelPackage(
            path=path,
            name=str(manifest["name"]),
            version=str(manifest["version"]),
            sha256=str(manifest["sha256"]),
            classes=tuple(str(name) for name in manifest["classes"]),
            mean=_three(manifest["mean"]),
            std=_three(manifest["std"]),
            model_gsd_m=float(manifest["model_gsd_m"]),
            gsd_range_m=_two(manifest.get("gsd_range_m", [0.02, 0.5])),
            tile_px=int(manifest.get("tile_px", 512)),
            thresholds={str(k): float(v) for k, v in manifest["thresholds"].items()},
            calibration={
                str(k): Calibration(*_two(v)) for k, v in manifest.get("calibration", {}).items()
            },
            coarse=_coarse(manifest.get("coarse")),
            mirrored=_mirrored(manifest.get("mirrored")),
        )
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise ModelError(f"{manifest_path}: a value is wrong or is missing ({error})") from error
    problem = _problem(package)
    if problem is not None:
        raise ModelError(f"{manifest_path}: {problem}; export the model again")
    return package


def _problem(package: ModelPackage) -> str | None:
    unknown = set(package.classes) ^ set(package.thresholds)
    if unknown:
        return f"thresholds and classes differ in {', '.join(sorted(unknown))}"
    coarse = package.coarse.classes if package.coarse else ()
    mirrored = package.mirrored.classes if package.mirrored else ()
    named = {"calibration": package.calibration, "coarse": coarse, "mirrored": mirrored}
    for table, names in named.items():
        strange = set(names) - set(package.classes)
        if strange:
            return f"{table} names {', '.join(sorted(strange))}, which are none of its classes"
    if both := sorted(set(coarse) & set(mirrored)):
        return f"coarse and mirrored both name {', '.join(both)}; a class has one further look"
    wrong = [name for name, value in package.thresholds.items() if not 0 < value < 1]
    if wrong:
        return f"thresholds must lie between 0 and 1; {', '.join(wrong)} do not"
    if not package.model_gsd_m > 0 or package.tile_px < 32 or package.tile_px % 32:
        return "model_gsd_m must be above 0 and tile_px a multiple of 32"
    if not 0 < package.gsd_range_m[0] <= package.model_gsd_m <= package.gsd_range_m[1]:
        return "gsd_range_m must hold model_gsd_m between its two values above 0, the finest first"
    return None


def _coarse(table: Any) -> CoarseLook | None:
    if table is None:
        return None
    return CoarseLook(float(table["scale"]), tuple(str(name) for name in table["classes"]))


def _mirrored(table: Any) -> MirrorLook | None:
    if table is None:
        return None
    return MirrorLook(float(table["above"]), tuple(str(name) for name in table["classes"]))


def _three(values: Any) -> tuple[float, float, float]:
    a, b, c = (float(value) for value in values)
    return a, b, c


def _two(values: Any) -> tuple[float, float]:
    a, b = (float(value) for value in values)
    return a, b
