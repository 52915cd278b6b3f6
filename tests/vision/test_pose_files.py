import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from geo.pose import Attitude, R_enu_from_camera
from geo.projection import R_local_from_camera, position_m
from tests.vision.scene import LOCAL, frame_of, pose_at
from vision.errors import VisionError
from vision.found_poses import with_found_poses
from vision.pose_files import attitude_from_omega_phi_kappa, pose_of, read_pose_file
from vision.similarity import georeferenced, similarity

PLACES = [(0.0, 0.0), (40.0, 5.0), (80.0, -5.0), (0.0, 60.0), (40.0, 65.0), (80.0, 55.0)]


def flight():
    return [
        frame_of(f"f/P{k}", pose_at(x, y, Attitude(20.0 * k - 50, -80.0 + k, 1.0)))
        for k, (x, y) in enumerate(PLACES)
    ]


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def worst(found, frames):
    """Largest error of position in metres and of attitude in degrees."""
    off, turned = [], []
    for new, true in zip(found, frames, strict=True):
        off.append(np.linalg.norm(position_m(new.pose, LOCAL) - position_m(true.pose, LOCAL)))
        turn = R_enu_from_camera(new.pose.attitude).T @ R_enu_from_camera(true.pose.attitude)
        turned.append(np.degrees(Rotation.from_matrix(turn).magnitude()))
    return max(off), max(turned)


def blind(frames):
    return [replace(f, pose=None, reasons=("position only: no camera attitude",)) for f in frames]


def test_a_table_of_yaw_pitch_roll_poses_photos_that_had_none(tmp_path):
    frames = flight()
    rows = ["name,lon,lat,altitude,yaw,pitch,roll"]
    for f in frames:
        p, a = f.pose.position, f.pose.attitude
        rows.append(
            f"{f.path[2:]},{p.lon_deg!r},{p.lat_deg!r},{p.altitude_amsl_m},"
            f"{a.yaw_deg},{a.pitch_deg},{a.roll_deg}"
        )
    poses = read_pose_file(written(tmp_path, "poses.csv", "\n".join(rows)))
    found = with_found_poses(blind(frames), poses, None)
    assert worst(found, frames) < (1e-6, 1e-6)
    assert found[0].reasons == ()
    assert found[0].pose.source == "table poses.csv"


@given(omega=st.floats(-40, 40), phi=st.floats(-40, 40), kappa=st.floats(-179, 179))
def test_omega_phi_kappa_are_turns_about_the_axes_one_after_the_other(omega, phi, kappa):
    R = Rotation.from_euler("XYZ", [omega, phi, kappa], degrees=True).as_matrix()
    found = R_enu_from_camera(attitude_from_omega_phi_kappa(omega, phi, kappa))
    np.testing.assert_allclose(found, R @ np.diag([1.0, -1.0, -1.0]), atol=1e-5)


def test_a_reconstruction_of_opensfm_is_where_it_says(tmp_path):
    frames, lon, lat = flight(), LOCAL.centre_lon_deg, LOCAL.centre_lat_deg
    shots = {}
    for f in frames:
        R = R_enu_from_camera(f.pose.attitude).T
        centre = position_m(f.pose, LOCAL) - [0, 0, 10.0]
        shots[f.path[2:]] = {
            "rotation": Rotation.from_matrix(R).as_rotvec().tolist(),
            "translation": (-R @ centre).tolist(),
        }
    reference = {"longitude": lon, "latitude": lat, "altitude": 10.0}
    text = json.dumps([{"reference_lla": reference, "shots": shots}])
    poses = read_pose_file(written(tmp_path, "reconstruction.json", text))
    off_m, turned_deg = worst(with_found_poses(blind(frames), poses, None), frames)
    assert off_m < 0.01
    assert turned_deg < 1e-3


def test_a_model_of_colmap_is_put_where_the_photos_are(tmp_path):
    frames, rng = flight(), np.random.default_rng(2)
    free = Rotation.random(random_state=3).as_matrix()
    lines = ["# id qw qx qy qz tx ty tz camera name"]
    for k, f in enumerate(frames):
        R = (free @ R_local_from_camera(f.pose, LOCAL)).T
        centre = 0.1 * free @ position_m(f.pose, LOCAL) + [3.0, 4.0, 5.0]
        x, y, z, w = Rotation.from_matrix(R).as_quat()
        t = -R @ centre
        words = " ".join(str(float(v)) for v in (w, x, y, z, *t))
        lines += [f"{k + 1} {words} 1 {f.path[2:]}", "1.0 2.0 -1"]
    poses = read_pose_file(written(tmp_path, "images.txt", "\n".join(lines)))
    off = [pose_at(x + rng.normal(0, 0.2), y, f.pose.attitude)
           for f, (x, y) in zip(frames, PLACES, strict=True)]  # fmt: skip
    measured = [replace(f, pose=pose) for f, pose in zip(frames, off, strict=True)]
    off_m, turned_deg = worst(with_found_poses(measured, poses, None), frames)
    assert off_m < 0.3
    assert turned_deg < 0.5


def test_a_model_of_one_line_or_of_few_photos_is_refused():
    with pytest.raises(VisionError, match="3 are needed"):
        georeferenced({}, {})
    line = np.column_stack([np.arange(5.0), np.zeros(5), np.zeros(5)])
    with pytest.raises(VisionError, match="in one line"):
        similarity(line, line)


def test_event_marks_move_photos_by_their_running_number(tmp_path):
    text = (
        "1\t282853.1\t[2100]\t   -10,N\t     5,E\t   192,V\t33.20010000,Lat\t119.30020000,Lon"
        "\t64.226,Ellh\t0.012000, 0.011000, 0.025000\t50,Q\n"
    )
    poses = read_pose_file(written(tmp_path, "100_0001_Timestamp.MRK", text))
    frames = [replace(frame_of("DJI_x_0001", pose_at(0, 0, Attitude(0, -90))), path="DJI_0001.JPG")]
    (moved,) = with_found_poses(frames, poses, None)
    assert (moved.pose.position.lon_deg, moved.pose.position.lat_deg) == (119.3002, 33.2001)
    assert moved.pose.position.altitude_amsl_m == frames[0].pose.position.altitude_amsl_m
    assert moved.pose.sigma.horizontal_m == 0.03
    assert moved.pose.attitude == frames[0].pose.attitude
    assert pose_of(poses.found, "DJI_20240213141303_0001_V.JPG") is not None


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "name,lon,lat\nx,1,2\n", "line 2: needs name"),
        ("a.csv", "name,lon,lat,altitude,yaw,pitch,roll\nx,1,99,3,0,0,0\n", "line 2"),
        ("a.mrk", "1 nothing\n", "line 1 is no event mark"),
        ("a.json", "[{}]", "no reconstruction of OpenSfM"),
        ("images.txt", "1 2 3\n\n", "line 1 must be"),
        ("images.txt", "# only\n", "holds no poses"),
        ("a.xlsx", "", "poses come as"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_line(tmp_path, name, text, message):
    with pytest.raises(VisionError, match=message):
        read_pose_file(written(tmp_path, name, text))


def test_poses_of_other_photos_are_refused(tmp_path):
    text = "name,lon,lat,altitude,yaw,pitch,roll\nother.jpg,1,2,3,0,-90,0\n"
    with pytest.raises(VisionError, match="none of the 1 poses is of one of the 6 photos"):
        with_found_poses(flight(), read_pose_file(written(tmp_path, "a.csv", text)), None)


def test_a_pose_that_photos_of_two_flights_would_take_is_refused(tmp_path):
    frames = [frame_of(f"{f}/P1", pose_at(0.0, 0.0, Attitude(0.0, -90.0, 0.0))) for f in "ab"]
    header = "name,lon,lat,altitude,yaw,pitch,roll\n"
    by_name = read_pose_file(written(tmp_path, "a.csv", header + "P1.jpg,119.3,33.2,80,0,-90,0"))
    with pytest.raises(VisionError, match=r"may be of a/P1.jpg or of b/P1.jpg"):
        with_found_poses(frames, by_name, None)
    row = "b/P1.jpg,119.4,33.2,80,0,-90,0"
    by_path = read_pose_file(written(tmp_path, "b.csv", header + row))
    first, second = with_found_poses(frames, by_path, None)
    assert (first.pose.position.lon_deg, second.pose.position.lon_deg) == (
        frames[0].pose.position.lon_deg,
        119.4,
    )
