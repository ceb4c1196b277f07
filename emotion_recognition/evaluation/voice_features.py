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

"""What is read of voice clips, computed once and kept in a file.

Features of the deployed audio front end, or the vectors of a voice encoder. A file holds what was
made of each clip, and a fingerprint of what made it: after a change of the front end's code or
configuration, or with another encoder, everything is computed anew.
"""

import hashlib
import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from tqdm import tqdm

from emotion_recognition import audio
from emotion_recognition.audio.features import SAMPLE_RATE
from emotion_recognition.audio.stream import AudioConfig, features_of
from emotion_recognition.evaluation import noise
from emotion_recognition.model.backbones.interface import VoiceBackbone
from emotion_recognition.model.emotion_model import WINDOW_S

logger = logging.getLogger(__name__)

CLIPS_A_WRITE = 1000
"""After so many new clips they are written, so that an interruption costs a minute or so."""

Features = dict[str, npt.NDArray[np.float16]]
"""Clip name (without suffix) to feature frames (n, 87), or to an encoder's vectors (n, D)."""

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Change:
    """What is done to the sound of a clip before it is heard; the same at each call.

    Attributes:
        name: Tells it from other changes by the same module.
        source: File of the code that makes it: when that changes, everything is computed anew.
        apply: From samples (n,) or (n, channels), their rate and the clip's name to samples alike.
    """

    name: str
    source: Path
    apply: Callable[[Samples, int, str], Samples]


def noise_at(snr_db: float) -> Change:
    """Add speech-shaped noise at this ratio (:func:`.noise.with_noise`)."""

    def apply(samples: Samples, sample_rate: int, clip: str) -> Samples:
        return noise.with_noise(samples, sample_rate, snr_db, zlib.crc32(clip.encode()))

    return Change(str(snr_db), Path(noise.__file__), apply)


def voice_features(paths: Sequence[Path], cache: Path, change: Change | None = None) -> Features:
    """Return the features of sound files, from ``cache`` as far as they are there.

    Args:
        paths: The files; no two with the same name.
        cache: File (.npz) to read and write; made if absent.
        change: What is done to the samples before; None: nothing.

    Raises:
        LibsndfileError: A clip cannot be read.
        ValueError: ``cache`` is no such file.
    """
    return _cached(paths, cache, fingerprint(change), lambda path: clip_features(path, change))


def voice_vectors(
    paths: Sequence[Path], cache: Path, encoder: VoiceBackbone, change: Change | None = None
) -> Features:
    """Return an encoder's vectors of the window of 3.6 s around the middle of sound files.

    Args:
        paths: The files; no two with the same name.
        cache: File (.npz) to read and write; made if absent.
        encoder: The voice encoder.
        change: As for :func:`voice_features`.

    Raises:
        LibsndfileError: A clip cannot be read.
        ValueError: ``cache`` is no such file, or a clip has another sampling rate than 16 kHz.
    """
    key = f"{encoder.name} {encoder.sha256} {change.name if change else None}"
    return _cached(paths, cache, key, lambda path: encoder.encode(_centre(_samples(path, change))))


def clip_features(path: Path, change: Change | None = None) -> Samples:
    """Return the features (n, 87) of one sound file, as a robot that hears it has them."""
    samples, sample_rate = _sound(path, change)
    return features_of(samples, sample_rate, AudioConfig())


def _sound(path: Path, change: Change | None) -> tuple[Samples, int]:
    samples, sample_rate = soundfile.read(path, dtype="float32")
    return change.apply(samples, sample_rate, path.stem) if change else samples, sample_rate


def _samples(path: Path, change: Change | None) -> Samples:
    samples, sample_rate = _sound(path, change)
    if sample_rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{path}: {sample_rate} Hz; voice encoders read mono of {SAMPLE_RATE} Hz")
    return samples


def _centre(samples: Samples) -> Samples:
    """Cut sound to the window around its middle; what is shorter stays as it is."""
    spare = max(0, len(samples) - round(WINDOW_S * SAMPLE_RATE))
    return samples[spare // 2 : len(samples) - (spare - spare // 2)]


def _cached(
    paths: Sequence[Path], cache: Path, key: str, compute: Callable[[Path], Samples]
) -> Features:
    known = _read(cache, key) if cache.is_file() else {}
    missing = [path for path in paths if _name_and_size(path) not in known]
    progress = tqdm(missing, desc=f"features {cache.stem}", mininterval=1, disable=not missing)
    for count, path in enumerate(progress, start=1):
        known[_name_and_size(path)] = compute(path).astype(np.float16)
        if count % CLIPS_A_WRITE == 0 or count == len(missing):
            _write(cache, key, known)
    return {path.stem: known[_name_and_size(path)] for path in paths}


def fingerprint(change: Change | None = None) -> str:
    """Return a name of the audio front end's code and configuration, and of the change before."""
    sources = sorted(Path(audio.__file__).parent.glob("*.py"))
    if change is not None:
        sources.append(change.source)
    digest = hashlib.sha256(f"{AudioConfig()} {change.name if change else None}".encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _name_and_size(path: Path) -> tuple[str, int]:
    return path.stem, path.stat().st_size


def _read(cache: Path, key: str) -> dict[tuple[str, int], npt.NDArray[np.float16]]:
    try:
        with np.load(cache, allow_pickle=False) as stored:
            parts: dict[str, Any] = {name: stored[name] for name in stored.files}
        if str(parts["key"]) != key:
            logger.info("'%s' is of another audio front end: computing anew", cache)
            return {}
        names = zip(parts["names"].tolist(), parts["sizes"].tolist(), strict=True)
        offsets = zip(parts["offsets"][:-1], parts["offsets"][1:], strict=True)
        return {
            name: parts["values"][start:end]
            for name, (start, end) in zip(names, offsets, strict=True)
        }
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"'{cache}' is no cache of voice features: delete it ({error})") from error


def _write(cache: Path, key: str, features: dict[tuple[str, int], npt.NDArray[np.float16]]) -> None:
    """Write ``names`` (N,), ``sizes`` (N,), ``offsets`` (N + 1,), ``values`` and ``key``."""
    names, sizes = zip(*features, strict=True)
    cache.parent.mkdir(parents=True, exist_ok=True)
    partial = cache.with_suffix(".part.npz")  # so that an interruption leaves no broken cache
    np.savez(
        partial,
        key=np.array(key),
        names=np.array(names),
        sizes=np.array(sizes),
        offsets=np.cumsum([0, *map(len, features.values())]),
        values=np.concatenate(list(features.values())),
    )
    partial.replace(cache)
