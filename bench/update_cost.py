"""Cost of an update: streaming, against the same model fed whole windows, in one process.

The two ways take turns second by second, so that whatever else the machine does falls on both.
"""

import time
from collections.abc import Callable

import cv2
import numpy as np

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.features import FEATURE_SIZE
from emotion_recognition.audio.stream import features_of
from emotion_recognition.model.emotion_model import AUDIO_STEPS, VIDEO_STEPS, EmotionModel
from emotion_recognition.model.frame_encoder import FrameEncoder
from emotion_recognition.nodes.overlay import QUALITY, draw, shrink
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.landmarks import LandmarkFinder
from emotion_recognition.vision.stream import FaceStream

from .stream_clip import SAMPLE_RATE, SECOND, Material, events

START_NS = 1_000 * SECOND
WARM_UP_S = 5.0


def measure_update_cost(material: Material, model: EmotionModel, seconds: int) -> dict[str, float]:
    """Return CPU milliseconds a second of input and an update, and what they save.

    ``update_vs_whole_window`` is the whole-window cost over the streaming cost of one update.
    """
    config = RecognizerConfig()
    recognizer = Recognizer(config, model)
    stream = events(material, START_NS, WARM_UP_S + seconds)
    boundary = START_NS + int(WARM_UP_S * SECOND)
    pending = next(stream)

    def feed_until(end_ns: int) -> int:
        nonlocal pending
        updates = 0
        while pending is not None and pending[0] < end_ns:
            stamp_ns, kind, data = pending
            if kind == "audio":
                recognizer.add_audio(AudioChunk(stamp_ns, SAMPLE_RATE, data))
            elif recognizer.wants_frame(stamp_ns):
                recognizer.add_frame(stamp_ns, data)
            updates += len(recognizer.estimates())
            pending = next(stream, None)
        return updates

    feed_until(boundary)
    whole_window = _whole_window(material, model, config)
    whole_window()
    streamed = whole = 0.0
    updates = 0
    for second in range(seconds):
        cost, count = _cpu(lambda end=boundary + (second + 1) * SECOND: feed_until(end))
        streamed += cost
        updates += count
        cost, _ = _cpu(whole_window)
        whole += cost
    update_ms, whole_ms = 1e3 * streamed / updates, 1e3 * whole / seconds
    return {
        "cpu_ms_per_second": 1e3 * streamed / seconds,
        "update_ms": update_ms,
        "whole_window_ms": whole_ms,
        "update_vs_whole_window": whole_ms / update_ms,
    }


def measure_landmarks(material: Material, faces: int) -> dict[str, float]:
    """Return CPU milliseconds to find the landmarks of a face, and to draw and encode them."""
    stream, finder = FaceStream(RecognizerConfig().vision), LandmarkFinder()
    found = (stream.add(START_NS + n * SECOND, f) for n, f in enumerate(material.frames[::10]))
    seen = next(face for face in found if face is not None)
    frame = material.frames[0].copy()
    landmarks = finder.find(seen.crop, seen.placement)

    def overlay() -> None:
        picture, scale = shrink(frame)
        draw(picture, scale, seen, landmarks, "#1 surprised 0.50")
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])

    costs = {}
    for name, work in (
        ("landmarks_ms", lambda: finder.find(seen.crop, seen.placement)),
        ("overlay_ms", overlay),
    ):
        costs[name] = 1e3 * float(np.median([_cpu(work)[0] for _ in range(faces)]))
    return costs


def _whole_window(
    material: Material, model: EmotionModel, config: RecognizerConfig
) -> Callable[[], None]:
    """One update as published peers make it: every frame and all sound of the window anew."""
    length = int(config.window_s * SAMPLE_RATE)
    sound = np.resize(material.sound, length)
    frames = [material.frames[(3 * step) % len(material.frames)] for step in range(VIDEO_STEPS)]

    faces = FaceStream(config.vision)

    def update() -> None:
        audio = np.zeros((AUDIO_STEPS, FEATURE_SIZE), np.float32)
        values = features_of(sound, SAMPLE_RATE, config.audio)[-AUDIO_STEPS:]
        audio[-len(values) :] = values
        faces.reset()
        seen = [
            faces.add(START_NS + step * SECOND // 10, frame) for step, frame in enumerate(frames)
        ]
        crops = np.stack([face.crop for face in seen if face is not None])
        vectors = np.zeros((VIDEO_STEPS, FrameEncoder.VECTOR_SIZE), np.float32)
        vectors[-len(crops) :] = model.encode_faces(crops)
        audio_mask = np.arange(AUDIO_STEPS) >= AUDIO_STEPS - len(values)
        video_mask = np.arange(VIDEO_STEPS) >= VIDEO_STEPS - len(crops)
        model.predict(audio, audio_mask, vectors, video_mask)

    return update


def _cpu(work: Callable[[], object]) -> tuple[float, int]:
    before = time.process_time()
    count = work()
    return time.process_time() - before, count if isinstance(count, int) else 0
