import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from tests.vision.photos import GIMBAL, save_photo, textured
from vision.errors import ChangedPhotoError, PhotoError
from vision.images import (
    list_photos,
    read_pinned_rgb,
    read_rgb,
    read_tags,
    sha256_of,
)


def test_photos_are_listed_in_order_of_their_path(tmp_path):
    for name in ("b/2.jpg", "b/1.JPG", "a/9.png", ".hidden/3.jpg", "a/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    names = [p.relative_to(tmp_path).as_posix() for p in list_photos(tmp_path)]
    assert names == ["a/9.png", "b/1.JPG", "b/2.jpg"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(PhotoError, match="no such folder"):
        list_photos(tmp_path / "absent")


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGBA", "LA", "I;16", "F", "YCbCr"])
def test_every_kind_of_pixel_becomes_rgb(tmp_path, mode):
    grey = np.tile(np.arange(0, 200, dtype=np.uint8), (40, 1))
    image = Image.fromarray(grey)
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 256)
    else:
        image = (
            image.convert("RGB").convert(mode) if mode not in ("F", "LA") else image.convert(mode)
        )
    path = tmp_path / "photo.tif"
    if mode == "YCbCr":
        path = tmp_path / "photo.jpg"
    image.save(path)
    rgb = read_rgb(path)
    assert rgb.shape == (40, 200, 3)
    assert rgb.dtype == np.uint8
    assert rgb[20, 180].mean() > rgb[20, 20].mean()


def test_transparent_pixels_are_black(tmp_path):
    pixels = np.full((4, 4, 4), 255, dtype=np.uint8)
    pixels[0, 0, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "p.png")
    rgb = read_rgb(tmp_path / "p.png")
    assert rgb[0, 0].tolist() == [0, 0, 0]
    assert rgb[1, 1].tolist() == [255, 255, 255]


def test_a_turned_photo_is_shown_upright(tmp_path):
    image = np.zeros((40, 80, 3), dtype=np.uint8)
    image[:, 60:] = 255  # bright on the right as stored
    path = save_photo(tmp_path / "p.jpg", image, Orientation=6)  # turn clockwise to show
    rgb = read_rgb(path)
    assert rgb.shape == (80, 40, 3)
    assert rgb[70, 20].mean() > 200 > 50 > rgb[10, 20].mean()


@pytest.mark.parametrize("orientation", range(10))
def test_each_orientation_is_shown_as_pillow_shows_it(tmp_path, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(textured()).save(tmp_path / "p.png", exif=exif)
    with Image.open(tmp_path / "p.png") as image:
        expected = np.array(ImageOps.exif_transpose(image))
    assert (read_rgb(tmp_path / "p.png") == expected).all()


def test_a_jpeg_is_decoded_smaller_but_never_below_the_share_asked_for(tmp_path):
    path = save_photo(tmp_path / "p.jpg", textured(800, 600))
    assert read_rgb(path, scale=0.4).shape == (300, 400, 3)
    assert read_rgb(path, scale=0.6).shape == (600, 800, 3)


@pytest.mark.parametrize("content", [b"", b"not a picture at all", b"\xff\xd8\xff\xe0\x00\x10JFIF"])
def test_a_file_that_is_no_picture_is_refused(tmp_path, content):
    path = tmp_path / "p.jpg"
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=r"p\.jpg"):
        read_rgb(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty; copy it again"),
        (b"not a picture", "holds no JPEG, PNG, TIFF or WebP"),
        (b"II*\0" + bytes(60), "a TIFF of a kind not supported, such as colours of 16 bits"),
    ],
)
def test_a_file_that_is_no_picture_is_told_from_one_of_another_kind(tmp_path, content, said):
    path = tmp_path / "p.tif"
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=said):
        read_rgb(path)


def test_a_photo_cut_short_is_refused(tmp_path):
    path = save_photo(tmp_path / "p.jpg")
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(PhotoError, match="cut short"):
        read_rgb(path)


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(PhotoError, match="20000 x 20000 pixels"):
        read_rgb(path)


def test_a_photo_of_one_pixel_is_read(tmp_path):
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "p.png")
    assert read_rgb(tmp_path / "p.png").tolist() == [[[1, 2, 3]]]


def test_tags_of_a_drone_photo_are_read(tmp_path):
    tags = read_tags(save_photo(tmp_path / "p.jpg", xmp=GIMBAL, Software="v01"))
    assert (tags.width_px, tags.height_px) == (640, 480)
    assert tags.exif["Software"] == "v01"
    assert tags.gps["GPSLatitudeRef"] == "N"
    assert tags.xmp["drone-dji:GimbalYawDegree"] == "+30.00"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_leaves_the_picture_readable(tmp_path):
    path = tmp_path / "p.jpg"
    Image.fromarray(textured()).save(path, exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff")
    assert read_tags(path).exif == {}
    assert read_rgb(path).shape == (480, 640, 3)


def test_the_hash_is_of_the_bytes(tmp_path):
    (tmp_path / "p").write_bytes(b"abc")
    assert sha256_of(tmp_path / "p").startswith("ba7816bf8f01cfea")
    with pytest.raises(PhotoError, match="cannot be read"):
        sha256_of(tmp_path / "absent")


def test_a_pinned_photo_is_read_only_while_it_is_the_same_file(tmp_path):
    path = tmp_path / "photo.jpg"
    save_photo(path)
    kept = sha256_of(path)
    assert (read_pinned_rgb(path, kept, scale=0.5) == read_rgb(path, scale=0.5)).all()
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(ChangedPhotoError, match=r"photo\.jpg: is another file"):
        read_pinned_rgb(path, kept)
    path.unlink()
    with pytest.raises(PhotoError, match="cannot be read"):
        read_pinned_rgb(path, kept)
