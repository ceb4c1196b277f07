"""Compute the audio features of voice clips once, through the deployed audio front end."""

from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from emotion_recognition.audio.stream import AudioConfig, features_of


def write_features(paths: list[Path], cache: Path) -> None:
    """Write the cache: names (N,), offsets (N + 1,), values (all frames, 87) as float16."""
    frames = []
    for path in tqdm(paths, desc="features", mininterval=5):
        samples, sample_rate = soundfile.read(path, dtype="float32")
        frames.append(features_of(samples, sample_rate, AudioConfig()).astype(np.float16))
    offsets = np.cumsum([0, *map(len, frames)])
    names = np.array([path.stem for path in paths])
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez(cache, names=names, offsets=offsets, values=np.concatenate(frames))
