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

"""What noise reduction does to clean and noisy speech.

Distances are mean absolute differences of log-mel spectra to those of the clean clip, in dB: over
the bands within 40 dB of its loudest, and over all. The segmental signal-to-noise ratio is that of
mel magnitudes in frames of voice, each limited to -10 to 35 dB.
"""

import numpy as np

from emotion_recognition.audio.denoise import NoiseReducer
from emotion_recognition.audio.features import log_mel, power_spectrum

from .audio_clips import clips, frames_of, parse_data, voice_frames, with_noise


def main() -> None:
    """Print the table."""
    signals = clips(parse_data(__doc__))
    print(f"{len(signals)} clips of RAVDESS speech\n")
    print("| sound | speech bands, off | on | all bands, off | on | segmental SNR dB, off | on |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, kind, snr_db in (
        ("clean", "", 0.0),
        ("white, 20 dB", "white", 20.0),
        ("white, 10 dB", "white", 10.0),
        ("white, 0 dB", "white", 0.0),
        ("pink, 20 dB", "pink", 20.0),
        ("pink, 10 dB", "pink", 10.0),
        ("pink, 0 dB", "pink", 0.0),
    ):
        rng = np.random.default_rng(0)
        rows = []
        for signal in signals:
            sound = with_noise(signal, kind, snr_db, rng) if kind else signal
            rows.append(_compare(signal, sound))
        speech, all_bands, snr = np.mean(rows, axis=0).T
        cells = [f"{off:.2f} | {on:.2f}" for off, on in (speech, all_bands)]
        print(f"| {name} | {' | '.join(cells)} | {snr[0]:.1f} | {snr[1]:.1f} |")


def _compare(clean: np.ndarray, sound: np.ndarray) -> np.ndarray:
    """Return distances and ratio without and with noise reduction, (2, 3)."""
    goal = power_spectrum(frames_of(clean))
    noisy = power_spectrum(frames_of(sound))
    voice = voice_frames(clean)
    mel = log_mel(goal)
    speech = mel > mel.max() - 40
    rows = []
    for power in (noisy, NoiseReducer().process(noisy)):
        difference = np.abs(log_mel(power) - mel)
        rows.append(
            [
                difference[speech].mean(),
                difference.mean(),
                _segmental_snr(goal, power)[voice].mean(),
            ]
        )
    return np.array(rows)


def _segmental_snr(goal: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return the ratio in each frame on magnitudes of mel bands, dB, limited as usual."""
    clean, heard = (10 ** (log_mel(spectrum) / 20) for spectrum in (goal, power))
    error = np.sum((heard - clean) ** 2, axis=1) + 1e-20
    return np.clip(10 * np.log10(np.sum(clean**2, axis=1) / error), -10, 35)


if __name__ == "__main__":
    main()
