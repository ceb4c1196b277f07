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

"""How much voice the detector finds, and where it is fooled.

Found: share of the frames within 20 dB of the clip's loudest. False: share of the frames more than
0.3 s before the first and 0.4 s after the last of these. Rows of ``webrtcvad`` appear where it is
installed.
"""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from emotion_recognition.audio import activity
from emotion_recognition.audio.activity import ActivityDetector

from .audio_clips import clips, frames_of, noise, parse_data, voice_frames, with_noise

Detector = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    """Print the table."""
    data = parse_data(__doc__)
    signals = clips(data)
    detectors = _detectors()
    print(f"{len(signals)} clips of RAVDESS speech: found / false, per cent\n")
    sounds = _sounds(signals)
    print(f"| detector | {' | '.join(sounds)} |")
    print(f"| --- |{' --- |' * len(sounds)}")
    for name, detect in detectors.items():
        cells = [_score(detect, signals, sound) for sound in sounds.values()]
        print(f"| {name} | {' | '.join(cells)} |")


def _sounds(signals: list[np.ndarray]) -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    return {
        "clean": signals,
        "20 dB quieter": [signal * 0.1 for signal in signals],
        "pink noise 10 dB": [with_noise(signal, "pink", 10, rng) for signal in signals],
        "pink noise 0 dB": [with_noise(signal, "pink", 0, rng) for signal in signals],
        "white noise alone": [0.05 * noise("white", len(signal), rng) for signal in signals],
        "pink noise alone": [0.05 * noise("pink", len(signal), rng) for signal in signals],
        "silence": [np.zeros(len(signal)) for signal in signals],
    }


def _score(detect: Detector, signals: list[np.ndarray], sounds: list[np.ndarray]) -> str:
    found, false = [], []
    for signal, sound in zip(signals, sounds, strict=True):
        voice = voice_frames(signal)
        first, last = np.flatnonzero(voice)[[0, -1]]
        around = np.ones(len(voice), bool)
        around[max(first - 19, 0) : last + 26] = False
        active = detect(sound)
        found.append(active[voice].mean())
        if around.any():
            false.append(active[around].mean())
    return f"{100 * np.mean(found):.0f} / {100 * np.mean(false):.1f}"


def _detectors() -> dict[str, Detector]:
    ours = ActivityDetector()

    def detect(sound: np.ndarray) -> np.ndarray:
        ours.reset()
        return ours.process(frames_of(sound))

    def without_gain(sound: np.ndarray) -> np.ndarray:
        target, limit = activity._TARGET_POWER, activity._MAX_GAIN_POWER
        activity._TARGET_POWER, activity._MAX_GAIN_POWER = np.inf, 1.0
        try:
            return detect(sound)
        finally:
            activity._TARGET_POWER, activity._MAX_GAIN_POWER = target, limit

    detectors: dict[str, Detector] = {"Silero, gain ahead (ours)": detect, "Silero": without_gain}
    if find_spec("webrtcvad"):
        detectors |= {f"WebRTC, mode {mode}": _webrtc(mode) for mode in (1, 2, 3)}
    return detectors


def _webrtc(mode: int) -> Detector:
    from webrtcvad import Vad

    def detect(sound: np.ndarray) -> np.ndarray:
        vad = Vad(mode)
        pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2")
        blocks = np.array(
            [
                vad.is_speech(pcm[at : at + 160].tobytes(), 16000)
                for at in range(0, len(pcm) - 159, 160)
            ]
        )
        ends = np.arange(len(frames_of(sound))) * 256 + 512
        return blocks[ends // 160 - 1]

    return detect


if __name__ == "__main__":
    main()
