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

"""The demo's clip: the face's pictures unchanged, then the voice, and nothing of it at once."""

from pathlib import Path

import numpy as np
from recordings import make_clip

from emotion_recognition.bags.clip import read_clip
from emotion_recognition.bags.demo_clip import join_face_and_voice
from emotion_recognition.bags.events import FrameEvent

SECOND = 1_000_000_000


def parts(clip: Path):
    events = list(read_clip(clip))
    frames = [event for event in events if isinstance(event, FrameEvent)]
    chunks = [event.chunk for event in events if not isinstance(event, FrameEvent)]
    return frames, chunks


def test_voice_begins_where_the_pictures_end(tmp_path: Path) -> None:
    face = make_clip(tmp_path / "face.mkv", 2.0, sound_codec=None)
    voice = make_clip(tmp_path / "voice.wav", 3.0, video_codec=None)
    out = tmp_path / "both.mkv"
    join_face_and_voice(face, voice, out, voice_s=1.0)
    original, _ = parts(face)
    frames, chunks = parts(out)
    assert len(frames) == len(original)
    assert all(
        np.array_equal(one.image(), other.image())
        for one, other in zip(original, frames, strict=True)
    )
    sound = np.concatenate([chunk.samples[:, 0] for chunk in chunks])
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    begin_s = (chunks[0].stamp_ns - original[0].stamp_ns) / SECOND + loud[0] / 16_000
    assert abs(begin_s - 2.0) < 0.05
    assert abs(len(sound) / 16_000 - 3.0) < 0.05  # 2 s of silence, 1 s of voice
    assert not sound[: loud[0] - 1600].any()
