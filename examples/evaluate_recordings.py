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
