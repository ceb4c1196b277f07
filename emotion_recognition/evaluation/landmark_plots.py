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

"""Pictures of the landmarks benchmark."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotion_recognition.model.face_points import eye_distance

_TILE = 224
_EYES = 0.36  # of a tile: the distance between the outer corners of the eyes
_GREEN, _RED = (80, 220, 80), (60, 60, 240)


def draw_curves(errors: dict[str, NDArray[np.float32]], failure: float, path: Path) -> None:
    """Plot the cumulative error distribution of each set: share of faces up to an NME."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.add_subplot()
    for name, values in errors.items():
        ranked = np.sort(values)
        axes.plot(100 * ranked, 100 * (np.arange(len(ranked)) + 1) / len(ranked), label=name)
    axes.axvline(100 * failure, color="grey", linewidth=0.8, linestyle="--")
    axes.set_xlim(0, 15)
    axes.set_ylim(0, 100)
    axes.set_xlabel("mean error of a face, % of the inter-ocular distance")
    axes.set_ylabel("faces, %")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def draw_sheet(rows: Sequence[Sequence[NDArray[np.uint8]]], path: Path) -> None:
    """Write tiles row by row; rows may be of different lengths."""
    longest = max(len(tiles) for tiles in rows)
    blank = np.zeros((_TILE, _TILE, 3), np.uint8)
    filled = [[*tiles, *[blank] * (longest - len(tiles))] for tiles in rows]
    cv2.imwrite(str(path), np.vstack([np.hstack(tiles) for tiles in filled]))


def tile(
    image: NDArray[np.uint8], found: NDArray[np.float32], true: NDArray[np.float32], nme: float
) -> NDArray[np.uint8]:
    """Return a face, BGR (224, 224, 3): the points found are green, the teacher's red."""
    scale = _TILE * _EYES / max(float(eye_distance(true)), 1.0)
    shift = _TILE / 2 - scale * true.mean(axis=0)
    warp = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    picture = cv2.warpAffine(
        image, warp, (_TILE, _TILE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    for points, colour in ((true, _RED), (found, _GREEN)):
        for x, y in np.rint(points * scale + shift).astype(int).tolist():
            cv2.circle(picture, (x, y), 1, colour, cv2.FILLED)
    cv2.putText(
        picture, f"{100 * nme:.1f} %", (4, _TILE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _GREEN, 1
    )
    return np.asarray(picture, np.uint8)
