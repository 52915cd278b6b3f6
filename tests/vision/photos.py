"""Photo files with the tags that drones write, and a model of three classes, for the tests."""

import hashlib
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from vision.package import ModelPackage, load_package

_TAG = {name: number for number, name in ExifTags.TAGS.items()}


def textured(width: int = 640, height: int = 480, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    picture = coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width].astype(int)
    noisy = picture + rng.integers(-20, 20, (height, width, 1))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def xmp_packet(**properties: str) -> bytes:
    body = " ".join(f'drone-dji:{name}="{value}"' for name, value in properties.items())
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" {body}/></rdf:RDF></x:xmpmeta>'
    ).encode()


GIMBAL = {"GimbalYawDegree": "+30.00", "GimbalPitchDegree": "-90.00", "GimbalRollDegree": "+0.00"}
HEIGHTS = {"AbsoluteAltitude": "+105.00", "RelativeAltitude": "+100.00"}


def save_photo(
    path: Path,
    image: np.ndarray | None = None,
    *,
    xmp: dict[str, str] | None = None,
    lon_lat: tuple[float, float] | None = (119.3, 33.2),
    taken: str = "2026:06:01 11:00:00",
    **tags: object,
) -> Path:
    exif = Image.Exif()
    photo = {"DateTimeOriginal": taken, "FocalLengthIn35mmFilm": 24}
    for name, value in ({"Make": "DJI", "Model": "TEST"} | tags).items():
        (photo if name.startswith(("Exif", "Focal")) else exif)[
            name if name.startswith(("Exif", "Focal")) else _TAG[name]
        ] = value
    exif._ifds[ExifTags.IFD.Exif] = {_TAG[k]: v for k, v in photo.items() if v is not None}
    if lon_lat is not None:
        lon, lat = lon_lat
        exif._ifds[ExifTags.IFD.GPSInfo] = {
            1: "N" if lat >= 0 else "S",
            2: (float(abs(lat)), 0.0, 0.0),
            3: "E" if lon >= 0 else "W",
            4: (float(abs(lon)), 0.0, 0.0),
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    packet = xmp_packet(**xmp) if xmp is not None else b""
    picture = Image.fromarray(textured() if image is None else image)
    picture.save(path, quality=92, exif=exif, xmp=packet)
    return path


CLASSES = ("building", "smoke", "boat")


def save_model(folder: Path, *, opset: int = 17, manifest: str = "", side: object = None) -> Path:
    """A model whose three maps are the red, green and blue of the picture, 0 to 1."""
    import onnx
    from onnx import TensorProto, helper

    rows, columns = ("rows", "columns") if side is None else (side, side)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, rows, columns])
    out = helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n", 3, rows, columns])
    node = helper.make_node("Clip", ["image", "low", "high"], ["probability"])
    bounds = [
        helper.make_tensor(n, TensorProto.FLOAT, [], [v]) for n, v in (("low", 0.0), ("high", 1.0))
    ]
    graph = helper.make_graph([node], "identity", [image], [out], bounds)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 9
    path = folder / "tiny.onnx"
    onnx.save(model, str(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    text = manifest or (
        f'name = "tiny"\nversion = "1"\nsha256 = "{digest}"\n'
        f"classes = {list(CLASSES)}\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n"
        "model_gsd_m = 0.1\ngsd_range_m = [0.03, 0.3]\ntile_px = 128\n"
        "[thresholds]\nbuilding = 0.5\nsmoke = 0.5\nboat = 0.5\n"
    )
    (folder / "tiny.toml").write_text(text, encoding="utf-8")
    return folder / "tiny.toml"


def tiny_package(folder: Path) -> ModelPackage:
    return load_package(save_model(folder))
