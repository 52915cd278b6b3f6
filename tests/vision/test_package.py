import pytest

from tests.vision.photos import CLASSES, save_model
from vision.errors import ModelError
from vision.package import SHIPPED_MODEL, load_package

pytest.importorskip("onnx")


def test_a_package_is_read(tmp_path):
    package = load_package(save_model(tmp_path))
    assert package.classes == CLASSES
    assert package.thresholds["boat"] == 0.5
    assert package.path == tmp_path / "tiny.onnx"


def test_the_shipped_package_belongs_together():
    if not SHIPPED_MODEL.exists():
        pytest.skip("no model is shipped yet")
    assert "building" in load_package().classes


def test_a_model_with_another_hash_is_refused(tmp_path):
    manifest = save_model(tmp_path)
    with (tmp_path / "tiny.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match="SHA-256"):
        load_package(manifest)


@pytest.mark.parametrize(
    ("old", "new", "is_other"),
    [
        ("boat = 0.5", "boat = 0.6", True),
        ("mean = [0, 0, 0]", "mean = [0, 0, 0.1]", True),
        ("tile_px = 128", "tile_px = 256", True),
        ("[0.03, 0.3]", "[0.03, 0.4]", True),
        ("[thresholds]", '[coarse]\nscale = 0.5\nclasses = ["smoke"]\n[thresholds]', True),
        ("[thresholds]", '[mirrored]\nabove = 0.2\nclasses = ["smoke"]\n[thresholds]', True),
        ('name = "tiny"', 'name = "small"', False),
    ],
)
def test_a_package_is_another_where_it_decides_otherwise(tmp_path, old, new, is_other):
    manifest = save_model(tmp_path)
    before = load_package(manifest)
    assert old in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(old, new))
    after = load_package(manifest)
    assert after.sha256 == before.sha256
    assert (after.digest != before.digest) == is_other


def test_a_missing_manifest_or_model_is_named(tmp_path):
    with pytest.raises(ModelError, match="no such model manifest"):
        load_package(tmp_path / "absent.toml")
    manifest = save_model(tmp_path)
    (tmp_path / "tiny.onnx").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_package(manifest)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tile_px = 128", "tile_px = 100", "multiple of 32"),
        ("[0.03, 0.3]", "[0.3, 0.03]", "gsd_range_m must hold model_gsd_m"),
        ("boat = 0.5", "boat = 1.5", "between 0 and 1"),
        ("boat = 0.5", "ship = 0.5", "thresholds and classes differ"),
        ("mean = [0, 0, 0]", "mean = [0, 0]", "a value is wrong"),
        ("[thresholds]", "[coarse]\nscale = 2\nclasses = []\n[thresholds]", "between 0 and 1, not"),
        ("[thresholds]", "[coarse]\nscale = 0.5\n[thresholds]", "is missing .'classes'"),
        (
            "[thresholds]",
            '[coarse]\nscale = 0.5\nclasses = ["ship"]\n[thresholds]',
            "coarse names ship",
        ),
        (
            "[thresholds]",
            "[mirrored]\nabove = 0\nclasses = ['boat']\n[thresholds]",
            "between 0 and",
        ),
        ("[thresholds]", "[mirrored]\nabove = 0.1\nclasses = []\n[thresholds]", "names no classes"),
        (
            "[thresholds]",
            '[mirrored]\nabove = 0.2\nclasses = ["ship"]\n[thresholds]',
            "mirrored names ship",
        ),
        (
            "[thresholds]",
            '[coarse]\nscale = 0.5\nclasses = ["boat"]\n[mirrored]\nabove = 0.2\n'
            'classes = ["boat"]\n[thresholds]',
            "both name boat",
        ),
        ('name = "tiny"', "", "lacks name"),
        ('name = "tiny"', "name = ", "not a model manifest"),
    ],
)
def test_a_manifest_with_a_mistake_is_refused(tmp_path, old, new, message):
    manifest = save_model(tmp_path)
    manifest.write_text(manifest.read_text().replace(old, new))
    with pytest.raises(ModelError, match=message):
        load_package(manifest)


def test_a_manifest_that_lacks_something_names_what_writes_it(tmp_path):
    manifest = save_model(tmp_path)
    manifest.write_text(manifest.read_text().replace('name = "tiny"', ""))
    with pytest.raises(ModelError, match=r"vision\.export\.package \(docs/training\.md\)"):
        load_package(manifest)
