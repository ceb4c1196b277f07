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

"""What the sound pipeline costs: CPU milliseconds for a second of sound, and times real time.

And what the resampler holds back of the newest sound, at worst over 20 ms chunks.
"""

import time
from collections.abc import Callable

import numpy as np
import soxr

from emotion_recognition.audio.activity import ActivityDetector
from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.audio.denoise import NoiseReducer
from emotion_recognition.audio.features import SAMPLE_RATE, log_mel, mfcc, power_spectrum
from emotion_recognition.audio.pitch import PITCH_FRAME, yin
from emotion_recognition.audio.resample import StreamingResampler
from emotion_recognition.audio.stream import AudioStream, features_of

from .audio_clips import clips, frames_of, parse_data


def main() -> None:
    """Print the table."""
    signals = [signal.astype(np.float32) for signal in clips(parse_data(__doc__))]
    sound = np.concatenate(signals)
    features_of(sound[:16000], SAMPLE_RATE)  # what is loaded once
    stereo = soxr.resample(np.stack([sound, sound], axis=1), SAMPLE_RATE, 48000)
    print(f"{len(sound) / SAMPLE_RATE:.0f} s of RAVDESS speech\n")
    print("| what | CPU ms for 1 s of sound | times real time |")
    print("| --- | --- | --- |")
    _row("clips at once", sound, lambda: [features_of(x, SAMPLE_RATE) for x in signals])
    _row("live, 16 kHz mono, 20 ms chunks", sound, lambda: _live(sound[:, None], 16000, 320))
    _row("live, 16 kHz mono, 64 ms chunks", sound, lambda: _live(sound[:, None], 16000, 1024))
    _row("live, 48 kHz stereo, 20 ms chunks", sound, lambda: _live(stereo, 48000, 960))
    frames = frames_of(sound.astype(np.float64))
    power = power_spectrum(frames)
    detector = ActivityDetector()
    windows = np.lib.stride_tricks.sliding_window_view(sound.astype(np.float64), PITCH_FRAME)[::256]
    blocks = np.array_split(windows, len(windows) // 256)
    _row("of which voice activity", sound, lambda: detector.process(frames))
    _row("of which pitch", sound, lambda: [yin(block, SAMPLE_RATE) for block in blocks])
    _row("of which noise reduction", sound, lambda: NoiseReducer().process(power))
    _row("of which spectrum, log-mel, MFCC", sound, lambda: mfcc(log_mel(power_spectrum(frames))))
    print("\n| rate, Hz | held back by the resampler, ms |\n| --- | --- |")
    for rate in (8000, 16000, 22050, 44100, 48000, 96000, 192000):
        print(f"| {rate} | {_held_back_ms(rate):.0f} |")


def _live(samples: np.ndarray, rate: int, size: int) -> None:
    stream = AudioStream()
    for at in range(0, len(samples), size):
        stream.add(AudioChunk(1 + round(at * 1e9 / rate), rate, samples[at : at + size]))


def _held_back_ms(rate: int) -> float:
    resampler = StreamingResampler(rate)
    chunk = np.zeros(rate // 50, np.float32)
    given = taken = worst = 0.0
    for _ in range(100):
        given += len(chunk) / rate
        taken += len(resampler.process(chunk)) / SAMPLE_RATE
        worst = max(worst, given - taken)
    return 1000 * worst


def _row(name: str, sound: np.ndarray, work: Callable[[], object]) -> None:
    start = time.process_time()
    work()
    cost = (time.process_time() - start) / (len(sound) / SAMPLE_RATE)
    print(f"| {name} | {1000 * cost:.1f} | {1 / cost:.0f} |", flush=True)


if __name__ == "__main__":
    main()
