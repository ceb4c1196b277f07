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

"""Small images of a recording's key moments, for reports that may show people."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.bags.read import Sync, read_events
from emotion_recognition.studies.series import Series
from emotion_recognition.studies.summary import summarize_series
from emotion_recognition.studies.timeline import Picture

HEIGHT = 76
"""Height of a thumbnail, px."""

_QUALITY = 80  # of JPEG


def key_pictures(
    path: Path,
    subjects: Sequence[Series],
    image_topic: str | None = None,
    sync: Sync = "stamp",
) -> list[Picture]:
    """Return an image of each of the strongest moments (``Summary.strongest``) of a recording.

    It is the first image from the end of that window on, or the last one of the recording. There
    are none where no estimate used a face.

    Raises:
        RecordingError: the recording cannot be read.
    """
    moments = list(summarize_series(subjects).strongest)
    if not moments or not any((series.video_weight > 0).any() for series in subjects):
        return []
    pictures: list[Picture] = []
    last: FrameEvent | None = None
    for event in read_events(path, image_topic, with_audio=False, sync=sync):
        if not isinstance(event, FrameEvent):
            continue
        last = event
        while moments and event.stamp_ns >= moments[0].stamp_ns:
            moment = moments.pop(0)
            pictures.append(_picture(event.image(), moment.stamp_ns, moment.emotion))
        if not moments:
            break
    if last is not None:
        pictures += [_picture(last.image(), each.stamp_ns, each.emotion) for each in moments]
    return pictures


def _picture(image: np.ndarray, stamp_ns: int, caption: str) -> Picture:
    height, width = image.shape[:2]
    small_width = max(1, round(width * HEIGHT / height))
    small = cv2.resize(image, (small_width, HEIGHT), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return Picture(stamp_ns, jpeg.tobytes(), small_width, HEIGHT, caption)
