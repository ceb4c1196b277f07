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

"""Whose voice it is: of the faces in view, the one whose mouth moves while the voice is active.

Telling speakers by the motion of their lips from image to image follows Everingham, Sivic and
Zisserman 2006 ("Hello! My name is... Buffy", section 3.2), with the opening of the mouth out of the
landmarks in place of pixels. It is decided anew for each tenth of a second by what lies within a
second of it, so that of two people who take turns each gets what he or she said.

How well the mouth tells, and what ``MOVING`` lets through: ``python -m bench.speaking_faces``.
"""

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.windows import Stamps, Values

NOBODY = -1
"""Speaks where no face in view does: somebody outside of the image, or a loudspeaker."""

MOVING = 0.018
"""Mean change of a speaking mouth's opening in 0.1 s, at least; in distances between the eyes."""

APART_NS = 80_000_000
"""Openings are compared over so much time at least: images may come faster than lips move."""
TOGETHER_NS = 550_000_000
"""And at most so much: two images a second will do."""
AROUND = 10
"""Steps to either side that a step's speaker is told by."""
LEAST = 3
"""Fewer steps with a known mouth tell nothing."""


def mouth_changes(stamps_ns: Stamps, openings: Values) -> Values:
    """How much a mouth's opening differs from that a tenth of a second or more before.

    Args:
        stamps_ns: (n,) ascending, of the images that show the face.
        openings: (n,) ``FaceGeometry.mouth_opening``; NaN where the mouth could not be seen.

    Returns:
        (n,) 0 or more; NaN where one of the two is not known or they lie too far apart.
    """
    before = np.searchsorted(stamps_ns, stamps_ns - APART_NS, side="right") - 1
    known = (before >= 0) & (stamps_ns - stamps_ns[before] <= TOGETHER_NS)
    return np.where(known, np.abs(openings - openings[before]), np.nan).astype(np.float32)


def speakers(changes: Values, voiced: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Tell for each step of a window who speaks.

    The speaker of a step in which a voice is active is the face whose mouth changes most, on
    average over the voiced steps around it, if that is ``MOVING`` at least. A face that is alone
    and whose mouth cannot be seen (turned away, covered) is taken for the speaker. A step without a
    voice goes with the nearest one that has a voice (of two the earlier), so that pauses stay with
    the words beside them.

    Args:
        changes: (faces, steps) of ``mouth_changes``; NaN where there are none.
        voiced: (steps,) whether a voice is active.

    Returns:
        (steps,) index of the face, or ``NOBODY``.
    """
    steps = np.arange(len(voiced))
    if not len(changes) or not voiced.any():
        return np.full(len(steps), NOBODY)
    near = (np.abs(steps[:, None] - steps) <= AROUND).astype(np.float64)
    known = np.isfinite(changes) & voiced
    count = known @ near
    total = np.where(known, changes, 0) @ near
    unseen = np.inf if len(changes) == 1 else 0.0
    movement = np.where(count >= LEAST, total / np.maximum(count, 1), unseen)
    spoken = np.where(movement.max(axis=0) >= MOVING, movement.argmax(axis=0), NOBODY)
    with_voice = np.flatnonzero(voiced)
    nearest = with_voice[np.abs(steps[:, None] - with_voice).argmin(axis=1)]
    return spoken[nearest]
