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

"""What following faces between two searches of the whole image saves, and what it changes.

    python -m bench.face_following --data DIR

Over the clips of ``ravdess_av_actor01`` and every eighth of ``javanese_av``: where the points of a
followed face lie, against the whole cascade on the same frame, in distances of the eyes; the cosine
of the frame vectors; and how the estimates of a clip agree with those by the cascade on each frame.
"""

import argparse
import functools
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import torch

from emotion_recognition.bags.clip import read_clip
from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.estimate import Estimate
from emotion_recognition.evaluation.offline import overall_emotion, recognize
from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.vision.align import align_face
from emotion_recognition.vision.detect import Detection, MtcnnDetector
from emotion_recognition.vision.follow import FaceFollower

from .measure import progress

EVERY = 3  # frames of a clip at 30 Hz: about face_rate
EVERY_CLIP = 8


class Searching:
    """The cascade on each frame: it cannot follow."""

    name = "mtcnn"
    gives_points = True

    def __init__(self, detector: MtcnnDetector) -> None:
        self.detect = detector.detect


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the clips")
    data: Path = parser.parse_args().data
    clips = sorted((data / "ravdess_av_actor01").glob("*.mp4"))
    clips += sorted((data / "javanese_av").glob("*.mp4"))[::EVERY_CLIP]
    if not clips:
        parser.error(f"no clips in ravdess_av_actor01 and javanese_av of {data}")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    model, detector = load_model(device="cpu"), MtcnnDetector()
    faces = [row for clip in progress(clips, "faces") for row in _faces(clip, detector, model)]
    off, cosines, search_ms, find_ms = np.array(faces).T
    print(f"{len(clips)} clips, {len(faces)} frames\n\n| what | value |\n| --- | --- |")
    print(f"| searching, CPU ms a frame | {np.mean(search_ms):.1f} |")
    print(f"| searching and following, CPU ms a frame | {np.mean(find_ms):.1f} |")
    followed = off > 0
    for name, values, percent in (("points, eye distances", off, 95), ("cosine", cosines, 5)):
        median, bad = np.percentile(values[followed], (50, percent))
        print(f"| followed: {name}, median, {percent}th percentile | {median:.3f}, {bad:.3f} |")
    agreed, differences, same = [], [], []
    for clip in progress(clips, "estimates"):
        following = list(recognize(clip, RecognizerConfig(), model))
        searching = _searched(clip, model, detector)
        pairs = list(zip(_available(following), _available(searching), strict=True))
        agreed += [one.emotion == other.emotion for one, other in pairs]
        differences += [
            np.abs(np.subtract(one.probabilities, other.probabilities)).max()
            for one, other in pairs
        ]
        first, second = overall_emotion(following), overall_emotion(searching)
        same.append((first and first[0]) == (second and second[0]))
    print(f"| estimates with the same label | {np.mean(agreed):.1%} of {len(agreed)} |")
    print(f"| largest difference of a probability, median | {np.median(differences):.3f} |")
    print(f"| clips with the same overall emotion | {sum(same)} of {len(same)} |")


def _faces(
    clip: Path, detector: MtcnnDetector, model: EmotionModel
) -> Iterable[tuple[float, float, float, float]]:
    """For each frame with one face: how far off, cosine, cost of searching, cost with following."""
    follower = FaceFollower(detector)
    for number, event in enumerate(read_clip(clip, with_audio=False)):
        if number % EVERY or not isinstance(event, FrameEvent):
            continue
        image = event.image()
        found, find_ms = _timed(functools.partial(follower.find, event.stamp_ns, image))
        sought, search_ms = _timed(functools.partial(detector.detect, image))
        if len(found) == len(sought) == 1:
            (one,), (other,) = found, sought
            assert one.points is not None and other.points is not None
            eyes = np.linalg.norm(other.points[0] - other.points[1])
            off = np.linalg.norm(one.points - other.points, axis=1).mean() / eyes
            a, b = model.encode_faces(np.stack([align_face(image, face) for face in (one, other)]))
            cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            yield float(off), float(cosine), search_ms, find_ms


def _timed(find: Callable[[], list[Detection]]) -> tuple[list[Detection], float]:
    begin = time.process_time()
    found = find()
    return found, 1e3 * (time.process_time() - begin)


def _searched(clip: Path, model: EmotionModel, detector: MtcnnDetector) -> list[Estimate]:
    with mock.patch(
        "emotion_recognition.vision.stream.make_detector", lambda *_: Searching(detector)
    ):
        return list(recognize(clip, RecognizerConfig(), model))


def _available(estimates: Iterable[Estimate]) -> list[Estimate]:
    return [estimate for estimate in estimates if estimate.available]


if __name__ == "__main__":
    main()
