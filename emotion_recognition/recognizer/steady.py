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

"""Smooths the estimates of each subject on its own, and forgets the subjects that are gone."""

import copy

import numpy as np

from emotion_recognition.model.emotion_model import Prediction
from emotion_recognition.recognizer.config import RecognizerConfig
from emotion_recognition.smoothing import ExponentialFilter, Filter, make_filter


class Steadying:
    """The filters of every subject.

    A filter starts anew after a gap as long as a window, so a subject that was silent for longer
    need not be remembered: there are never more filters than subjects in one window.
    """

    def __init__(self, config: RecognizerConfig) -> None:
        """Start with no subject.

        Raises:
            model.checkpoint.CheckpointError: the parameters of the smoothing cannot be read.
        """
        gap_s = config.window_s
        score_s = 0.0 if config.smoothing == "none" else config.smoothing_s
        self._gap_ns = gap_s * 1e9
        self._new: tuple[Filter, Filter] = (
            make_filter(config.smoothing, config.smoothing_s, gap_s),
            ExponentialFilter(score_s, gap_s),
        )
        self.reset()

    def __len__(self) -> int:
        return len(self._filters)

    def reset(self) -> None:
        """Forget all subjects."""
        self._filters: dict[str, tuple[Filter, Filter]] = {}
        self._newest_ns: dict[str, int] = {}

    def update(
        self, subject: str, end_ns: int, prediction: Prediction
    ) -> tuple[tuple[float, ...], float, float, float]:
        """Return a subject's probabilities, valence, arousal and intensity as they are to be told.

        Args:
            subject: Its name; anything that tells it from the others.
            end_ns: End of the window.
            prediction: What the model makes of the window.
        """
        self._forget(end_ns)
        self._newest_ns[subject] = end_ns
        if subject not in self._filters:
            self._filters[subject] = copy.deepcopy(self._new)
        probabilities, scores = self._filters[subject]
        numbers = np.array([prediction.valence, prediction.arousal, prediction.intensity])
        steadied = probabilities.update(end_ns, prediction.probabilities.astype(np.float64))
        valence, arousal, intensity = scores.update(end_ns, numbers).tolist()
        return tuple(steadied.tolist()), valence, arousal, intensity

    def _forget(self, now_ns: int) -> None:
        gone = [name for name, ns in self._newest_ns.items() if now_ns - ns > self._gap_ns]
        for name in gone:
            del self._filters[name], self._newest_ns[name]
