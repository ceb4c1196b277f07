"""Compute the audio features of all voice clips once, through the deployed audio front end.

``python -m emotion_recognition.training.voice_features --data DIR --out FILE.npz``
"""

import argparse
from pathlib import Path

from emotion_recognition.corpora import crema_d, ravdess
from emotion_recognition.evaluation.voice_features import voice_features


def main(arguments: list[str] | None = None) -> None:
    """Compute and cache the features of RAVDESS speech and CREMA-D."""
    parser = argparse.ArgumentParser(description="Compute the audio features of the voice corpora.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--out", type=Path, required=True, help="cache to write (.npz)")
    options = parser.parse_args(arguments)
    paths = [clip.path for clip in ravdess.read(options.data / "ravdess_speech", "speech").check()]
    paths += [clip.path for clip in crema_d.read(options.data).check()]
    voice_features(paths, options.out)


if __name__ == "__main__":
    main()
