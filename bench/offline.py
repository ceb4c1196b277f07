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

"""Recordings offline: times real time on one, and on sixteen with one and two workers.

Bags hold VGA images as JPEG at 30 Hz and speech at 16 kHz. One recording is measured in this
process, after another has warmed it up; sixteen by the command's own runner, from its call to its
return, with the start of its processes.
"""

import os
import shutil
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from emotion_recognition.bags.write import make_bag
from emotion_recognition.evaluation.offline import recognize
from emotion_recognition.model.emotion_model import EmotionModel
from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.studies.configuration import make_configuration
from emotion_recognition.studies.run import run_recordings

from .measure import cpu_ms, progress
from .stream_clip import CHUNK, FRAME_RATE, SAMPLE_RATE, Material

BAGS = 16
WORKERS = (1, 2)


def measure_offline(material: Material, model: EmotionModel, seconds: int) -> dict[str, object]:
    """Return ``offline_x_realtime``, of one bag, and the same by CPU time, of a clip, of many bags.

    Args:
        material: what the recordings show.
        model: the model.
        seconds: length of each recording.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clip, bag = folder / "clip.mkv", folder / "bag"
        write_clip(material, clip, seconds)
        make_bag(clip, bag, compressed=True)
        _seconds_for(clip, model)
        bag_s, bag_cpu_s = _seconds_for(bag, model)
        clip_s, _ = _seconds_for(clip, model)
        bags = [folder / "bags" / f"{number:02}" for number in range(BAGS)]
        for copy in bags:
            shutil.copytree(bag, copy, copy_function=os.link)
        many = {}
        for workers in progress(WORKERS, "sixteen bags"):
            begin = time.monotonic()
            run_recordings(bags, [make_configuration()], folder / f"out{workers}", jobs=workers)
            many[str(workers)] = BAGS * seconds / (time.monotonic() - begin)
    return {
        "offline_x_realtime": seconds / bag_s,
        "offline_x_realtime_by_cpu": seconds / bag_cpu_s,
        "offline_clip_x_realtime": seconds / clip_s,
        "offline_16_bags_x_realtime": many,
    }


def write_clip(material: Material, path: Path, seconds: int) -> None:
    """Write the looped material as a Matroska file, Motion JPEG and PCM."""
    height, width = material.frames[0].shape[:2]
    with av.open(str(path), "w", format="matroska") as container:
        video = container.add_stream("mjpeg", rate=FRAME_RATE, width=width, height=height)
        video.pix_fmt = "yuvj420p"
        video.codec_context.qmin = video.codec_context.qmax = 3  # quality of a camera driver
        sound = container.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        samples = np.resize(material.sound, seconds * SAMPLE_RATE)
        pcm = (samples * 32767).clip(-32768, 32767).astype(np.int16)
        for number in range(seconds * FRAME_RATE):
            picture = material.frames[number % len(material.frames)]
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(video.encode(None))
        for begin in range(0, len(pcm), CHUNK):
            block = av.AudioFrame.from_ndarray(
                pcm[None, begin : begin + CHUNK], format="s16", layout="mono"
            )
            block.sample_rate, block.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
            block.pts = begin
            container.mux(sound.encode(block))
        container.mux(sound.encode(None))


def _seconds_for(path: Path, model: EmotionModel) -> tuple[float, float]:
    """Seconds by the clock, and of CPU time, that a recording takes."""
    begin = time.monotonic()
    cpu_s = cpu_ms(lambda: sum(1 for _ in recognize(path, RecognizerConfig(), model))) / 1e3
    return time.monotonic() - begin, cpu_s
