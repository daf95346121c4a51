"""Pictures come back as what they were given as, and what is wrong with one is said by name."""

from __future__ import annotations

import io
import re
import resource
import struct
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageCms, PngImagePlugin

from diabolo.errors import DataError
from diabolo.images.album import ImageCollection
from diabolo.images.picture import Picture, luma, read

RNG = np.random.default_rng(0)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTED = {  # what EXIF says, and how that picture is turned upright
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def noise(*shape: int, dtype: Any = np.uint8) -> np.ndarray:
    values = RNG.random(shape)
    dtype = np.dtype(dtype)
    return (values * np.iinfo(dtype).max if dtype.kind == "u" else values if dtype.kind == "f" else values > 0.5).astype(dtype)


def exif_of(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x8769] = "Camera", orientation, {0x9003: "2020:01:02 03:04:05"}
    return exif


def png16(color: int, channels: int) -> bytes:
    """A PNG of 2 x 1 pixels with 16 bits, which Pillow does not write in color."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" + b"\x12\x34" * 2 * channels)) + chunk(b"IEND", b"")


def cmyk_profile() -> bytes:
    """The smallest profile of inks: any ink at all is black, none is white."""
    table = b"".join(bytes([0 if i else 255, 128, 128]) for i in range(16))
    matrix = struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + bytes(range(256)) * 4 + table + bytes(range(256)) * 3
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(lut))
    head = struct.pack(">I4sI4s4s4s", 144 + len(lut), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ") + bytes(12) + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + tags + lut


# ── arrays ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "shape", [(5, 4), (5, 4, 1), (5, 4, 2), (5, 4, 3), (5, 4, 4), (1, 1), (1, 1, 3), (20_000, 3), (3, 20_000, 3)]
)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, ">u2", np.float16, np.float32])
def test_arrays_come_back(shape: tuple[int, ...], dtype: Any) -> None:
    array = noise(*shape, dtype=dtype)
    picture = read(array)
    assert picture.kind == "array"
    assert picture.pixels.dtype == np.float32
    assert picture.pixels.shape == (*shape[:2], 3 if shape[2:] in ((3,), (4,)) else 1)
    assert (picture.alpha is None) == (shape[2:] not in ((2,), (4,)))
    back = picture.like(picture.pixels)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.one_of(hnp.array_shapes(min_dims=2, max_dims=2), st.tuples(*[st.integers(1, 6)] * 2, st.integers(1, 4))),
    )
)
def test_integers_come_back_exactly(array: np.ndarray) -> None:
    picture = read(array)
    np.testing.assert_array_equal(picture.like(picture.pixels), array)


def test_doubles_come_back_as_doubles() -> None:
    array = noise(4, 5, 3, dtype=np.float64)
    back = read(array).like(read(array).pixels)
    assert back.dtype == np.float64
    np.testing.assert_allclose(back, array, atol=1e-7)


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 0.7, 255, 4095, 1e9])
@pytest.mark.parametrize("low", [0, -0.5, 7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_come_back_in_their_unit(unit: float, low: float, dtype: Any) -> None:
    array = (unit * (low + noise(5, 6, 3, dtype=np.float64))).astype(dtype)
    picture = read(array)
    assert abs(picture.pixels).max() < 8
    back = picture.like(picture.pixels)
    assert back.dtype == dtype
    np.testing.assert_allclose(back, array, atol=0 if dtype is np.float32 else 1e-6 * unit)
    assert picture.bounded == (array.min() >= 0 and array.max() <= 1)


def test_floats_far_from_zero_keep_their_digits() -> None:
    array = 1e9 + noise(8, 9, dtype=np.float64)
    np.testing.assert_allclose(read(array).like(read(array).pixels), array, atol=1e-6)


def test_floats_beyond_are_not_clipped() -> None:
    assert read(np.array([[-0.3, 1.2]])).like(np.array([[-0.4, 1.3]])).round(6).tolist() == [[-0.4, 1.3]]
    assert read(np.array([[0.3, 0.9]])).like(np.array([[-0.4, 1.3]])).tolist() == [[0, 1]]


@pytest.mark.parametrize("hidden", [0, 0.049])
def test_what_is_seen_is_continued_where_nothing_is(hidden: float) -> None:
    array = np.full((20, 20, 4), (0.2, 0.4, 0.6, 1), np.float32)
    array[5:15, 5:15] = (1, 0, 1, hidden)
    picture = read(array)
    assert (picture.pixels[10, 10] == (1, 0, 1)).all(), "they are still known"
    np.testing.assert_array_equal(picture.visible, np.broadcast_to(array[0, 0, :3], (20, 20, 3)))
    array[..., 3] = hidden
    np.testing.assert_array_equal(read(array).visible, array[..., :3])


def test_every_16_bit_value_comes_back() -> None:
    array = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(read(array).like(read(array).pixels), array)


def test_integers_are_rounded_and_clipped() -> None:
    picture = read(np.zeros((1, 4), np.uint8))
    assert picture.like(np.array([[-0.5, 0.4999, 1.5, 127.6 / 255]], np.float32)).tolist() == [[0, 127, 255, 128]]


def test_a_little_overshoot_is_clipped() -> None:
    assert read(np.array([[-5e-4, 1 + 5e-4]])).pixels.ravel().tolist() == [0, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.array([[0, 0], [0, np.nan]]), "value nan at row 1, column 1"),
        (np.full((2, 2, 3), np.inf, np.float32), "value inf at row 0, column 0"),
        (np.array([[np.nan, 0], [np.inf, np.nan]]), r"value nan at row 0, column 0 \(of 3 values.*nan_to_num"),
        (np.ma.masked_equal(np.eye(3), 0), "6 masked values: fill them"),
        (np.full((2, 2, 4), 255.0), "floats from 255 to 255 in its last channel, which says how opaque"),
        (np.zeros((2, 2), int), r"the type int64: allowed are uint8.*array.astype\(np.uint8\)"),
        (np.full((2, 2), 4000), r"array.astype\(np.uint16\)"),
        (np.full((2, 2), -4, np.int8), r"array.astype\(np.float32\)"),
        (np.zeros((2, 2), complex), "the type complex128"),
        (np.zeros((0, 4), np.uint8), r"shape \(0, 4\): it holds no pixels"),
        (np.zeros((3, 4, 0), np.uint8), r"shape \(3, 4, 0\)"),
        (np.zeros((3, 64, 64), np.uint8), r"channels come last: np.moveaxis"),
        (np.zeros(5, np.uint8), r"shape \(5,\)"),
        (np.zeros((2, 2, 2, 2), np.uint8), r"a picture is \(H, W\)"),
        (torch.zeros(3, 4, 4), "a torch tensor.*permute"),
        (7, "type int: give an array"),
    ],
    ids=lambda v: "" if isinstance(v, str) else type(v).__name__,
)
def test_what_is_no_picture(given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(given, "picture 3")
    assert "'picture 3'" in str(caught.value)


def test_alpha_follows_the_size() -> None:
    array = noise(6, 8, 4)
    array[..., 3] = 255
    back = read(array).like(np.zeros((12, 16, 3), np.float32))
    assert back.shape == (12, 16, 4)
    assert (back[..., 3] == 255).all()
    assert (read(array).like(np.zeros((6, 8, 3)), np.zeros((6, 8)))[..., 3] == 0).all()


def test_layouts_follow_the_channels() -> None:
    gray, color = read(noise(4, 5)), read(noise(4, 5, 3))
    assert gray.like(np.zeros((4, 5, 3))).shape == (4, 5, 3)
    assert gray.like(np.zeros((4, 5))).shape == (4, 5)
    assert color.like(np.zeros((4, 5, 1))).shape == (4, 5, 1)


def test_luma() -> None:
    pixels = noise(3, 4, 3, dtype=np.float32)
    np.testing.assert_allclose(luma(pixels)[..., 0], pixels @ [0.299, 0.587, 0.114], rtol=1e-6)
    assert luma(pixels[..., :1]) is not None
    np.testing.assert_array_equal(luma(pixels[..., :1]), pixels[..., :1])


# ── images of Pillow ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mode", "result"), [(m, m) for m in ("L", "LA", "RGB", "RGBA", "I;16", "F")] + [("1", "L"), ("I", "I;16")]
)
def test_images_come_back(mode: str, result: str) -> None:
    image = Image.fromarray(noise(5, 7, 3)).convert(mode if mode in ("L", "LA", "RGB", "RGBA", "1") else "L")
    if mode == "F":
        image = Image.fromarray(noise(5, 7, dtype=np.float32))
    if mode[0] == "I":
        image = Image.fromarray(noise(5, 7, dtype=np.uint16)).convert(mode)
    picture = read(image)
    back = picture.like(picture.pixels)
    assert picture.kind == "pil"
    assert back.mode == result
    np.testing.assert_array_equal(np.asarray(back), np.asarray(image) * (255 if mode == "1" else 1))


def test_palettes_become_colors() -> None:
    image = Image.fromarray(noise(8, 8, 3)).quantize(4)
    assert np.array_equal(np.asarray(read(image).like(read(image).pixels)), np.asarray(image.convert("RGB")))
    image.info["transparency"] = 0
    assert read(image).like(read(image).pixels).mode == "RGBA"
    assert np.array_equal(read(image).alpha == 0, np.asarray(image) == 0)


@pytest.mark.parametrize(("mode", "transparency"), [("L", 7), ("RGB", (7, 7, 7))])
def test_one_transparent_value(mode: str, transparency: Any) -> None:
    image = Image.new(mode, (2, 1), transparency)
    image.putpixel((1, 0), transparency if mode == "P" else (200 if mode == "L" else (1, 2, 3)))
    image.info["transparency"] = transparency
    assert read(image).alpha.tolist() == [[0, 1]]


def test_cmyk_becomes_rgb() -> None:
    image = Image.new("CMYK", (2, 2), (0, 255, 255, 0))
    with pytest.warns(UserWarning, match=r"'picture 3' is CMYK: the result will be RGB"):
        picture = read(image, "picture 3")
    assert picture.pixels[0, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize(("profile", "pixel"), [(cmyk_profile(), [0, 0, 0]), (SRGB, [1, 0, 0]), (b"damaged", [1, 0, 0])])
def test_cmyk_with_a_profile(profile: bytes, pixel: list[float]) -> None:
    image = Image.new("CMYK", (2, 2), (0, 255, 255, 0))
    image.info["icc_profile"] = profile
    with pytest.warns(UserWarning, match="will be RGB"):
        picture = read(image)
    np.testing.assert_allclose(picture.pixels[0, 0], pixel, atol=0.02)
    assert "icc_profile" not in picture.kept


def test_integers_of_32_bits_are_too_many() -> None:
    with pytest.raises(DataError, match=r"integers from 0 to 70000: more than 16 bits"):
        read(Image.new("I", (2, 2), 0).point(lambda v: v * 1 + 70000).crop((0, 0, 3, 2)))


def test_lab_is_refused() -> None:
    with pytest.raises(DataError, match="the mode LAB: convert it"):
        read(Image.new("LAB", (2, 2)))


def test_the_image_given_stays() -> None:
    image = Image.fromarray(noise(4, 5, 3))
    image.info["exif"] = exif_of(6).tobytes()
    before, info = image.tobytes(), dict(image.info)
    read(image)
    assert (image.tobytes(), image.info, image.size) == (before, info, (5, 4))


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────

FILES = [
    *((suffix, mode) for suffix in (".png", ".tif", ".tiff") for mode in ("L", "LA", "RGB", "RGBA", "I;16")),
    *((".webp", mode) for mode in ("RGB", "RGBA")),
    *((suffix, mode) for suffix in (".bmp", ".jpg", ".jpeg", ".JPG") for mode in ("L", "RGB")),
    (".tif", "F"),
]


def image_of(mode: str, suffix: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(noise(16, 24, dtype=np.uint16))
    if mode == "F":
        return Image.fromarray(noise(16, 24, dtype=np.float32))
    if suffix.lower() in (".jpg", ".jpeg"):
        return Image.linear_gradient("L").resize((24, 16)).convert(mode)
    return Image.fromarray(noise(16, 24, 4)).convert(mode)


@pytest.mark.parametrize(("suffix", "mode"), FILES)
def test_files_come_back(tmp_path: Path, suffix: str, mode: str) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    image_of(mode, suffix).save(first)
    picture = read(first)
    back = picture.like(picture.pixels)
    assert (picture.kind, picture.name, back.mode) == ("file", first.name, mode)
    picture.save(back, second)
    again = read(second).like(read(second).pixels)
    assert again.mode == back.mode
    np.testing.assert_allclose(np.asarray(again, float), np.asarray(back), atol=4 if suffix.lower() in (".jpg", ".jpeg") else 0)
    assert ImageCollection(second).sizes() == [picture.pixels.shape]


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_pictures_are_turned_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    array, path = noise(6, 4, 3), tmp_path / f"a{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(array).save(path, exif=exif_of(orientation).tobytes(), **options)
    picture, upright = read(path), ORIENTED[orientation](array)
    back = picture.like(picture.pixels)
    np.testing.assert_array_equal(np.asarray(back), upright)
    assert ImageCollection(path).sizes() == [upright.shape]
    assert dict(back.getexif()).get(0x0112, 1) == 1
    assert back.getexif()[0x010F] == "Camera"
    with Image.open(path) as image:
        assert ImageCollection([image]).sizes() == [upright.shape]
        assert read(image).pixels.shape == upright.shape


@pytest.mark.parametrize("target", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("source", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_metadata_are_kept(tmp_path: Path, source: str, target: str, orientation: int) -> None:
    first, second = tmp_path / f"a{source}", tmp_path / f"b{target}"
    Image.fromarray(noise(8, 6, 3)).save(first, exif=exif_of(orientation).tobytes(), icc_profile=SRGB, dpi=(300, 300))
    picture = read(first)
    picture.save(picture.like(picture.pixels), second)
    with Image.open(second) as image:
        image.load()
        assert image.info["icc_profile"] == SRGB
        assert image.getexif()[0x010F] == "Camera"
        assert image.getexif().get_ifd(0x8769)[0x9003] == "2020:01:02 03:04:05"
        assert image.getexif().get(0x0112, 1) == 1
        if ".webp" not in (source, target):
            assert tuple(map(round, image.info["dpi"])) == (300, 300)
    assert np.array_equal(read(second).pixels, picture.pixels) or target == ".jpg"


def test_exif_data_of_another_file_do_not_change_the_layout_of_a_tiff(tmp_path: Path) -> None:
    exif = exif_of(6)
    exif[0x0100], exif[0x0101] = 4000, 3000
    Image.fromarray(noise(8, 6, 3)).save(tmp_path / "a.png", exif=exif.tobytes())
    picture = read(tmp_path / "a.png")
    picture.save(picture.like(picture.pixels), tmp_path / "b.tif")
    np.testing.assert_array_equal(read(tmp_path / "b.tif").pixels, picture.pixels)


def test_damaged_metadata_are_not_written_into_a_tiff(tmp_path: Path) -> None:
    picture = read(noise(8, 6, 3))
    picture.kept["exif"] = b"Exif\0\0what is this"
    picture.save(picture.like(picture.pixels), tmp_path / "a.tif")
    np.testing.assert_array_equal(read(tmp_path / "a.tif").pixels, picture.pixels)


def test_damaged_metadata_count_as_none(tmp_path: Path) -> None:
    Image.fromarray(noise(8, 6, 3)).save(tmp_path / "a.png", exif=b"Exif\0\0" + b"what is this" * 3)
    assert (
        read(tmp_path / "a.png").pixels.shape
        == ImageCollection(tmp_path)[0].pixels.shape
        == ImageCollection(tmp_path).sizes()[0]
        == (8, 6, 3)
    )


def test_a_profile_of_colors_is_not_given_to_gray(tmp_path: Path) -> None:
    Image.fromarray(noise(8, 6, 3)).save(tmp_path / "a.png", icc_profile=SRGB)
    picture = read(tmp_path / "a.png")
    assert "icc_profile" in picture.like(picture.pixels).info
    assert "icc_profile" not in picture.like(luma(picture.pixels)).info


def test_jpeg_keeps_the_resolution_of_colors(tmp_path: Path) -> None:
    picture = read(noise(8, 8, 3))
    picture.save(picture.like(picture.pixels), tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3
        assert max(image.quantization[0]) < 20


@pytest.mark.parametrize("kind", [bool, np.uint8, np.uint16])
def test_arrays_are_written(tmp_path: Path, kind: Any) -> None:
    picture = read(noise(8, 6, dtype=kind))
    picture.save(picture.like(picture.pixels), tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png").pixels, picture.pixels)


def test_16_bit_colors_are_read_as_8(tmp_path: Path) -> None:
    for color, channels in ((2, 3), (4, 2), (6, 4)):
        with pytest.warns(UserWarning, match="16 bits per color, but Pillow reads or writes 8 bits: give an array"):
            picture = read(io.BytesIO(png16(color, channels)), "a.png")
        assert picture.pixels[0, 0, 0] == np.float32(0x12) / 255
    assert read(io.BytesIO(png16(0, 1))).pixels[0, 0, 0] == np.float32(0x1234) / np.float32(65535)


def test_16_bit_colors_of_a_tiff(tmp_path: Path) -> None:
    tags = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 3, 140), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 146)]
    tags += [(277, 3, 1, 3), (278, 3, 1, 1), (279, 4, 1, 12)]
    entries = b"".join(struct.pack("<HHI", *tag[:3]) + struct.pack("<I", tag[3]) for tag in tags)
    blob = (b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)).ljust(140, b"\0")
    with pytest.warns(UserWarning, match="16 bits per color"):
        picture = read(io.BytesIO(blob + struct.pack("<3H", 16, 16, 16) + b"\x34\x12" * 6))
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".tif"])
def test_animations_are_refused(tmp_path: Path, suffix: str) -> None:
    frames = [Image.fromarray(noise(8, 8, 3)) for _ in range(3)]
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(
        DataError, match=r"is (an animation of 3 frames|a stack of 3 pages), and a picture has one: .*image.seek\(0\)"
    ):
        read(tmp_path / f"a{suffix}")


def test_a_still_gif_and_a_photo_with_previews_are_pictures(tmp_path: Path) -> None:
    image = Image.fromarray(noise(8, 8, 3))
    image.save(tmp_path / "a.gif")
    assert read(tmp_path / "a.gif").pixels.shape == (8, 8, 3)
    image.save(tmp_path / "b.jpg", format="MPO", save_all=True, append_images=[image.resize((4, 4))])
    assert read(tmp_path / "b.jpg").pixels.shape == (8, 8, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".gif", ".ppm", ".jp2"])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.5, 0.95])
def test_what_is_cut_off(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise(64, 64, 3)).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share) + 8])
    with pytest.raises(DataError, match=rf"cannot read 'a{suffix}': it is cut off"):
        read(path)


def test_a_tiff_that_is_cut_off(tmp_path: Path) -> None:
    picture = read(noise(64, 64, 3))
    for name in ("a.tif", "b.tif"):
        image = Image.fromarray(noise(64, 64, 3))
        image.save(tmp_path / name, compression="tiff_deflate" if name == "a.tif" else None)
    blob = (tmp_path / "b.tif").read_bytes()
    (tmp_path / "b.tif").write_bytes(blob[:-200])
    with pytest.raises(DataError, match=r"'b.tif': it is cut off"):
        read(tmp_path / "b.tif")
    assert read(tmp_path / "a.tif").pixels.shape == picture.pixels.shape


@pytest.mark.parametrize(
    ("content", "message"), [(b"Dear reader, ", r"is no picture \(it begins with 'Dear reader"), (b"", "is empty")]
)
def test_what_only_looks_like_a_picture(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(DataError, match=f"cannot read 'a.jpg': it {message}"):
        read(tmp_path / "a.jpg")


def test_pictures_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(noise(10, 10, 3)).resize((10, 15)).save(tmp_path / "a.png")
    (tmp_path / "odd.tif").write_bytes(tiff(np.zeros((10, 15))))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 99)
    with pytest.warns(Image.DecompressionBombWarning):
        assert read(tmp_path / "a.png").pixels.shape == (15, 10, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda self: pytest.fail("it was decoded"))
    for name in ("a.png", "odd.tif"):
        message = f"{name}': it has 150 pixels, the limit is 100; if you trust it, set PIL.Image.MAX_IMAGE_PIXELS = 150"
        with pytest.raises(DataError, match=message):
            read(tmp_path / name)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for wanted in (read, ImageCollection):
        with pytest.raises(FileNotFoundError, match="absent"):
            wanted(tmp_path / "absent.png")
    with pytest.raises(IsADirectoryError):
        read(tmp_path)


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("array", "name", "message"),
    [
        (noise(4, 4, 4), "a.jpg", r"cannot hold transparency; choose .png"),
        (noise(4, 4, 2), "a.bmp", r"cannot hold transparency; choose .png"),
        (noise(4, 4, dtype=np.uint16), "a.jpg", r"cannot hold 16 bits per pixel; choose .png or .tif"),
        (noise(4, 4, dtype=np.uint16), "a.webp", r"16 bits per pixel; choose .png"),
        (noise(4, 4, dtype=np.float32), "a.png", r"cannot hold floats; choose .tif"),
        (noise(4, 4, 3, dtype=np.float32), "a.tif", r"float32 and shape \(4, 4, 3\); make it 8 bits"),
        (
            noise(4, 4, 3, dtype=np.uint16),
            "a.png",
            r"no image for an array of type uint16 and shape \(4, 4, 3\); make it 8 bits",
        ),
        (np.zeros((4, 4), int), "a.png", r"no image for an array of type int64"),
        (noise(4, 4), "a.gif", r"ends in none of .png, .jpg"),
        (noise(4, 4), "a", r"ends in none of .png, .jpg"),
        (noise(1, 20_000), "a.webp", r"\(20000 x 1 pixels\).*choose .png"),
    ],
)
def test_what_a_file_cannot_hold(tmp_path: Path, array: np.ndarray, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(noise(4, 4)).save(array, tmp_path / name)
    assert name in str(caught.value)
    assert not any(tmp_path.iterdir())


def test_a_file_is_complete_or_absent(tmp_path: Path) -> None:
    picture = read(noise(64, 64, 3))
    with pytest.raises(FileNotFoundError, match="its folder does not exist"):
        picture.save(picture.like(picture.pixels), tmp_path / "absent" / "a.png")
    (tmp_path / "a.png").write_bytes(b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="the previous file is untouched"):
            picture.save(picture.like(picture.pixels), tmp_path / "a.png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"before"


# ── TIFFs of all kinds ───────────────────────────────────────────────────────────────────────────────────────────────

COUNTS = {1: "B", 3: "H", 4: "I"}


def tiff(array: np.ndarray, white: bool = False, planar: bool = False, order: str = "<", packed: int = 1, **tags: Any) -> bytes:
    """A TIFF of an array (H, W) or (H, W, C) in strips of 4 rows, or tiles of `tile` pixels."""
    tile, predictor, turn, extra = (tags.get(name, d) for name, d in (("tile", 0), ("predictor", 1), ("turn", 1), ("extra", 2)))
    x = array if array.ndim == 3 else array[..., None]
    (h, w, c), kind = x.shape, {"u": 1, "i": 2, "f": 3, "c": 6}[array.dtype.kind]
    step = tile or 4
    parts = [x[..., [i]] for i in range(c)] if planar else [x]
    blocks = []
    for part in parts:
        for top in range(0, h, step):
            for left in range(0, w, tile or w):
                block = part[top : top + step, left : left + (tile or w)]
                if tile:
                    block = np.pad(block, [(0, tile - block.shape[0]), (0, tile - block.shape[1]), (0, 0)])
                if predictor == 2:
                    block = np.diff(block, axis=1, prepend=block[:, :1] * 0)
                data = block.astype(array.dtype.newbyteorder(order)).tobytes()
                if predictor == 3:
                    bytes_ = np.ascontiguousarray(block.astype(array.dtype.newbyteorder(">"))).view(np.uint8)
                    planes = bytes_.reshape(len(block), -1, array.dtype.itemsize).transpose(0, 2, 1)
                    planes = planes.reshape(len(block), -1, block.shape[2])
                    data = np.diff(planes, axis=1, prepend=planes[:, :1] * 0).tobytes()
                blocks.append(zlib.compress(data) if packed == 8 else data)
    offsets = np.cumsum([8] + [len(b) for b in blocks])
    meaning = 0 if white else 2 if c > 2 else 1
    entries = [
        (256, 4, [w]), (257, 4, [h]), (258, 3, [8 * array.dtype.itemsize] * c), (259, 3, [packed]), (262, 3, [meaning]),
        (274, 3, [turn]), (277, 3, [c]), (284, 3, [1 + planar]), (317, 3, [predictor]), (339, 3, [kind] * c),
    ]  # fmt: skip
    entries += [(338, 3, [extra])] if c in (2, 4) else []
    names = (324, 325) if tile else (273, 279)
    entries += [(322, 4, [tile]), (323, 4, [tile])] if tile else [(278, 4, [4])]
    entries += [(names[0], 4, offsets[:-1].tolist()), (names[1], 4, [len(b) for b in blocks])]
    start, body, table = int(offsets[-1]) + int(offsets[-1]) % 2, b"", b""
    after = start + 2 + 12 * len(entries) + 4
    for tag, form, values in sorted(entries):
        data = struct.pack(f"{order}{len(values)}{COUNTS[form]}", *values)
        inside = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(f"{order}I", after + len(body))
        body += b"" if len(data) <= 4 else data + b"\0" * (len(data) % 2)
        table += struct.pack(f"{order}HHI", tag, form, len(values)) + inside
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start)
    directory = struct.pack(f"{order}H", len(entries)) + table + struct.pack(f"{order}I", 0)
    return (head + b"".join(blocks)).ljust(start, b"\0") + directory + body


def smooth(c: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Shares (10, 14, c) from 0 to 1, and these as numbers of a type."""
    y, x = np.mgrid[:10, :14]
    share = np.stack([x / 13, y / 9, 1 - x / 13, 0.5 + y / 18], 2)[..., [0, 3] if c == 2 else range(c)]
    dtype = np.dtype(dtype)
    return share, (share if dtype.kind == "f" else (share * np.iinfo(dtype).max).round()).astype(dtype)


def seen(data: bytes) -> tuple[np.ndarray, Picture]:
    picture = read(io.BytesIO(data))
    return picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha]), picture


LAYOUTS = [
    *({"planar": True, "order": order, "packed": p} for order in "<>" for p in (1, 8)),
    {"planar": True, "tile": 16, "packed": 8, "predictor": True},
    {"order": ">", "packed": 8, "predictor": True},
    {"tile": 16},
    {},
]


@pytest.mark.filterwarnings("ignore:.*per color, but Pillow")
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("c", [1, 2, 3, 4])
def test_tiffs_of_every_layout(c: int, dtype: Any, layout: dict[str, Any]) -> None:
    if "predictor" in layout:
        layout = layout | {"predictor": 3 if np.dtype(dtype).kind == "f" else 2}
    share, array = smooth(c, dtype)
    pixels, picture = seen(tiff(array, **layout))
    np.testing.assert_allclose(pixels, share, atol=1 / 255)
    assert picture.kind == "file"
    assert picture.like(picture.pixels).size == (14, 10)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32])
def test_white_is_zero(dtype: Any) -> None:
    share, array = smooth(1, dtype)
    top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    np.testing.assert_allclose(seen(tiff(top - array, white=True))[0], share, atol=1 / 255)


@pytest.mark.parametrize("turn", ORIENTED)
def test_tiffs_that_pillow_cannot_read_are_turned_upright(turn: int, tmp_path: Path) -> None:
    share, array = smooth(1, np.float64)
    path = tmp_path / "a.tif"
    path.write_bytes(tiff(array, turn=turn))
    np.testing.assert_allclose(read(path).pixels[..., 0], ORIENTED[turn](share[..., 0]), atol=1e-6)
    assert ImageCollection(path).sizes() == [read(path).pixels.shape]


@pytest.mark.filterwarnings("ignore:.*per color, but Pillow")
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_colors_that_were_multiplied(dtype: Any) -> None:
    share, _ = smooth(4, dtype)
    many = np.concatenate([share[..., :3] * share[..., 3:], share[..., 3:]], 2)
    array = (many * (65535 if dtype is np.uint16 else 1)).astype(dtype)
    np.testing.assert_allclose(seen(tiff(array, planar=True, extra=1))[0], share, atol=1e-3)


def test_colors_of_16_bits_are_told(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="16 bits per color, but Pillow reads or writes 8 bits"):
        _, picture = seen(tiff(smooth(3, np.uint16)[1], planar=True))
    assert (picture.dtype, picture.like(picture.pixels).mode) == (np.uint16, "RGB")
    with pytest.warns(UserWarning, match="has floats per color"):
        _, picture = seen(tiff(400 * smooth(3, np.float32)[1]))
    with pytest.raises(DataError, match="no image of colors outside of 0 to 1: give them as an array"):
        picture.like(picture.pixels)


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [
        (np.full((4, 4), -3, np.int8), {}, "integers from -3 to -3: negative ones; give an array of floats"),
        (np.full((4, 4, 3), -3, np.int16), {}, "negative ones"),
        (np.full((4, 4, 3), 70000, np.uint32), {}, "integers from 70000 to 70000: more than 16 bits"),
        (np.full((4, 4), 4.0, np.float32), {"white": True}, "its zero is white, and its floats go beyond 1"),
        (np.zeros((4, 4), np.complex64), {}, r"of a kind \(SampleFormat 6, 64 bits\) that is not read"),
        (np.zeros((4, 4), np.float64), {"packed": 5}, "floats of 64 bits.*packed with LZW.*without compression"),
        (np.zeros((4, 4, 5), np.float32), {}, "not read|5 channels"),
    ],
    ids=str,
)
def test_tiffs_that_are_refused(array: np.ndarray, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=f"cannot read 'picture'.*({message})"):
        read(io.BytesIO(tiff(array, **options)))


def test_integers_that_fit_are_read() -> None:
    for dtype in (np.int16, np.int32, np.uint32, np.int64):
        np.testing.assert_allclose(seen(tiff(np.full((4, 4, 1), 300, dtype)))[0], 300 / 65535)


def test_a_tiff_of_another_number_that_is_cut_off() -> None:
    data = tiff(smooth(3, np.float64)[1])
    with pytest.raises(DataError, match="cut off or damaged"):
        read(io.BytesIO(data[:900] + data[-8:]))


# ── stacks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def stack(path: Path, pages: list[np.ndarray], **options: Any) -> Path:
    first, *rest = map(Image.fromarray, pages)
    first.save(path, save_all=True, append_images=rest, **options)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_each_page_is_a_picture(tmp_path: Path, dtype: Any) -> None:
    pages = [noise(6, 8, dtype=dtype) for _ in range(3)]
    path = stack(tmp_path / "s.tif", pages)
    Image.fromarray(noise(4, 4)).save(tmp_path / "t.png")
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as z:
        z.write(path, "in/s.tif")
        z.write(tmp_path / "t.png", "t.png")
    for X, name in ((path, "s.tif"), (tmp_path, "s.tif"), ([path], path.as_posix()), (tmp_path / "z.zip", "in/s.tif")):
        album = ImageCollection(X)
        assert album.names[:3] == [f"{name}#{i}" for i in (1, 2, 3)]
        assert album.stacks[0] == [0, 1, 2]
        assert album.sizes()[:3] == [(6, 8, 1)] * 3
        for picture, page in zip(album, pages, strict=False):
            np.testing.assert_array_equal(np.asarray(picture.like(picture.pixels)), page)
    assert ImageCollection(tmp_path).stacks == [[0, 1, 2], [3]]
    with (
        Image.open(path) as image,
        pytest.raises(DataError, match=r"is a stack of 3 pages.*give the path of the file, whose pages are a picture each"),
    ):
        read(image)


def test_pages_are_written_with_the_metadata_of_the_first(tmp_path: Path) -> None:
    pages = [noise(6, 8) for _ in range(3)]
    album = ImageCollection(stack(tmp_path / "s.tif", pages, exif=exif_of().tobytes(), dpi=(300, 300)))
    album[0].save([p.like(1 - p.pixels) for p in album], tmp_path / "t.tif")
    with Image.open(tmp_path / "t.tif") as image:
        assert image.n_frames == 3
        assert (image.info["dpi"], image.getexif()[0x010F]) == ((300, 300), "Camera")
    for picture, page in zip(ImageCollection(tmp_path / "t.tif"), pages, strict=True):
        np.testing.assert_array_equal(np.asarray(picture.like(picture.pixels)), 255 - page)
    with pytest.raises(DataError, match=r"cannot hold 3 pages; choose \.tif"):
        album[0].save(pages, tmp_path / "t.png")


def test_a_title_that_is_a_layout_is_not_kept(tmp_path: Path) -> None:
    for title, kept in (('{"shape": [6, 8]}', None), ("Roses", "Roses")):
        Image.fromarray(noise(6, 8)).save(tmp_path / "a.tif", description=title)
        picture = read(tmp_path / "a.tif")
        picture.save(picture.like(np.zeros((12, 16, 1), np.float32)), tmp_path / "b.tif")
        with Image.open(tmp_path / "b.tif") as image:
            assert image.tag_v2.get(0x010E) == kept


def test_a_preview_is_no_page(tmp_path: Path) -> None:
    path = stack(tmp_path / "s.tif", [noise(6, 8), noise(3, 4)])
    data, second = bytearray(path.read_bytes()), struct.pack("<HHII", 256, 4, 1, 4)
    if second not in data:
        second = struct.pack("<HHIHH", 256, 3, 1, 4, 0)
    at = data.index(second)
    data[at : at + 12] = struct.pack("<HHII", 254, 4, 1, 1)  # instead of its width, which nobody asks for
    path.write_bytes(data)
    assert ImageCollection(path).names == ["s.tif"]
    assert ImageCollection(path).sizes() == [(6, 8, 1)]


def test_a_stack_that_lists_only_its_first_page(tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    Image.fromarray(noise(6, 8)).save(path, description="ImageJ=1.53t\nimages=9\nslices=9\n")
    with pytest.raises(DataError, match="holds 9 pictures, but lists only 1"):
        read(path)


# ── albums ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for i, name in enumerate(
        ["train/cat/b.png", "train/cat/a.png", "train/dog/c.JPG", "test/d.png", ".hidden/e.png", "train/.f.png"]
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(8 + i, 6, 3)).save(root / name)
    (root / "train" / "notes.txt").write_text("not a picture")
    return root


@pytest.fixture
def archive(folder: Path) -> Path:
    path = folder.parent / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(folder.rglob("*"), reverse=True):
            file.write(name, name.relative_to(folder))
        file.writestr("__MACOSX/train/a.png", b"not a picture")
    return path


NAMES = ["test/d.png", "train/cat/a.png", "train/cat/b.png", "train/dog/c.JPG"]


@pytest.mark.parametrize("inside", ["", "train", "train/cat/a.png"])
@pytest.mark.parametrize("packed", [False, True])
def test_folders_and_archives(folder: Path, archive: Path, packed: bool, inside: str) -> None:
    album = ImageCollection((archive if packed else folder) / inside)
    if inside == "":
        assert album.names == NAMES
        assert album.folders == ["test", "train/cat", "train/cat", "train/dog"]
    elif inside == "train":
        assert album.names == [name.removeprefix("train/") for name in NAMES[1:]]
        assert album.folders == ["cat", "cat", "dog"]
    else:
        assert (album.names, album.folders) == (["a.png"], [""])
    assert album.sizes() == [picture.pixels.shape for picture in album]
    assert [picture.name for picture in album] == album.names
    chosen = next(i for i, name in enumerate(album.names) if name.endswith("a.png"))
    np.testing.assert_array_equal(album[chosen].pixels, read(folder / "train/cat/a.png").pixels)


def test_an_archive_is_read_by_many_threads(archive: Path) -> None:
    album = ImageCollection(archive)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: album[i % 4].pixels, range(40)))
    for i, pixels in enumerate(found):
        np.testing.assert_array_equal(pixels, album[i % 4].pixels)


def test_parts_of_an_album(folder: Path) -> None:
    album = ImageCollection(folder)
    assert album[1:3].names == NAMES[1:3]
    assert album[::-1][0].name == NAMES[-1]
    assert album.take([3, 0]).names == [NAMES[3], NAMES[0]]
    assert album[1:][1:].take(np.array([0]))[0].name == NAMES[2]
    assert album[-1].name == NAMES[-1]
    assert ImageCollection(album[1:3]).names == NAMES[1:3]
    with pytest.raises(IndexError):
        album[4]


@pytest.mark.parametrize("packed", [False, True])
def test_a_picture_is_read_when_asked_for(folder: Path, archive: Path, packed: bool) -> None:
    (folder / "train/cat/a.png").write_text("Dear reader")
    with zipfile.ZipFile(archive, "w") as file:
        for name in NAMES:
            file.write(folder / name, name)
    album = ImageCollection(archive if packed else folder)
    assert album[0].pixels.shape == (11, 6, 3)
    for ask in (lambda: album[1], album.sizes):
        with pytest.raises(DataError, match=r"cannot read 'train/cat/a.png': it is no picture.*\(in '.*photos"):
            ask()
    assert album[2].name == NAMES[2]


def test_albums_in_memory(folder: Path) -> None:
    for X, count, shape in (
        (noise(5, 4), 1, (5, 4, 1)),
        (noise(3, 5, 6)[1:], 2, (5, 6, 1)),
        (noise(2, 5, 4, 3), 2, (5, 4, 3)),
        ([noise(5, 4, 4)], 1, (5, 4, 3)),
        (Image.new("P", (4, 5)), 1, (5, 4, 3)),
        ((Image.new("LA", (4, 5)), noise(5, 4)), 2, (5, 4, 1)),
    ):
        album = ImageCollection(X)
        assert album.names == [f"picture {i}" for i in range(count)]
        assert album.folders == [""] * count
        assert {picture.pixels.shape for picture in album} == set(album.sizes()) == {shape}
    assert ImageCollection([str(folder / "test/d.png")]).names == [str(folder / "test/d.png")]
    with pytest.raises(DataError, match="'picture 1' has the value nan"):
        ImageCollection([np.zeros((2, 2)), np.full((2, 2), np.nan)])[1]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "the list is empty"),
        (np.zeros((0, 4, 4), np.uint8), "the list is empty"),
        (np.zeros(4, np.uint8), r"shape \(4,\) is no pictures"),
        (torch.zeros(2, 3, 4, 4), "a torch tensor"),
        (
            np.zeros((3, 40, 60)),
            r"channels first, or three gray ones: give np.moveaxis\(X, 0, -1\), of shape \(40, 60, 3\), or list",
        ),
        (None, "type NoneType"),
    ],
    ids=str,
)
def test_what_is_no_album(X: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ImageCollection(X)


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 1), (40, 60, 2), (40, 60, 3), (40, 60, 4), (1, 40, 60)])
def test_one_picture_is_one(shape: tuple[int, ...]) -> None:
    assert len(ImageCollection(np.zeros(shape, np.uint8))) == 1


@pytest.mark.parametrize("shape", [(5, 40, 60), (5, 40, 60, 3), (5, 40, 60, 1)])
def test_many_are_many(shape: tuple[int, ...]) -> None:
    assert len(ImageCollection(np.zeros(shape, np.uint8))) == 5


def test_an_array_of_paths(folder: Path) -> None:
    paths = [str(folder / "test/d.png"), str(folder / "train/cat/a.png")]
    assert (
        ImageCollection(np.array(paths)).names == ImageCollection(np.array(paths, object)).names == ImageCollection(paths).names
    )


def test_nothing_to_find(folder: Path, archive: Path) -> None:
    (folder / "empty").mkdir()
    for place in (folder / "empty", archive / "validation", archive / "tra"):
        with pytest.raises(DataError, match=f"{re.escape(str(place))}' contains no pictures: looked for .png, .jpg"):
            ImageCollection(place)


def test_archives_that_cannot_be_read(archive: Path) -> None:
    blob = bytearray(archive.read_bytes())
    archive.write_bytes(blob[:-100])
    with pytest.raises(DataError, match=r"photos.zip': it is no zip file, or cut off"):
        ImageCollection(archive)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.png", png16(0, 1))
    damaged = bytearray(archive.read_bytes())
    damaged[60] ^= 255
    archive.write_bytes(damaged)
    with pytest.raises(DataError, match=r"cannot read 'a.png': Bad CRC-32.*\(in "):
        ImageCollection(archive)[0]


def test_encrypted_archives(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.png", png16(0, 1))
    blob = bytearray(archive.read_bytes())
    blob[6] |= 1
    blob[blob.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(blob)
    with pytest.raises(DataError, match=r"cannot read 'a.png': .*encrypted"):
        ImageCollection(archive)[0]


def test_archives_that_unpack_without_end(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.png", bytes(2 << 20))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(DataError, match="unpacked it has 2,097,152 bytes"):
        ImageCollection(archive)[0]


def test_what_an_album_accepts(folder: Path, archive: Path, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    image = Image.new("L", (2, 2))
    for X in (
        folder,
        str(folder),
        archive,
        archive / "train",
        "a.png",
        image,
        [image],
        ("b.TIF",),
        [noise(2, 2)],
        noise(2, 2, 2),
    ):
        assert ImageCollection.accepts(X)
    assert ImageCollection.accepts(ImageCollection(folder))
    for X in (tmp_path / "texts", "a.txt", ["a.txt"], ["some text"], [], noise(2, 2), noise(2), [[1, 2]], None, 7, [noise(2)]):
        assert not ImageCollection.accepts(X)


def test_a_picture_made_by_hand() -> None:
    picture = Picture(np.zeros((2, 2, 1), np.float32), None, np.dtype(np.uint8), "a", "pil")
    assert picture.like(picture.pixels).mode == "L"


@pytest.mark.parametrize("shape", [(60, 80, 5), (100, 64, 12)])
def test_many_channels_are_no_narrow_pictures(shape: tuple[int, int, int]) -> None:
    with pytest.raises(DataError, match=rf"one of {shape[2]} channels: give list\(X\)"):
        ImageCollection(np.zeros(shape, np.uint8))
    assert len(ImageCollection(list(np.zeros(shape, np.uint8)))) == shape[0]
    assert len(ImageCollection(np.zeros((100, 8, 8), np.uint8))) == 100  # digits


def test_a_code_for_missing_pixels_is_told() -> None:
    """As in models of heights."""
    x = np.random.default_rng(0).normal(500, 20, (40, 50))
    read(x)  # without a warning
    x[::9, ::7] = -9999
    with pytest.warns(UserWarning, match="holds -9999 in 40 places"):
        read(x)


def test_a_tiff_of_many_channels_says_so(tmp_path: Path) -> None:
    """Five samples of 8 bits, gray."""
    tags = [(256, 3, 4), (257, 3, 2), (259, 3, 1), (262, 3, 1), (273, 4, 200), (277, 3, 5), (278, 3, 2), (279, 4, 40)]
    entries = [struct.pack("<HHII", tag, form, 1, value) for tag, form, value in [*tags, (258, 3, 8)]]
    head = struct.pack("<4sI", b"II*\0", 8) + struct.pack("<H", len(entries)) + b"".join(sorted(entries)) + bytes(4)
    (tmp_path / "many.tif").write_bytes(head.ljust(200, b"\0") + bytes(range(40)))
    with pytest.raises(DataError, match="it has 5 channels, but a picture has 1 to 4"):
        read(tmp_path / "many.tif")
