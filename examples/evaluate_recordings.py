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

"""From recordings to figures in a few lines, as in a notebook.

python examples/evaluate_recordings.py RECORDINGS [LABELS.csv] [OUT]
"""

import sys
from pathlib import Path

from emotion_recognition.bags.find import recordings_in
from emotion_recognition.studies import evaluate, recognize, to_frame


def main(recordings: Path, labels: Path | None = None, out: Path | None = None) -> None:
    """Estimate the first recording step by step, then evaluate all of them."""
    first = recordings_in([recordings])[0]
    estimates = []
    for estimate in recognize(first):  # typed objects, each as soon as its window is complete
        if estimate.available:
            voice = f"voice {estimate.audio_weight:.2f}"
            print(f"{estimate.emotion:>10} {estimate.confidence:.2f}  {voice}")
        estimates.append(estimate)
    frame = to_frame(estimates)  # a pandas frame of the same
    print(frame[["emotion", "confidence", "valence", "arousal"]].describe(include="all"))

    study = evaluate(recordings, labels, out=out)
    shares = study.estimates.groupby("recording")["emotion"].value_counts(normalize=True)
    print(shares.unstack(fill_value=0).round(2))
    for name, score in study.scores["default"].items():
        if score.value == score.value:  # NaN: nothing to compute it from
            print(f"{name}: {score.value:.3f}, 95 % {score.ci95}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:4]))
