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

"""From ROS image messages to BGR pixels, told apart by their fields.

Works on any object with the fields of ``sensor_msgs/Image`` or ``sensor_msgs/CompressedImage``:
rclpy's messages and those that ``rosbags`` reads from a file. Both are converted by the same code
(``rosbags-image``, after the row padding that it does not know is removed), on a machine with ROS
and without: what a live node sees is then byte for byte what an offline run sees. ``cv_bridge`` is
left out on purpose: it exists on some machines only, and its binary packages, built for NumPy 1,
do not load beside the NumPy 2 that current OpenCV wheels require.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from rosbags.image import ImageError, image_to_cvimage

MAX_PIXELS = 64_000_000  # larger than any camera's image; a bound for forged headers


class ImageFormatError(ValueError):
    """An image message that cannot be converted: unknown, inconsistent, truncated or too large."""


@dataclass(frozen=True)
class _Layout:
    """How the bytes of an encoding are laid out, and what ``rosbags-image`` calls it."""

    name: str
    pixel_bytes: int
    chroma_rows: bool = False  # half as many rows of chroma follow the rows of luma


_LAYOUTS = {
    **{name: _Layout(name, 1) for name in ("mono8", "bayer_rggb8", "bayer_bggr8")},
    **{name: _Layout(name, 1) for name in ("bayer_gbrg8", "bayer_grbg8")},
    **{name: _Layout(name, 3) for name in ("rgb8", "bgr8")},
    **{name: _Layout(name, 4) for name in ("rgba8", "bgra8")},
    **{name: _Layout(name, 2) for name in ("yuv422", "uyvy", "yuv422_yuy2", "yuyv", "mono16")},
    **{name: _Layout(name, 1, chroma_rows=True) for name in ("nv12", "nv21")},
    "8UC1": _Layout("mono8", 1),
    "8UC3": _Layout("bgr8", 3),
    "8UC4": _Layout("bgra8", 4),
}
ENCODINGS = tuple(sorted(_LAYOUTS))


def decode_image(msg: Any) -> np.ndarray:
    """Convert a ROS image message to pixels.

    Args:
        msg: A ``sensor_msgs/Image`` in one of ``ENCODINGS`` (YUV 4:2:2 as UYVY or YUYV; 16-bit
            grey scaled to 8 bits; NV12 and NV21 with ``height/2`` rows of chroma after the luma),
            or a ``sensor_msgs/CompressedImage`` holding JPEG or PNG (recognised by content,
            whatever its ``format`` says).

    Returns:
        uint8 BGR, shape (height, width, 3), contiguous and independent of the message's buffer.

    Raises:
        ImageFormatError: Unknown encoding, zero or absurd size, ``step`` shorter than a row, data
            shorter than the image, broken or truncated JPEG or PNG.
    """
    if hasattr(msg, "encoding"):
        return _decode_raw(msg)
    if hasattr(msg, "format"):
        return _decode_compressed(msg)
    raise ImageFormatError(
        f"expected the fields of sensor_msgs/Image or sensor_msgs/CompressedImage, "
        f"got {type(msg).__name__}"
    )


def _decode_raw(msg: Any) -> np.ndarray:
    layout = _LAYOUTS.get(msg.encoding)
    if layout is None:
        raise ImageFormatError(
            f"image encoding {msg.encoding!r} is not a colour or grey image that can be shown; "
            f"expected one of {', '.join(ENCODINGS)}"
        )
    width, height, step = int(msg.width), int(msg.height), int(msg.step)
    _check_size(width, height, msg.encoding)
    row_bytes = width * layout.pixel_bytes
    if step < row_bytes:
        raise ImageFormatError(
            f"image step is {step} bytes, but {width} pixels of {msg.encoding} take {row_bytes}"
        )
    rows = height * 3 // 2 if layout.chroma_rows else height
    data = np.frombuffer(msg.data, np.uint8)
    if data.size < step * rows:
        raise ImageFormatError(
            f"image data holds {data.size} bytes, but {width}x{height} {msg.encoding} with "
            f"step {step} takes {step * rows}"
        )
    packed = np.ascontiguousarray(data[: step * rows].reshape(rows, step)[:, :row_bytes])
    plain: Any = _PackedImage(layout.name, width, rows, packed, bool(msg.is_bigendian))
    try:
        image = image_to_cvimage(plain, "bgr8")
    except (ImageError, cv2.error) as error:
        raise ImageFormatError(
            f"cannot convert {width}x{height} {msg.encoding} to bgr8: {error}"
        ) from error
    return image.copy() if np.may_share_memory(image, data) else np.ascontiguousarray(image)


@dataclass(frozen=True)
class _PackedImage:
    """The fields of ``sensor_msgs/Image`` that ``rosbags-image`` reads, without row padding."""

    encoding: str
    width: int
    height: int
    data: np.ndarray
    is_bigendian: bool


def _decode_compressed(msg: Any) -> np.ndarray:
    data = bytes(msg.data)
    if data.startswith(b"\xff\xd8"):
        width, height = _jpeg_size(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = _png_size(data)
    else:
        raise ImageFormatError(
            f"compressed image (format {msg.format!r}, {len(data)} bytes) starts with "
            f"{data[:4].hex() or 'nothing'}; expected JPEG (ffd8) or PNG (89504e47)"
        )
    _check_size(width, height, "compressed")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageFormatError(f"broken {width}x{height} compressed image: {error}") from error
    if image is None:
        raise ImageFormatError(
            f"broken {width}x{height} compressed image (format {msg.format!r}, {len(data)} bytes)"
        )
    return image


def _check_size(width: int, height: int, what: str) -> None:
    if width <= 0 or height <= 0:
        raise ImageFormatError(f"{what} image of size {width}x{height} holds no pixels")
    if width * height > MAX_PIXELS:
        raise ImageFormatError(
            f"{what} image of size {width}x{height} is larger than {MAX_PIXELS // 10**6} megapixels"
        )


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Read (width, height) of a JPEG whose scan is complete (ITU-T T.81, annex B)."""
    size = None
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and at + 9 <= len(data):
            height, width = (int.from_bytes(data[at + n : at + n + 2], "big") for n in (5, 7))
            size = (width, height)
        at += 2 + length
        if marker == 0xDA:  # start of scan: from here an ffd9 is the end of the image
            if size is None or data.find(b"\xff\xd9", at) < 0:
                break
            return size
    raise ImageFormatError(f"truncated or broken JPEG of {len(data)} bytes")


def _png_size(data: bytes) -> tuple[int, int]:
    """Read (width, height) of a PNG whose chunks are complete (ISO/IEC 15948, section 5)."""
    at = 8
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        at += 12 + length
        if kind == b"IEND" and at <= len(data):
            return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    raise ImageFormatError(f"truncated or broken PNG of {len(data)} bytes")
