"""`aerogrid train`, `package` and `evaluate` from labelled pictures to figures."""

import builtins
import json
import sys

import cv2
import numpy as np
import pytest

from cli.main import main
from tests.vision.photos import save_model
from vision.package import load_quantised

pytest.importorskip("onnx")


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["aerogrid", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def pictures(root, count=4, side=64):
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        mask = np.zeros((side, side), np.uint8)
        mask[10 : 30 + number, 10:40] = 1
        rgb = np.full((side, side, 3), 40, np.uint8)
        rgb[..., 2][mask > 0] = 250  # OpenCV keeps blue first
        cv2.imwrite(str(root / "images" / f"p{number}.png"), rgb)
        cv2.imwrite(str(root / "masks" / f"p{number}.png"), mask)
    (root / "masks" / "classes.csv").write_text("value,class\n1,building\n", encoding="utf-8")


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model").mkdir()
    return save_model(tmp_path / "model")


def test_a_model_is_judged_on_a_folder_of_pictures_and_masks(tmp_path, model, monkeypatch, capsys):
    pictures(tmp_path / "data")
    cv2.imwrite(str(tmp_path / "data" / "masks" / "p3.png"), np.zeros((3, 3), np.uint8))
    out = tmp_path / "judged"
    code = run(monkeypatch, "evaluate", "--model", model, "--data", tmp_path / "data",
               "--out", out, "--json")  # fmt: skip
    assert code == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["classes"]["building"]["iou"] > 0.99
    assert document["classes"]["building"]["pictures"] == 3
    assert document["sources"]["data"]["label_problems"] == 1
    assert "3 rows and 3 columns" in told.err.replace("\n", " ")
    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == document
    assert (out / "report.html").is_file()
    assert "p3.png" in (out / "problems.csv").read_text(encoding="utf-8")


def test_a_folder_without_labels_is_refused_with_what_is_needed(
    tmp_path, model, monkeypatch, capsys
):
    (tmp_path / "data").mkdir()
    assert run(monkeypatch, "evaluate", "--model", model, "--data", tmp_path / "data") == 1
    assert "no labelled pictures are recognised" in " ".join(capsys.readouterr().err.split())


def test_a_model_is_judged_by_the_program_that_is_asked_for(tmp_path, model, monkeypatch, capsys):
    pictures(tmp_path / "data")
    arguments = ("evaluate", "--model", model, "--data", tmp_path / "data", "--json", "--backend")
    assert run(monkeypatch, *arguments, "onnxruntime") == 0
    assert json.loads(capsys.readouterr().out)["model"]["backend"] == "onnxruntime"
    assert run(monkeypatch, *arguments, "openvino-int8") == 1
    assert "names no 8-bit model" in " ".join(capsys.readouterr().err.split())
    assert run(monkeypatch, *arguments, "int9") == 2
    assert "openvino-int8" in capsys.readouterr().err


def test_training_without_torch_names_the_extra(tmp_path, monkeypatch, capsys):
    real = builtins.__import__

    def without_torch(name, *rest):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    for name in [n for n in sys.modules if n in {"vision.training", "vision.network"}]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("vision.training", raising=False)
    code = run(monkeypatch, "train", "--data", tmp_path, "--config", tmp_path / "r.toml",
               "--out", tmp_path / "out")  # fmt: skip
    assert code == 1
    assert "pip install 'aerogrid[train]'" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_training_ends_in_a_model_that_can_be_judged(tmp_path, monkeypatch, capsys):
    torch = pytest.importorskip("torch", reason="torch is needed for training only")
    torch.set_num_threads(1)  # two that wait for each other on a busy machine take minutes
    data = tmp_path / "data"
    pictures(data, count=8)
    (tmp_path / "run.toml").write_text(
        'name = "tiny"\nversion = "3"\nsteps = 2\nbatch = 2\ncrop_px = 32\nwarmup_steps = 1\n'
        '[[sources]]\nname = "s"\nimages = "images"\nmasks = "masks"\nknown = ["building"]\n'
        'values = { 1 = ["building"] }\n',
        encoding="utf-8",
    )
    arguments = ("train", "--data", data, "--config", tmp_path / "run.toml")
    assert run(monkeypatch, *arguments, "--out", tmp_path / "runs") == 0
    assert "--config" in capsys.readouterr().err.partition("next:")[2]
    manifest = tmp_path / "runs" / "model" / "patrol.toml"
    assert load_quantised(manifest).path.name == "patrol-int8.onnx"
    before = (tmp_path / "runs" / "checkpoint.pt").read_bytes()
    assert run(monkeypatch, *arguments, "--out", tmp_path / "runs") == 0  # done: nothing to do
    assert (tmp_path / "runs" / "checkpoint.pt").read_bytes() == before
    capsys.readouterr()
    code = run(monkeypatch, "evaluate", "--model", manifest, "--data", data,
               "--config", tmp_path / "run.toml", "--json")  # fmt: skip
    assert code == 0
    assert json.loads(capsys.readouterr().out)["model"]["version"] == "3"
