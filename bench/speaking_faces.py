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

"""How well a moving mouth tells who speaks, on real clips.

    python -m bench.speaking_faces --data DIR [--every N]

``DIR`` holds ``javanese_av`` and ``ravdess_av_actor01``. A speaker is a face in its own clip while
the voice is active. A listener is a face that waits to speak, half a second or more before the
voice of its clip begins, shown to and fro for as long as another one speaks.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotion_recognition.audio.stream import AudioStream
from emotion_recognition.bags.events import FrameEvent
from emotion_recognition.bags.read import read_events
from emotion_recognition.recognizer.part import SECOND_NS, voiced_steps
from emotion_recognition.recognizer.speaker import MOVING, NOBODY, mouth_changes, speakers
from emotion_recognition.vision.stream import FaceStream, VisionConfig
from emotion_recognition.windows import to_grid

STEP_NS = SECOND_NS // 10
LEAST_WAIT = 6  # steps


@dataclass(frozen=True)
class Talk:
    """A clip in tenths of a second: (36,) changes of the mouth, and whether the voice is active."""

    changes: NDArray[np.float32]
    voiced: NDArray[np.bool_]
    waiting: NDArray[np.float32]  # changes before the voice begins


def main() -> None:
    """Read the clips, print how mouths move and how often the voice goes to the right face."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--every", type=int, default=3, help="every N-th clip of javanese_av")
    options = parser.parse_args()
    paths = sorted((options.data / "javanese_av").glob("*.mp4"))[:: options.every]
    paths += sorted((options.data / "ravdess_av_actor01").glob("01-*.mp4"))
    if not paths:
        parser.error(f"no javanese_av or ravdess_av_actor01 in {options.data}")
    talks = [read_talk(path) for path in paths]
    listeners = [talk.waiting for talk in talks if len(talk.waiting) >= LEAST_WAIT]
    print(f"{len(talks)} clips, {len(listeners)} of them with somebody who waits to speak\n")
    moving = np.concatenate([talk.changes[talk.voiced] for talk in talks])
    print("change of the mouth in 0.1 s, distances between the eyes: 5 %, median, 95 %")
    print("speaking:", _percentiles(moving))
    print("waiting: ", _percentiles(np.concatenate(listeners)))
    beside, alone, unheard = [], [], []
    for talk in talks:
        told = speakers(talk.changes[None], talk.voiced)[talk.voiced]
        alone.append(float(np.mean(told == 0)))
        for waiting in listeners:
            if waiting is talk.waiting:
                continue
            loop = np.resize(np.concatenate([waiting, waiting[::-1]]), len(talk.changes))
            told = speakers(np.stack([loop, talk.changes]), talk.voiced)[talk.voiced]
            beside.append(float(np.mean(told == 1)))
            told = speakers(loop[None], talk.voiced)[talk.voiced]
            unheard.append(float(np.mean(told == NOBODY)))
    print(f"\nshare of the voice that goes right (a mouth moves from {MOVING:g} on)")
    print(f"a speaker beside a listener:     {100 * np.mean(beside):.1f} %")
    print(f"a speaker alone:                 {100 * np.mean(alone):.1f} %")
    print(f"nobody's, a listener alone:      {100 * np.mean(unheard):.1f} %")


def read_talk(path: Path) -> Talk:
    """Measure the mouth and the voice of one clip, of its last 3.6 s the steps."""
    faces, sound = FaceStream(VisionConfig(landmarks=True)), AudioStream()
    stamps, openings, heard = [], [], []
    for event in read_events(path):
        if not isinstance(event, FrameEvent):
            heard.append(sound.add(event.chunk))
        elif faces.wants(event.stamp_ns):
            face = faces.add(event.stamp_ns, event.image())
            geometry = face.geometry if face else None
            stamps.append(event.stamp_ns)
            openings.append(np.nan if geometry is None else geometry.mouth_opening)
    times = np.concatenate([part.stamps_ns for part in heard])
    features = np.concatenate([part.values for part in heard])
    end_ns = min(stamps[-1], int(times[-1]))
    seen = np.array(stamps, np.int64)
    changes = mouth_changes(seen, np.array(openings, np.float32))
    gridded, there = to_grid(seen, changes[:, None], end_ns, 36, STEP_NS, STEP_NS)
    gridded[~there] = np.nan
    sounds, active = to_grid(times, features, end_ns, 225, 16_000_000, 16_000_000)
    voiced = voiced_steps(sounds, active)
    steps = gridded[:, 0]
    begin = int(np.argmax(voiced)) - 2  # a mouth opens before the voice is heard
    waiting = steps[: max(0, begin)] if voiced.any() else steps[:0]
    return Talk(steps, voiced, waiting[np.isfinite(waiting)])


def _percentiles(changes: NDArray[np.float32]) -> str:
    return "  ".join(f"{value:.3f}" for value in np.nanpercentile(changes, (5, 50, 95)))


if __name__ == "__main__":
    main()
