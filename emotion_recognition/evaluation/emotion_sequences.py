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

"""Speech in which the emotion changes: RAVDESS clips of one speaker joined end to end.

An actor's clips (one of the two repetitions of each) are put into runs of one to three of the same
emotion, the runs into a random order; silences stay as recorded. The sound goes through the
recogniser as live sound does, with the network of the fold that never heard the actor and without
smoothing, so that any smoothing can be tried on the estimates afterwards.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import soundfile
from tqdm import tqdm

from emotion_recognition.audio.chunk import AudioChunk
from emotion_recognition.bags.events import AudioEvent, Event, FrameEvent
from emotion_recognition.corpora import ravdess
from emotion_recognition.corpora.clip_window import read_strip
from emotion_recognition.corpora.ravdess import RavdessClip
from emotion_recognition.evaluation.offline import estimates_of
from emotion_recognition.evaluation.ravdess_voice import fold_weights
from emotion_recognition.model.checkpoint import checkpoint_sha256
from emotion_recognition.model.emotion_model import load_model
from emotion_recognition.model.frame_encoder import SHIPPED_WEIGHTS
from emotion_recognition.recognizer import Recognizer, RecognizerConfig

logger = logging.getLogger(__name__)

Numbers = npt.NDArray[np.float64]

UPDATE_S = 1 / RecognizerConfig().publish_rate
"""Time from one estimate to the next."""

SECOND_NS = 1_000_000_000
SAMPLE_RATE = 16_000
CHUNK = 4_000  # samples
LONGEST_RUN = 3
QUIET_DB = 30.0
"""Speech begins where 20 ms of a clip come so close to its loudest 20 ms."""


@dataclass(frozen=True)
class EmotionSequence:
    """What the network made of a speaker's joined clips, n windows, without smoothing.

    ``stamps_ns`` (n,) int64 and ``probabilities`` (n, 8) are of the estimates, from the first
    speech on. ``onsets_ns`` (k,) are the times at which the speech of another emotion begins,
    ``emotions`` (k,) which one, as an index into ``EMOTIONS``. ``actor`` () is the speaker.
    """

    actor: npt.NDArray[np.int64]
    stamps_ns: npt.NDArray[np.int64]
    probabilities: Numbers
    onsets_ns: npt.NDArray[np.int64]
    emotions: npt.NDArray[np.int64]

    @property
    def truth(self) -> npt.NDArray[np.int64]:
        """(n,) the emotion whose speech began last, at each estimate."""
        turns = np.searchsorted(self.onsets_ns, self.stamps_ns, side="right") - 1
        truth: npt.NDArray[np.int64] = self.emotions[turns]
        return truth

    @property
    def duration_s(self) -> float:
        """From the first estimate to the last."""
        return float(self.stamps_ns[-1] - self.stamps_ns[0]) / SECOND_NS


def arrange(clips: Iterable[RavdessClip], seed: int) -> list[RavdessClip]:
    """Return one of the repetitions of each clip, in runs of an emotion in random order."""
    rng = np.random.default_rng(seed)
    takes: dict[tuple[int, bool, int], list[RavdessClip]] = {}
    for clip in clips:
        takes.setdefault((clip.label, clip.strong, clip.statement), []).append(clip)
    chosen = [repetitions[rng.integers(len(repetitions))] for repetitions in takes.values()]
    runs = []
    for label in sorted({clip.label for clip in chosen}):
        own = [clip for clip in chosen if clip.label == label]
        rng.shuffle(own)
        while own:
            length = int(rng.integers(1, LONGEST_RUN + 1))
            runs.append(own[:length])
            own = own[length:]
    return [clip for index in rng.permutation(len(runs)) for clip in runs[index]]


def speech_onset(samples: npt.NDArray[np.float32]) -> int:
    """Return the sample at which speech begins, found by loudness alone."""
    step = SAMPLE_RATE // 50
    blocks = samples[: len(samples) // step * step].reshape(-1, step).astype(np.float64)
    power = np.square(blocks).mean(axis=1)
    return int(np.argmax(power > power.max() * 10 ** (-QUIET_DB / 10))) * step


def recognise_sequence(
    clips: Sequence[RavdessClip], sounds: Path, recognizer: Recognizer
) -> EmotionSequence:
    """Play the clips, one after the other, to a recogniser; clips that are pictures show faces too.

    Args:
        clips: Of one actor, with at least one in all.
        sounds: The folder that holds ``Actor_01/03-*.flac`` and so on.
        recognizer: What judges them, without smoothing; it is reset first.
    """
    events: list[Event] = []
    samples: list[npt.NDArray[np.float32]] = []
    onsets: list[int] = []
    emotions: list[int] = []
    start = 0
    for clip in clips:
        path = sounds / f"Actor_{clip.actor:02d}" / f"{clip.sound_name}.flac"
        sound, rate = soundfile.read(path, dtype="float32")
        if rate != SAMPLE_RATE or sound.ndim != 1:
            raise ValueError(f"{path}: {rate} Hz {sound.shape}: expected {SAMPLE_RATE} Hz mono")
        if not emotions or emotions[-1] != clip.label:
            onsets.append(_stamp(start + speech_onset(sound)))
            emotions.append(clip.label)
        if clip.path.suffix == ".jpg":
            events += _frames(clip, start, len(sound))
        samples.append(sound)
        start += len(sound)
    events += _chunks(np.concatenate(samples))
    events.sort(key=lambda event: event.received_ns)
    recognizer.reset()
    estimates = [
        estimate
        for estimate in estimates_of(events, recognizer)
        if estimate.available and estimate.stamp_ns >= onsets[0]
    ]
    return EmotionSequence(
        np.array(clips[0].actor),
        np.array([estimate.stamp_ns for estimate in estimates]),
        np.array([estimate.probabilities for estimate in estimates]),
        np.array(onsets),
        np.array(emotions),
    )


def voice_sequences(data: Path, out: Path) -> list[EmotionSequence]:
    """Return one sequence for each actor, by voice; kept in ``out/voice-sequences.npz``.

    About four minutes on one core; seconds where they are kept and the networks are the same.

    Raises:
        CheckpointError: weights of a fold are missing or corrupt.
        FileNotFoundError: there are no clips below ``data/ravdess_speech``.
    """
    return _sequences(data, ravdess.speech_clips(data), out / "voice-sequences.npz")


def face_sequences(data: Path, out: Path) -> list[EmotionSequence]:
    """Return the sequence, by face and voice, of the one actor with faces; kept as by voice.

    Raises:
        CheckpointError: weights of a fold are missing or corrupt.
        FileNotFoundError: there are no pictures in ``data/ravdess_actor01_faces``.
    """
    folder = data / "ravdess_actor01_faces"
    clips = [ravdess.parse_clip(path) for path in sorted(folder.glob("01-*.jpg"))]
    if not clips:
        raise FileNotFoundError(f"no '01-*.jpg' in '{folder}'")
    return _sequences(data, clips, out / "face-sequences.npz")


def _sequences(data: Path, clips: Sequence[RavdessClip], cache: Path) -> list[EmotionSequence]:
    arranged = {
        actor: arrange([clip for clip in clips if clip.actor == actor], actor)
        for actor in sorted({clip.actor for clip in clips})
    }
    key = _key(arranged.values())
    kept = _read(cache, key)
    if kept is not None:
        return kept
    sequences = []
    progress = tqdm(total=len(arranged), desc=cache.stem, mininterval=1)
    for fold, actors in enumerate(ravdess.FOLDS):
        tested = [arranged[actor] for actor in actors if actor in arranged]
        if tested:
            model = load_model(fold_weights(fold), "cpu")
            recognizer = Recognizer(RecognizerConfig(smoothing="none"), model)
        for chosen in tested:
            sequences.append(recognise_sequence(chosen, data / "ravdess_speech", recognizer))
            progress.update()
    progress.close()
    _write(cache, key, sequences)
    return sequences


def _stamp(sample: int) -> int:
    return SECOND_NS + sample * SECOND_NS // SAMPLE_RATE


def _chunks(samples: npt.NDArray[np.float32]) -> list[Event]:
    starts = range(0, len(samples), CHUNK)
    pieces = [AudioChunk(_stamp(s), SAMPLE_RATE, samples[s : s + CHUNK, None]) for s in starts]
    return [AudioEvent(piece.end_ns, piece) for piece in pieces]


def _frames(clip: RavdessClip, start: int, length: int) -> list[Event]:
    images = read_strip(clip.path)
    times = [
        _stamp(start + (2 * index + 1) * length // (2 * len(images)))
        for index in range(len(images))
    ]
    return [
        FrameEvent(time, time, "", lambda grey=grey: cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))  # type: ignore[misc]
        for time, grey in zip(times, images, strict=True)
    ]


def _key(arranged: Iterable[Sequence[RavdessClip]]) -> str:
    """What the estimates depend on, as far as data and weights go."""
    digest = hashlib.sha256()
    weights = [fold_weights(fold) for fold in range(len(ravdess.FOLDS))]
    for path in [*weights, SHIPPED_WEIGHTS]:
        digest.update(checkpoint_sha256(path).encode())
    for clips in arranged:
        digest.update(" ".join(clip.path.name for clip in clips).encode())
    return digest.hexdigest()


def _read(cache: Path, key: str) -> list[EmotionSequence] | None:
    if not cache.is_file():
        return None
    with np.load(cache, allow_pickle=False) as stored:
        if str(stored["key"]) != key:
            logger.info("%s is of other weights or clips: made anew", cache)
            return None
        return [
            EmotionSequence(**{f.name: stored[f"{n}_{f.name}"] for f in fields(EmotionSequence)})
            for n in range(int(stored["count"]))
        ]


def _write(cache: Path, key: str, sequences: Sequence[EmotionSequence]) -> None:
    arrays = {
        f"{n}_{f.name}": getattr(sequence, f.name)
        for n, sequence in enumerate(sequences)
        for f in fields(EmotionSequence)
    }
    cache.parent.mkdir(parents=True, exist_ok=True)
    partial = cache.with_suffix(".partial.npz")
    np.savez(partial, key=np.array(key), count=np.array(len(sequences)), **arrays)
    partial.replace(cache)
