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

"""Targets of images: raw and compressed ones."""

from collections.abc import Iterable
from random import Random

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image

from emotion_recognition.bags.events import RecordingError
from emotion_recognition.bags.types import COMPRESSED_IMAGE, IMAGE
from emotion_recognition.vision.messages import ENCODINGS, ImageFormatError, decode_image

from .messages import Fields, MiddlewareRefusalError, cdr, live, octets, recorded
from .mutate import EDGES
from .target import Target


def _check_picture(picture: np.ndarray) -> None:
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
    assert picture.flags.c_contiguous and picture.size


def take_image(data: bytes) -> None:
    """The live node and the reader of recordings: both decode, or refuse; the pixels are equal."""
    message = live(data, Image)
    picture = decode_image(message)
    _check_picture(picture)
    assert picture.shape[:2] == (message.height, message.width)
    from_recording = decode_image(recorded(data, IMAGE))
    assert np.array_equal(picture, from_recording)


def take_compressed_image(data: bytes) -> None:
    """As for ``take_image``."""
    picture = decode_image(live(data, CompressedImage))
    _check_picture(picture)
    assert np.array_equal(picture, decode_image(recorded(data, COMPRESSED_IMAGE)))


def image_fields(encoding: str, width: int, height: int, rng: Random) -> Fields:
    """A valid image of random pixels, its rows padded by up to 3 bytes."""
    step = width * 4 + rng.randrange(4)
    data = octets(rng.randbytes(step * (height + (height + 1) // 2)))
    return {
        "height": height,
        "width": width,
        "encoding": encoding,
        "is_bigendian": rng.randrange(2),
        "step": step,
        "data": data,
    }


def image_seeds() -> list[bytes]:
    """An image of each encoding."""
    rng = Random(1)
    return [cdr(IMAGE, image_fields(name, 16, 12, rng)) for name in ENCODINGS]


def invent_image(rng: Random) -> bytes:
    """An image whose fields are usual, at an edge, or do not fit each other."""
    width, height = rng.randrange(1, 40), rng.randrange(1, 30)
    fields = image_fields(rng.choice((*ENCODINGS, "32FC1", "", "BGR8")), width, height, rng)
    for name in ("width", "height", "step"):
        if rng.random() < 0.15:
            fields[name] = rng.choice(EDGES) % 2**32
        elif rng.random() < 0.1:
            fields[name] = max(0, fields[name] + rng.choice((-1, 1)))
    if rng.random() < 0.15:
        fields["data"] = fields["data"][: rng.randrange(fields["data"].size + 1)]
    return cdr(IMAGE, fields)


def pictures(rng: Random, width: int, height: int) -> list[bytes]:
    """A picture as JPEG and PNG, with the options that cameras and tools use."""
    noise = np.frombuffer(rng.randbytes(width * height * 3), np.uint8).reshape(height, width, 3)
    smooth = cv2.GaussianBlur(noise, (7, 7), 3)
    deep = smooth[..., 0].astype(np.uint16) * 257
    kinds: Iterable[tuple[str, np.ndarray, list[int]]] = (
        (".jpg", smooth, []),
        (".jpg", smooth, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]),
        (".jpg", smooth, [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]),
        (".jpg", smooth[..., 0], [cv2.IMWRITE_JPEG_OPTIMIZE, 1]),
        (".png", smooth, []),
        (".png", deep, []),
        (".png", smooth[..., 0], [cv2.IMWRITE_PNG_BILEVEL, 1]),
        (".png", np.dstack([smooth, smooth[..., :1]]), []),
    )
    return [cv2.imencode(end, each, options)[1].tobytes() for end, each, options in kinds]


def compressed_seeds() -> list[bytes]:
    """Small pictures as JPEG and PNG."""
    return [
        cdr(COMPRESSED_IMAGE, {"format": "bgr8; jpeg compressed bgr8", "data": octets(data)})
        for data in pictures(Random(2), 32, 24)
    ]


TARGETS = (
    Target(
        "image",
        240,
        take_image,
        (ImageFormatError, MiddlewareRefusalError, RecordingError),
        image_seeds,
        invent_image,
        words=[name.encode() for name in ENCODINGS],
    ),
    Target(
        "compressed_image",
        240,
        take_compressed_image,
        (ImageFormatError, MiddlewareRefusalError, RecordingError),
        compressed_seeds,
        words=(b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc0", b"\xff\xdd", b"IHDR", b"IEND"),
    ),
)
"""Of 1000 inputs they get 480."""
