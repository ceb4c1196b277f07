# Copyright 2026 The emotion_recognition authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Pixels from image messages: every encoding, padded rows, compressed images, broken input."""

import array
import struct
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rosbags.typesys import Stores, get_typestore

from emotion_recognition.vision.messages import ENCODINGS, ImageFormatError, decode_image

RNG = np.random.default_rng(5)
PIXEL_BYTES = {"mono16": 2, "yuv422": 2, "uyvy": 2, "yuv422_yuy2": 2, "yuyv": 2}
PIXEL_BYTES |= {"rgb8": 3, "bgr8": 3, "8UC3": 3, "rgba8": 4, "bgra8": 4, "8UC4": 4}


def raw(encoding, width, height, data, step=None, is_bigendian=0):
    if step is None:
        step = width * PIXEL_BYTES.get(encoding, 1)
    return SimpleNamespace(
        encoding=encoding,
        width=width,
        height=height,
        step=step,
        is_bigendian=is_bigendian,
        data=data,
    )


def compressed(data, image_format="jpeg"):
    return SimpleNamespace(format=image_format, data=data)


def encoded(extension, image, *options):
    return cv2.imencode(extension, image, list(options))[1].tobytes()


def noise(height, width, channels):
    return RNG.integers(0, 256, (height, width, channels), np.uint8)


def smooth(height, width):
    ramp = np.linspace(30, 220, width)[None, :] * np.linspace(0.5, 1, height)[:, None]
    return np.stack([ramp, ramp[::-1], 250 - ramp], axis=-1).astype(np.uint8)


def same_pixels(msg, expected):
    image = decode_image(msg)
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize(
    ("encoding", "order"),
    [
        ("bgr8", [0, 1, 2]),
        ("rgb8", [2, 1, 0]),
        ("bgra8", [0, 1, 2]),
        ("rgba8", [2, 1, 0]),
        ("8UC3", [0, 1, 2]),
        ("8UC4", [0, 1, 2]),
        ("mono8", [0, 0, 0]),
        ("8UC1", [0, 0, 0]),
    ],
)
def test_channels_come_out_as_blue_green_red(encoding, order):
    pixels = noise(5, 7, PIXEL_BYTES.get(encoding, 1))
    same_pixels(raw(encoding, 7, 5, pixels.ravel()), pixels[..., order])


@pytest.mark.parametrize(("bigendian", "dtype"), [(0, "<u2"), (1, ">u2")])
def test_16_bit_grey_is_scaled_to_8(bigendian, dtype):
    values = np.array([[0, 256, 32768], [40000, 65280, 65535]])
    image = decode_image(
        raw("mono16", 3, 2, values.astype(dtype).tobytes(), is_bigendian=bigendian)
    )
    assert np.abs(image[..., 0] - values / 257).max() <= 1
    np.testing.assert_array_equal(image[..., 0], image[..., 2])


def bt601(y, u, v):
    """Video range, ITU-R BT.601: the blue, green and red of one luma and chroma."""
    y, u, v = 1.164 * (y - 16), u - 128, v - 128
    return np.clip([y + 2.018 * u, y - 0.391 * u - 0.813 * v, y + 1.596 * v], 0, 255)


@pytest.mark.parametrize(
    ("encoding", "order"),
    [("yuv422", "uyvy"), ("uyvy", "uyvy"), ("yuv422_yuy2", "yuyv"), ("yuyv", "yuyv")],
)
def test_yuv_422(encoding, order):
    one, two, u, v = 90, 160, 100, 170
    pair = {"uyvy": [u, one, v, two], "yuyv": [one, u, two, v]}[order]
    image = decode_image(raw(encoding, 4, 3, bytes(pair * 6)))
    assert image.shape == (3, 4, 3)
    assert np.abs(image[:, 0::2] - bt601(one, u, v)).max() <= 2
    assert np.abs(image[:, 1::2] - bt601(two, u, v)).max() <= 2


@pytest.mark.parametrize(("encoding", "chroma"), [("nv12", [100, 170]), ("nv21", [170, 100])])
def test_chroma_rows_after_the_luma(encoding, chroma):
    luma = np.full((4, 6), 90, np.uint8)
    planes = np.vstack([luma, np.tile(np.array(chroma, np.uint8), (2, 3))])
    padded = np.pad(planes, ((0, 0), (0, 5)))
    image = decode_image(raw(encoding, 6, 4, padded.tobytes(), step=11))
    assert image.shape == (4, 6, 3)
    assert np.abs(image - bt601(90, 100, 170)).max() <= 2


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer_pattern_names_the_first_two_rows(pattern):
    blue, green, red = 40, 120, 210
    cell = np.array([{"b": blue, "g": green, "r": red}[c] for c in pattern], np.uint8)
    mosaic = np.tile(cell.reshape(2, 2), (4, 5))
    image = decode_image(raw(f"bayer_{pattern}8", 10, 8, mosaic.tobytes()))
    np.testing.assert_array_equal(image, np.broadcast_to([blue, green, red], (8, 10, 3)))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_padding_after_each_row_is_left_out(encoding):
    row = 8 * PIXEL_BYTES.get(encoding, 1)
    rows = 9 if encoding.startswith("nv") else 6
    packed = RNG.integers(16, 240, (rows, row), np.uint8)
    padded = np.hstack([packed, np.full((rows, 13), 255, np.uint8)])
    expected = decode_image(raw(encoding, 8, 6, packed.tobytes()))
    assert expected.shape == (6, 8, 3)
    same_pixels(raw(encoding, 8, 6, padded.tobytes(), step=row + 13), expected)


@pytest.mark.parametrize(
    "container", [bytes, bytearray, memoryview, lambda b: array.array("B", b), np.frombuffer]
)
def test_any_byte_container(container):
    pixels = noise(4, 5, 3)
    data = pixels.tobytes()
    given_data = container(data, np.uint8) if container is np.frombuffer else container(data)
    same_pixels(raw("bgr8", 5, 4, given_data), pixels)


@pytest.mark.parametrize("encoding", ["bgr8", "rgb8", "mono8"])
def test_result_does_not_change_with_the_message(encoding):
    data = bytearray(noise(4, 6, PIXEL_BYTES.get(encoding, 1)).tobytes())
    image = decode_image(raw(encoding, 6, 4, data))
    before = image.copy()
    data[:] = bytes(len(data))
    np.testing.assert_array_equal(image, before)
    image[:] = 1  # and it may be written to


def test_messages_read_from_a_bag():
    store = get_typestore(Stores.ROS2_JAZZY)
    stamp = store.types["builtin_interfaces/msg/Time"](1, 2)
    header = store.types["std_msgs/msg/Header"](stamp, "camera")
    pixels = noise(6, 8, 3)
    for name, *fields in (
        ("sensor_msgs/msg/Image", 6, 8, "bgr8", 0, 24, pixels.ravel()),
        ("sensor_msgs/msg/CompressedImage", "png", np.frombuffer(encoded(".png", pixels), "u1")),
    ):
        cdr = store.serialize_cdr(store.types[name](header, *fields), name)
        same_pixels(store.deserialize_cdr(cdr, name), pixels)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoding": "32FC1"}, ["'32FC1'", "bgr8"]),
        ({"encoding": ""}, ["''", "bgr8"]),
        ({"width": 0}, ["0x4"]),
        ({"height": 0}, ["5x0"]),
        ({"step": 14}, ["14", "15"]),
        ({"step": 0}, ["step is 0", "15"]),
        ({"data": b""}, ["0 bytes", "60"]),
        ({"data": bytes(59)}, ["59", "60"]),
        ({"step": 16}, ["60", "64"]),
        ({"width": 100_000, "height": 100_000, "step": 300_000}, ["100000x100000", "megapixels"]),
        ({"encoding": "yuv422"}, ["5x4", "yuv422"]),
    ],
)
def test_inconsistent_message_says_what_is_wrong(changes, words):
    fields = vars(raw("bgr8", 5, 4, bytes(60))) | changes
    with pytest.raises(ImageFormatError) as error:
        decode_image(SimpleNamespace(**fields))
    assert all(word in str(error.value) for word in words), str(error.value)


def test_something_else_than_an_image():
    with pytest.raises(ImageFormatError, match="SimpleNamespace"):
        decode_image(SimpleNamespace(data=b"x"))


def test_png_is_exact_and_jpeg_is_close():
    image = smooth(40, 56)
    same_pixels(compressed(encoded(".png", image), "png"), image)
    jpeg = decode_image(compressed(encoded(".jpg", image, cv2.IMWRITE_JPEG_QUALITY, 95)))
    assert jpeg.shape == image.shape
    assert np.abs(jpeg.astype(int) - image).mean() < 3


def test_grey_and_deep_compressed_images_become_bgr():
    grey = smooth(24, 32)[..., 0]
    same_pixels(compressed(encoded(".png", grey)), np.repeat(grey[..., None], 3, axis=2))
    assert decode_image(compressed(encoded(".jpg", grey))).shape == (24, 32, 3)
    deep = decode_image(compressed(encoded(".png", grey.astype(np.uint16) * 257)))
    np.testing.assert_array_equal(deep[..., 1], grey)


@pytest.mark.parametrize("options", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)])
@settings(max_examples=60)
@given(share=st.floats(0, 0.999))
def test_truncated_jpeg_is_refused(options, share):
    data = encoded(".jpg", smooth(48, 64), *options)
    with pytest.raises(ImageFormatError):
        decode_image(compressed(data[: int(share * len(data))]))


@settings(max_examples=60)
@given(share=st.floats(0, 0.999))
def test_truncated_png_is_refused(share):
    data = encoded(".png", smooth(48, 64))
    with pytest.raises(ImageFormatError):
        decode_image(compressed(data[: int(share * len(data))], "png"))


def test_bytes_after_the_end_do_no_harm():
    image = smooth(24, 32)
    jpeg = encoded(".jpg", image)
    expected = decode_image(compressed(jpeg))
    same_pixels(compressed(jpeg + bytes(100)), expected)
    same_pixels(compressed(encoded(".png", image) + bytes(100)), image)


@settings(max_examples=200)
@given(st.binary(max_size=80), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"]))
def test_garbage_is_refused(data, magic):
    with pytest.raises(ImageFormatError):
        decode_image(compressed(magic + data))


@settings(max_examples=100)
@given(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from([".jpg", ".png"]))
def test_a_broken_byte_gives_an_image_or_a_refusal(at, value, extension):
    data = bytearray(encoded(extension, smooth(40, 40)))
    data[at % len(data)] = value
    try:
        image = decode_image(compressed(bytes(data)))
    except ImageFormatError:
        return
    assert image.ndim == 3 and image.dtype == np.uint8


def test_forged_size_is_refused_before_decoding():
    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IEND", b"")
    with pytest.raises(ImageFormatError, match=r"50000x50000.*megapixels"):
        decode_image(compressed(bomb, "png"))


def test_depth_payload_is_named():
    depth = bytes(12) + encoded(".png", smooth(8, 8))
    with pytest.raises(ImageFormatError, match=r"compressedDepth.*expected JPEG"):
        decode_image(compressed(depth, "16UC1; compressedDepth png"))
