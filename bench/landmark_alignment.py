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

"""Whether landmarks align faces better than a detector's box or points: ``docs/landmarks.md``.

    python -m bench.landmark_alignment --data DIR [--yunet FILE]

``DIR`` holds ``ravdess_av_actor01`` and ``javanese_av``. Two distances, in pixels of the 48x48
crop: from the crop by YuNet's five points; and, for each way by itself, between the crop of an
upright head and that of the same frame turned, which should show no difference. Beside them the
cosine between the frame encoder's vectors of both crops.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import torch

from emotion_recognition.model.emotion_model import EmotionModel, load_model
from emotion_recognition.model.face_points import five_points
from emotion_recognition.vision.align import (
    TEMPLATE,
    Placement,
    cut_face,
    place_face,
    points_of,
)
from emotion_recognition.vision.detect import (
    DetectorError,
    FaceDetector,
    make_detector,
)
from emotion_recognition.vision.landmarks import LandmarkFinder

FRAME_STEP = 30
ROLL = 12.0  # degrees
CLIP_STEP = 5  # of the 120 clips of javanese_av


def main() -> None:
    """Measure every detector that can be loaded, with and without landmarks, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--yunet", type=Path, help="YuNet's file, if it is not in the cache")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    others: dict[str, FaceDetector] = {"yunet": make_detector("yunet", arguments.yunet)}
    for name in ("mtcnn", "haar"):
        try:
            others[name] = make_detector(name)
        except DetectorError as error:
            print(f"without {name}: {error}")
    finder, model = LandmarkFinder(), load_model(device="cpu")
    against: dict[str, list[tuple[float, float]]] = {}
    tilted: dict[str, list[tuple[float, float]]] = {}
    for image in heads(arguments.data):
        upright = ways_of(image, others, finder)
        if "yunet" not in upright:
            continue
        vector = vector_of(image, upright["yunet"], model)
        for way, placement in upright.items():
            cosine = float(vector @ vector_of(image, placement, model))
            values = (distance(placement, upright["yunet"]), cosine)
            against.setdefault(way, []).append(values)
        turn, turned = rolled(image)
        for way, placement in ways_of(turned, others, finder).items():
            if way in upright:
                before = vector_of(image, upright[way], model)
                cosine = float(before @ vector_of(turned, placement, model))
                values = (distance(placement, upright[way], turn), cosine)
                tilted.setdefault(way, []).append(values)
    print_table("Against the crop by YuNet's points", against)
    print_table(f"Tilted by {ROLL:g} degrees, against the same way upright", tilted)


def ways_of(
    image: np.ndarray, detectors: dict[str, FaceDetector], finder: LandmarkFinder
) -> dict[str, Placement]:
    """Placements of the largest face: by each detector, and by the landmarks found in that crop."""
    ways = {}
    for name, detector in detectors.items():
        found = detector.detect(image)
        if not found:
            continue
        face = max(found, key=lambda each: each.box.width * each.box.height)
        ways[name] = place_face(points_of(face))
        landmarks = finder.find(cut_face(image, ways[name]), ways[name])
        if landmarks is not None:
            ways[f"{name} and landmarks"] = place_face(five_points(landmarks.points))
    return ways


def vector_of(image: np.ndarray, placement: Placement, model: EmotionModel) -> np.ndarray:
    """The frame encoder's vector of a face, of length 1."""
    vector = model.encode_faces(cut_face(image, placement)[None])[0]
    return vector / np.linalg.norm(vector)


def rolled(image: np.ndarray) -> tuple[Placement, np.ndarray]:
    """Turn an image about its middle; return the way its pixels went, and the result."""
    size = (image.shape[1], image.shape[0])
    warp = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), ROLL, 1)
    turned = cv2.warpAffine(image, warp, size, borderMode=cv2.BORDER_REPLICATE)
    return Placement(complex(warp[0, 0], warp[1, 0]), complex(warp[0, 2], warp[1, 2])), turned


def print_table(title: str, rows: dict[str, list[tuple[float, float]]]) -> None:
    """Print one table."""
    print(f"{title}\n| aligned by | faces | px, mean | px, 95 % | cosine, mean | cosine, 5 % |")
    print("| --- | --- | --- | --- | --- | --- |")
    for way, values in sorted(rows.items()):
        off, cosine = np.array(values).T
        print(
            f"| {way} | {len(values)} | {off.mean():.2f} | {np.percentile(off, 95):.2f} | "
            f"{cosine.mean():.3f} | {np.percentile(cosine, 5):.3f} |",
            flush=True,
        )


def heads(data: Path) -> Iterator[np.ndarray]:
    """Frames of talking heads that are not blank."""
    clips = sorted((data / "ravdess_av_actor01").glob("*.mp4"))
    clips += sorted((data / "javanese_av").glob("*.mp4"))[::CLIP_STEP]
    for clip in clips:
        with av.open(str(clip)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % FRAME_STEP == 0:
                    image = frame.to_ndarray(format="bgr24")
                    if image.std() > 1:
                        yield image


def distance(found: Placement, right: Placement, moved: Placement | None = None) -> float:
    """Mean distance in the crop of five points that ``right`` puts on the template.

    ``moved``: the way from the image of ``right`` to that of ``found``, if it is another one.
    """
    places = right.to_image(TEMPLATE) @ np.array([1, 1j])
    if moved is not None:
        places = moved.factor * places + moved.shift
    places = found.factor * places + found.shift
    return float(np.abs(places - TEMPLATE @ np.array([1, 1j])).mean())


if __name__ == "__main__":
    main()
