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

"""Clips and noise for the benchmarks of the sound pipeline."""

import argparse
from pathlib import Path

import numpy as np
import soundfile

EVERY = 29  # 50 of the 1440 clips, all actors and emotions


def parse_data(description: str | None) -> Path:
    """Return the folder given with ``--data``, the one that holds ``ravdess_speech``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder with ravdess_speech")
    folder: Path = parser.parse_args().data
    if not (folder / "ravdess_speech").is_dir():
        parser.error(f"no folder ravdess_speech in {folder}")
    return folder


def clips(data: Path) -> list[np.ndarray]:
    """Return every 29th RAVDESS speech clip, 16 kHz mono."""
    paths = sorted((data / "ravdess_speech").glob("*/*.flac"))[::EVERY]
    return [soundfile.read(path)[0] for path in paths]


def frames_of(signal: np.ndarray) -> np.ndarray:
    """Return the 512/256 frames of a signal, (n, 512)."""
    return np.lib.stride_tricks.sliding_window_view(signal, 512)[::256]


def voice_frames(signal: np.ndarray) -> np.ndarray:
    """Return which frames of a clean clip hold voice beyond doubt: within 20 dB of the loudest."""
    level = 10 * np.log10(np.mean(frames_of(signal) ** 2, axis=1) + 1e-12)
    return level > np.percentile(level, 95) - 20


def noise(kind: str, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``white`` or ``pink`` noise of power 1."""
    signal = rng.standard_normal(samples)
    if kind == "pink":
        spectrum = np.fft.rfft(signal)
        signal = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 20), samples)
    return signal / signal.std()


def with_noise(
    signal: np.ndarray, kind: str, snr_db: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the clip with noise at a ratio to the mean power between first and last voice."""
    first, last = np.flatnonzero(voice_frames(signal))[[0, -1]]
    power = np.mean(signal[first * 256 : last * 256 + 512] ** 2) / 10 ** (snr_db / 10)
    return signal + noise(kind, len(signal), rng) * np.sqrt(power)
