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

"""What each step of the pipeline costs: CPU milliseconds a call, and in a second of stream."""

from collections.abc import Callable
from types import SimpleNamespace

import cv2
import numpy as np
import rclpy.serialization

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.stream import AudioStream
from emotion_recognition.model.emotion_model import VIDEO_STEPS, EmotionModel
from emotion_recognition.nodes.emotion.overlay import QUALITY, draw, shrink
from emotion_recognition.nodes.ros.convert import emotion_state
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.align import cut_face, place_face, points_of
from emotion_recognition.vision.detect import FollowingDetector, make_detector
from emotion_recognition.vision.follow import SEEK_NS
from emotion_recognition.vision.landmarks import LandmarkFinder
from emotion_recognition.vision.messages import decode_image
from emotion_recognition.vision.stream import FaceStream

from .measure import in_turns
from .stream_clip import CHUNK, HD, SAMPLE_RATE, SECOND, Material, image_message
from .streaming import START_NS, Streaming

AT_ONCE = 3
"""Faces that come between two estimates, rounded up; they are encoded at once."""
PIECES = 8
"""Pieces of sound that come between two estimates."""

Work = Callable[[], object]


def measure_components(material: Material, model: EmotionModel, rounds: int) -> dict[str, object]:
    """Return ``components``: by name, ``ms`` a call and ``ms_per_second`` of the default stream.

    A component that the default stream does not use has no ``ms_per_second``.
    """
    config = RecognizerConfig()
    seeks = SECOND / SEEK_NS
    large = cv2.resize(material.frames[0], HD)
    faces, chunks = config.vision.face_rate, SAMPLE_RATE / CHUNK
    works: dict[str, tuple[Work, float | None]] = {
        "decode, raw VGA image": (_decode_raw(material), faces),
        "decode, JPEG VGA image": (_decode_jpeg(material.frames[0]), None),
        "decode, JPEG 720p image": (_decode_jpeg(large), None),
        "decode, JPEG 720p image at half scale": (_decode_halved(large), None),
        **_vision(material, config, faces, seeks),
        "frame encoder, a face": (_encoder(model, 1), None),
        f"frame encoder, {AT_ONCE} faces at once": (_encoder(model, AT_ONCE), faces / AT_ONCE),
        "audio features, a piece of 32 ms": (_sound(material, 1), None),
        f"audio features, {PIECES} pieces at once": (_sound(material, PIECES), chunks / PIECES),
        "fusion, a window": (_fusion(model), config.publish_rate),
        "message, made and serialised": (_message(material, model), config.publish_rate),
    }
    costs = in_turns({name: work for name, (work, _) in works.items()}, rounds, "components")
    return {
        "components": {
            name: {"ms": costs[name]} | ({"ms_per_second": costs[name] * rate} if rate else {})
            for name, (_, rate) in works.items()
        }
    }


def _decode_raw(material: Material) -> Work:
    message = image_message(material.frames[0])
    return lambda: decode_image(message)


def _decode_jpeg(frame: np.ndarray) -> Work:
    message = SimpleNamespace(format="jpeg", data=_jpeg(frame).tobytes())
    return lambda: decode_image(message)


def _decode_halved(frame: np.ndarray) -> Work:
    data = _jpeg(frame)
    return lambda: cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_2)


def _jpeg(frame: np.ndarray) -> np.ndarray:
    return cv2.imencode(".jpg", frame, (cv2.IMWRITE_JPEG_QUALITY, 90))[1]


def _vision(
    material: Material, config: RecognizerConfig, faces: float, seeks: float
) -> dict[str, tuple[Work, float | None]]:
    frame = material.frames[0]
    detector, finder = make_detector(), LandmarkFinder()
    found = detector.detect(frame)
    placement = place_face(points_of(found[0]))
    crop = cut_face(frame, placement)
    seen = FaceStream(config.vision).add(START_NS, frame)
    assert seen is not None
    landmarks = finder.find(crop, placement)
    canvas = frame.copy()

    def overlay() -> None:
        picture, scale = shrink(canvas)
        draw(picture, scale, seen, landmarks, "#1 surprised 0.50")
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])

    follows = isinstance(detector, FollowingDetector)
    works: dict[str, tuple[Work, float | None]] = {
        "detect, whole image": (lambda: detector.detect(frame), seeks if follows else faces)
    }
    if isinstance(detector, FollowingDetector):
        follow = detector.follow
        works["detect, following a face"] = (lambda: follow(frame, found), faces - seeks)
    return works | {
        "align, a face": (lambda: cut_face(frame, placement), faces),
        "landmarks, a face": (lambda: finder.find(crop, placement), None),
        "overlay, drawn and encoded": (overlay, None),
    }


def _encoder(model: EmotionModel, count: int) -> Work:
    crops = np.zeros((count, *model.face.face_shape), np.uint8)
    return lambda: model.encode_faces(crops)


def _sound(material: Material, pieces: int) -> Work:
    stream = AudioStream()
    count = 0

    def work() -> None:
        nonlocal count
        for _ in range(pieces):
            begin = count % (len(material.sound) // CHUNK) * CHUNK
            stamp_ns = START_NS + count * CHUNK * SECOND // SAMPLE_RATE
            samples = material.sound[begin : begin + CHUNK, None]
            stream.put(AudioChunk(stamp_ns, SAMPLE_RATE, samples))
            count += 1
        stream.take()

    return work


def _fusion(model: EmotionModel) -> Work:
    steps, width = model.audio_shape
    sound = np.zeros((steps, width), np.float32)
    sight = np.zeros((VIDEO_STEPS, model.face.vector_size), np.float32)
    heard, seen = np.ones(len(sound), bool), np.ones(len(sight), bool)
    return lambda: model.predict(sound, heard, sight, seen)


def _message(material: Material, model: EmotionModel) -> Work:
    streaming = Streaming(material, Recognizer(RecognizerConfig(), model))
    estimate = next(streaming.estimates(1.0))
    return lambda: rclpy.serialization.serialize_message(emotion_state(estimate, estimate.stamp_ns))
