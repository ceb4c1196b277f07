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

"""What is played: frames that all show a face, and sound in which a voice never rests for long.

So a stream that arrives can be judged, and a silence of the node is the node's.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.stream_clip import letterbox
from emotion_recognition.audio.features import FEATURES, HOP
from emotion_recognition.audio.stream import features_of
from emotion_recognition.bags.clip import SAMPLE_RATE, read_clip
from emotion_recognition.bags.events import AudioEvent, FrameEvent
from emotion_recognition.bags.sample import fetch_sample
from emotion_recognition.corpora.media import VIDEO_SUFFIXES
from emotion_recognition.vision.stream import FaceStream, VisionConfig

from .orders import FRAMES_FILE, SOUND_FILE

FRAME_RATE = 10
SIZE = (640, 480)

_CLIP_S = 4.0  # of each clip's frames
_PAUSE_S = 0.3  # of sound that is kept before and after a voice


def find_clips(folder: str, rng: np.random.Generator, most: int) -> list[Path]:
    """Return the clips below ``folder``; of none named, the demo's and those of the research data.

    Raises:
        FileNotFoundError: ``folder`` is named and holds no clip.
        SampleError: the demo's clips could not be had.
    """
    if folder:
        found = _videos(Path(folder))
        if not found:
            raise FileNotFoundError(
                f"CLIPS={folder} holds no video: expected {', '.join(sorted(VIDEO_SUFFIXES))}"
            )
        return _some(found, rng, most)
    beside = Path(__file__).resolve().parents[2] / "shared"
    data = Path(os.environ.get("EMOTION_RECOGNITION_SHARED", beside)) / "data"
    return [
        fetch_sample("wolfgang"),
        fetch_sample("speech"),
        *_some(_videos(data), rng, most - 2),
    ]


def write_material(clips: Sequence[Path], folder: Path, seconds: float) -> None:
    """Write ``frames.npy``, (n, 480, 640, 3) uint8 BGR, and ``sound.npy``, (m,) int16 of 16 kHz.

    Raises:
        ValueError: no clip shows a face, or in none a voice is heard.
        RecordingError: a clip cannot be read.
    """
    seen = FaceStream(VisionConfig())
    frames: list[np.ndarray] = []
    sound: list[np.ndarray] = []
    for clip in clips:
        if len(frames) < seconds * FRAME_RATE:
            frames += _with_a_face(_frames(clip), seen)
        if sum(map(len, sound)) < seconds * SAMPLE_RATE:
            sound.append(_with_a_voice(_sound(clip)))
    if not frames or not sum(map(len, sound)):
        what = "a voice is heard" if frames else "a face is seen"
        raise ValueError(f"in none of {len(clips)} clips {what}: give a folder of clips of people")
    np.save(folder / FRAMES_FILE, np.stack(frames[: round(seconds * FRAME_RATE)]))
    pcm = np.concatenate(sound)[: round(seconds * SAMPLE_RATE)]
    np.save(folder / SOUND_FILE, (np.clip(pcm, -1, 1) * 32767).astype(np.int16))


def _videos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES)


def _some(clips: list[Path], rng: np.random.Generator, most: int) -> list[Path]:
    chosen = rng.permutation(len(clips))[: max(0, most)]
    return [clips[index] for index in sorted(chosen)]


def _frames(clip: Path) -> Iterator[np.ndarray]:
    """Frames at ``FRAME_RATE``, of ``SIZE``."""
    if clip.suffix == ".wav":
        return
    begin_ns = due_ns = 0
    for event in read_clip(clip, with_audio=False):
        assert isinstance(event, FrameEvent)
        begin_ns = begin_ns or event.stamp_ns
        if event.stamp_ns - begin_ns >= _CLIP_S * 1e9:
            return
        if event.stamp_ns - begin_ns >= due_ns:
            due_ns += 1_000_000_000 // FRAME_RATE
            yield letterbox(event.image(), SIZE)


def _with_a_face(frames: Iterator[np.ndarray], seen: FaceStream) -> list[np.ndarray]:
    """Those in which a face is found that is looked at for the first time."""
    kept = []
    for frame in frames:
        seen.reset()
        if seen.add(1, frame) is not None:
            kept.append(frame)
    return kept


def _sound(clip: Path) -> np.ndarray:
    """The sound at 16 kHz, (n,) float32; none of a clip without."""
    has_sound = clip.suffix == ".wav" or any(
        isinstance(event, AudioEvent) for event in _first(clip, 50)
    )
    events = read_clip(clip, with_images=False) if has_sound else iter(())
    pieces = [event.chunk.samples[:, 0] for event in events if isinstance(event, AudioEvent)]
    return np.concatenate([np.zeros(0, np.float32), *pieces])


def _first(clip: Path, count: int) -> Iterator[object]:
    for _, event in zip(range(count), read_clip(clip), strict=False):
        yield event


def _with_a_voice(sound: np.ndarray) -> np.ndarray:
    """The samples that lie close to an active voice."""
    speech = features_of(sound, SAMPLE_RATE)[:, FEATURES["speech"]].any(axis=1)
    around = round(_PAUSE_S * SAMPLE_RATE / HOP)
    near = np.convolve(speech, np.ones(2 * around + 1), "same") > 0
    kept = np.repeat(near, HOP)
    return sound[: len(kept)][kept[: len(sound)]]
