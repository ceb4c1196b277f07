"""Whether landmarks align faces better than a detector's box or points: ``docs/landmarks.md``.

    python -m bench.landmark_alignment --data DIR [--yunet FILE]

``DIR`` holds ``ravdess_av_actor01`` and ``javanese_av``. The crop by YuNet's five points is taken
as right. Each other way is measured by how far it puts those points from there, in pixels of the
48x48 crop, and by the cosine between the frame encoder's vectors of both crops.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import torch

from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.model.face_points import five_points
from emotion_recognition.vision.align import (
    TEMPLATE,
    Placement,
    cut_face,
    place_face,
    points_of,
)
from emotion_recognition.vision.detect import Detection, DetectorError, make_detector
from emotion_recognition.vision.landmarks import LandmarkFinder

FRAME_STEP = 15
CLIP_STEP = 4  # of the 120 clips of javanese_av


def main() -> None:
    """Measure every detector that can be loaded, with and without landmarks, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--yunet", type=Path, help="YuNet's file, if it is not in the cache")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    reference = make_detector("yunet", arguments.yunet)
    others = {"yunet": reference}
    for name in ("mtcnn", "haar"):
        try:
            others[name] = make_detector(name)
        except DetectorError as error:
            print(f"without {name}: {error}")
    finder, model = LandmarkFinder(), load_model(device="cpu")
    rows: dict[str, list[tuple[float, float]]] = {}
    spent, frames = 0.0, 0
    for image in heads(arguments.data):
        true = best(reference.detect(image))
        if true is None:
            continue
        frames += 1
        right = place_face(points_of(true))
        vector = model.encode_faces(cut_face(image, right)[None])[0]
        for name, detector in others.items():
            face = best(detector.detect(image))
            if face is None or overlap(face, true) < 0.3:
                continue
            placement = place_face(points_of(face))
            began = time.process_time()
            landmarks = finder.find(cut_face(image, placement), placement)
            spent += time.process_time() - began
            ways = {name: placement}
            if landmarks is not None:
                ways[f"{name} and landmarks"] = place_face(five_points(landmarks.points))
            for way, found in ways.items():
                crop = cut_face(image, found)
                other = model.encode_faces(crop[None])[0]
                cosine = vector @ other / np.linalg.norm(vector) / np.linalg.norm(other)
                rows.setdefault(way, []).append((distance(found, right), float(cosine)))
    print(f"{frames} frames; {1e3 * spent / sum(map(len, rows.values())) * 2:.2f} ms a face")
    print("| aligned by | faces | px, mean | px, 95 % | cosine, mean | cosine, 5 % |")
    print("| --- | --- | --- | --- | --- | --- |")
    for way, values in sorted(rows.items()):
        off, cosine = np.array(values).T
        print(
            f"| {way} | {len(values)} | {off.mean():.2f} | {np.percentile(off, 95):.2f} | "
            f"{cosine.mean():.3f} | {np.percentile(cosine, 5):.3f} |"
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
