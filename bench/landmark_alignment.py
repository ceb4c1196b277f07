"""Whether landmarks align faces better than a detector's box or points: ``docs/landmarks.md``.

    python -m bench.landmark_alignment --data DIR [--yunet FILE]

``DIR`` holds ``ravdess_av_actor01`` and ``javanese_av``. The crop by YuNet's five points is taken
as right. Each other way is measured by how far it puts those points from there, in pixels of the
48x48 crop, and by the cosine between the frame encoder's vectors of both crops.
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
    Detection,
    DetectorError,
    FaceDetector,
    make_detector,
)
from emotion_recognition.vision.landmarks import LandmarkFinder

FRAME_STEP = 30
CLIP_STEP = 5  # of the 120 clips of javanese_av


def main() -> None:
    """Measure every detector that can be loaded, with and without landmarks, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--yunet", type=Path, help="YuNet's file, if it is not in the cache")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    reference = make_detector("yunet", arguments.yunet)
    others: dict[str, FaceDetector] = {"yunet": reference}
    for name in ("mtcnn", "haar"):
        try:
            others[name] = make_detector(name)
        except DetectorError as error:
            print(f"without {name}: {error}")
    finder, model = LandmarkFinder(), load_model(device="cpu")
    for roll in (0.0, 12.0):
        rows: dict[str, list[tuple[float, float]]] = {}
        for image in heads(arguments.data, roll):
            for way, values in compare(image, reference, others, finder, model).items():
                rows.setdefault(way, []).append(values)
        print_table(f"heads rolled by {roll:g} degrees", rows)


def compare(
    image: np.ndarray,
    reference: FaceDetector,
    others: dict[str, FaceDetector],
    finder: LandmarkFinder,
    model: EmotionModel,
) -> dict[str, tuple[float, float]]:
    """Distance from the reference in the crop, and cosine of the vectors, for each way."""
    true = best(reference.detect(image))
    if true is None:
        return {}
    right = place_face(points_of(true))
    vector = model.encode_faces(cut_face(image, right)[None])[0]
    ways: dict[str, Placement] = {}
    for name, detector in others.items():
        face = best(detector.detect(image))
        if face is None or overlap(face, true) < 0.3:
            continue
        ways[name] = place_face(points_of(face))
        landmarks = finder.find(cut_face(image, ways[name]), ways[name])
        if landmarks is not None:
            ways[f"{name} and landmarks"] = place_face(five_points(landmarks.points))
    values = {}
    for way, placement in ways.items():
        other = model.encode_faces(cut_face(image, placement)[None])[0]
        cosine = vector @ other / np.linalg.norm(vector) / np.linalg.norm(other)
        values[way] = (distance(placement, right), float(cosine))
    return values


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


def heads(data: Path, roll: float) -> Iterator[np.ndarray]:
    """Frames of talking heads that are not blank, each turned to one side or the other."""
    clips = sorted((data / "ravdess_av_actor01").glob("*.mp4"))
    clips += sorted((data / "javanese_av").glob("*.mp4"))[::CLIP_STEP]
    for index, clip in enumerate(clips):
        side = (-1) ** index
        with av.open(str(clip)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % FRAME_STEP:
                    continue
                image = frame.to_ndarray(format="bgr24")
                if image.std() > 1:
                    size = (image.shape[1], image.shape[0])
                    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), side * roll, 1)
                    yield cv2.warpAffine(image, turn, size, borderMode=cv2.BORDER_REPLICATE)


def best(found: list[Detection]) -> Detection | None:
    """The largest of the faces."""
    return max(found, key=lambda face: face.box.width * face.box.height, default=None)


def overlap(first: Detection, second: Detection) -> float:
    """Shared part of two boxes, of their union."""
    a, b = first.box, second.box
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    shared = max(width, 0) * max(height, 0)
    return shared / (a.width * a.height + b.width * b.height - shared)


def distance(found: Placement, right: Placement) -> float:
    """Mean distance in the crop of five points that ``right`` puts on the template."""
    places = right.to_image(TEMPLATE) @ np.array([1, 1j]) * found.factor + found.shift
    return float(np.abs(places - TEMPLATE @ np.array([1, 1j])).mean())


if __name__ == "__main__":
    main()
