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

"""Cost of an update: streaming, the same model fed whole windows, and the published design.

All three take turns in one process, a second of stream each, so that whatever else the machine does
falls on all of them. Each update is counted from image messages and samples to probabilities:

- streaming: the stream between two updates, with sound, faces, vectors and fusion;
- whole window: all 36 frames and all sound of the window anew, by the same model;
- reference: the common published design (``reference_model``) on 15 frames of the window, whose
  faces are known but for that of the one frame that is new since the last update.
"""

import itertools
from collections.abc import Callable

import numpy as np
import torch

from emotion_recognition.audio.features import (
    FEATURE_SIZE,
    FRAME,
    HOP,
    log_mel,
    mfcc,
    power_spectrum,
)
from emotion_recognition.audio.stream import features_of
from emotion_recognition.model.emotion_model import AUDIO_STEPS, VIDEO_STEPS, EmotionModel
from emotion_recognition.recognizer import Recognizer, RecognizerConfig
from emotion_recognition.vision.align import cut_face, place_face, points_of
from emotion_recognition.vision.detect import make_detector
from emotion_recognition.vision.stream import FaceStream

from .measure import cpu_ms, progress
from .reference_model import FACE_SIZE, FACES, MFCC_SIZE, ReferenceModel, build_reference, count
from .stream_clip import FRAME_RATE, SAMPLE_RATE, SECOND, Material
from .streaming import START_NS, Streaming


def measure_update_cost(material: Material, model: EmotionModel, seconds: int) -> dict[str, object]:
    """Return CPU milliseconds an update, three ways, and how many times streaming is cheaper."""
    config = RecognizerConfig()
    streaming = Streaming(material, Recognizer(config, model))
    reference = build_reference()
    whole, published = _whole_window(material, model, config), _reference(material, reference)
    whole()
    published()
    costs = np.zeros(3)
    updates = 0

    def stream() -> None:
        nonlocal updates
        updates += streaming.feed(1.0)

    for _ in progress(range(seconds), "update cost"):
        costs += [cpu_ms(work) for work in (stream, whole, published)]
    update_ms, whole_ms, reference_ms = costs / [updates, seconds, seconds]
    parameters, operations = count(reference, *_empty_window())
    return {
        "cpu_ms_per_second": float(costs[0] / seconds),
        "update_ms": float(update_ms),
        "whole_window_ms": float(whole_ms),
        "reference_ms": float(reference_ms),
        "update_vs_whole_window": float(whole_ms / update_ms),
        "update_vs_reference": float(reference_ms / update_ms),
        "reference_parameters": parameters,
        "reference_multiply_adds": operations,
    }


def _whole_window(
    material: Material, model: EmotionModel, config: RecognizerConfig
) -> Callable[[], None]:
    """One update as published peers make it: every frame and all sound of the window anew."""
    sound = np.resize(material.sound, int(config.window_s * SAMPLE_RATE))
    step = FRAME_RATE // 10
    frames = [material.frames[(step * at) % len(material.frames)] for at in range(VIDEO_STEPS)]
    faces = FaceStream(config.vision)

    def update() -> None:
        audio = np.zeros((AUDIO_STEPS, FEATURE_SIZE), np.float32)
        values = features_of(sound, SAMPLE_RATE, config.audio)[-AUDIO_STEPS:]
        audio[-len(values) :] = values
        faces.reset()
        seen = [faces.add(START_NS + at * SECOND // 10, frame) for at, frame in enumerate(frames)]
        crops = np.stack([face.crop for face in seen if face is not None])
        vectors = np.zeros((VIDEO_STEPS, model.face.vector_size), np.float32)
        vectors[-len(crops) :] = model.encode_faces(crops)
        audio_mask = np.arange(AUDIO_STEPS) >= AUDIO_STEPS - len(values)
        video_mask = np.arange(VIDEO_STEPS) >= VIDEO_STEPS - len(crops)
        model.predict(audio, audio_mask, vectors, video_mask)

    return update


def _reference(material: Material, reference: ReferenceModel) -> Callable[[], None]:
    """One update of the published design: find one face, cut out 15, encode them and the sound."""
    sound = np.resize(material.sound, round(RecognizerConfig().window_s * SAMPLE_RATE))
    step = len(material.frames) // FACES
    frames = material.frames[: FACES * step : step]
    detector = make_detector()
    placements = [place_face(points_of(detector.detect(frame)[0]), FACE_SIZE) for frame in frames]
    newest = itertools.cycle(frames)

    @torch.inference_mode()
    def update() -> None:
        detector.detect(next(newest))
        faces = np.stack(
            [
                cut_face(frame, placement, FACE_SIZE, colour=True)
                for frame, placement in zip(frames, placements, strict=True)
            ]
        )
        pixels = torch.from_numpy(faces).permute(0, 3, 1, 2).contiguous().float() / 255
        windows = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP]
        cepstrum = mfcc(log_mel(power_spectrum(windows)))[:, :MFCC_SIZE].T.astype(np.float32)
        reference(pixels, torch.from_numpy(cepstrum.copy()))

    return update


def _empty_window() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(FACES, 3, FACE_SIZE, FACE_SIZE), torch.zeros(MFCC_SIZE, AUDIO_STEPS)
