"""Compute the audio features of all voice clips once, through the deployed audio front end.

``python -m emotion_recognition.training.voice_features --data DIR --out FILE.npz``
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from emotion_recognition.audio.stream import AudioConfig, features_of
from emotion_recognition.corpora import crema_d, ravdess


def write_features(paths: list[Path], cache: Path) -> None:
    """Write the cache: names (N,), offsets (N + 1,), values (all frames, 87) as float16."""
    frames = []
    for path in tqdm(paths, desc="features", mininterval=5):
        samples, sample_rate = soundfile.read(path, dtype="float32")
        frames.append(features_of(samples, sample_rate, AudioConfig()).astype(np.float16))
    offsets = np.cumsum([0, *map(len, frames)])
    names = np.array([path.stem for path in paths])
    cache.parent.mkdir(parents=True, exist_ok=True)
    partial = cache.with_name("partial-" + cache.name)
    np.savez(partial, names=names, offsets=offsets, values=np.concatenate(frames))
    partial.replace(cache)


def main(arguments: list[str] | None = None) -> None:
    """Compute and cache the features of RAVDESS speech and CREMA-D."""
    parser = argparse.ArgumentParser(description="Compute the audio features of the voice corpora.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--out", type=Path, required=True, help="cache to write (.npz)")
    options = parser.parse_args(arguments)
    paths = [clip.path for clip in ravdess.read(options.data / "ravdess_speech", "speech").check()]
    paths += [clip.path for clip in crema_d.read(options.data).check()]
    write_features(paths, options.out)


if __name__ == "__main__":
    main()
