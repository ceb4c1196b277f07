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

"""The clip of the demo: a face without a voice, and then a voice without a face.

No package of the registry holds both at once; a stranger's voice laid under the face would give
estimates that mean nothing. One after the other, they show what each stream does alone, and how the
estimates go over from one to the other.
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from emotion_recognition.bags.sample import default_cache, fetch_sample

FILE_NAME = "demo_face_then_voice.mkv"
VOICE_S = 10.0
RATE = 16_000
_BLOCK = 1024


def demo_clip(cache: Path | None = None) -> Path:
    """Return the demo's clip, made of the samples ``wolfgang`` and ``speech`` when first asked for.

    Args:
        cache: folder that keeps the clips; None: the user's cache folder.

    Raises:
        SampleError: a sample could not be had.
    """
    folder = cache or default_cache()
    path = folder / FILE_NAME
    face, voice = fetch_sample("wolfgang", folder), fetch_sample("speech", folder)
    if not path.is_file():
        partial = folder / f"partial_{FILE_NAME}"
        join_face_and_voice(face, voice, partial)
        partial.replace(path)
    return path


def join_face_and_voice(
    face: Path, voice: Path, out: Path, voice_s: float = VOICE_S, *, together: bool = False
) -> None:
    """Write the pictures of ``face``, unchanged, and then ``voice_s`` seconds of ``voice``.

    Args:
        face: video file.
        voice: sound file.
        out: Matroska file to write.
        voice_s: how much of the voice.
        together: let the voice begin with the pictures: for tests, where who speaks is no matter.
    """
    with av.open(str(face)) as pictures, av.open(str(out), "w", format="matroska") as container:
        source = pictures.streams.video[0]
        video = container.add_stream_from_template(source)
        sound = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        end_s = 0.0
        for packet in pictures.demux(source):
            if packet.dts is None:
                continue  # the empty packet that ends the stream
            assert packet.pts is not None and packet.time_base is not None
            end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            packet.stream = video
            container.mux(packet)
        silence = np.zeros(0 if together else round(end_s * RATE), np.int16)
        samples = np.concatenate([silence, _mono(voice)[: round(voice_s * RATE)]])
        for begin in range(0, len(samples), _BLOCK):
            block = av.AudioFrame.from_ndarray(
                samples[None, begin : begin + _BLOCK], format="s16", layout="mono"
            )
            block.sample_rate, block.time_base, block.pts = RATE, Fraction(1, RATE), begin
            container.mux(sound.encode(block))
        container.mux(sound.encode(None))


def _mono(path: Path) -> np.ndarray:
    """The sound of a file as (n,) int16 at ``RATE``."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        frames = [
            piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)
        ]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
