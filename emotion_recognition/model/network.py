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

"""The emotion networks: two branches, a fusion before, between or after their stages, and heads.

:func:`build_network` builds each by name from a :class:`NetworkConfig`; :func:`load_network` from a
checkpoint that keeps one.
"""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.model.branches import (
    AUDIO_BRANCHES,
    LOG_MEL,
    STREAM_ENCODERS,
    VIDEO_BRANCHES,
    masked_mean,
)
from emotion_recognition.model.checkpoint import CheckpointError, load_checkpoint
from emotion_recognition.model.fusion import (
    AFTER_BRANCHES,
    BETWEEN_STAGES,
    DECISION,
    EARLY,
    FUSIONS,
    EarlyFusion,
)
from emotion_recognition.model.heads import (
    Heads,
    IntensityHead,
    NetworkOutput,
    StreamHeads,
    decision_shares,
)

KIND = "emotion_network"


@dataclass(frozen=True)
class NetworkConfig:
    """What the network is built of; ValueError names the field that is wrong and what it may be.

    Attributes:
        audio_branch: A name in ``AUDIO_BRANCHES`` of ``model.branches``.
        audio_size: Width of what the audio branch reads: 64 for ``log_mel``, 1 to 20 coefficients
            for ``mfcc``, the size of the voice encoder's vectors for ``vectors``.
        video_branch: A name in ``VIDEO_BRANCHES``.
        stream_encoder: A name in ``STREAM_ENCODERS``, for both streams.
        vector_size: Size of the frame vectors that come in.
        attention_size: Size of the queries and keys of the fusion.
        fusion: A name in ``FUSIONS`` of ``model.fusion``.
        classes: How many emotions are told apart.
    """

    audio_branch: str = "log_mel"
    audio_size: int = LOG_MEL
    video_branch: str = "conv"
    stream_encoder: str = "none"
    vector_size: int = 128
    attention_size: int = 64
    fusion: str = "intermediate_attention"
    classes: int = len(EMOTIONS)

    def __post_init__(self) -> None:
        _expect_name("audio_branch", self.audio_branch, AUDIO_BRANCHES)
        _expect_name("video_branch", self.video_branch, VIDEO_BRANCHES)
        _expect_name("stream_encoder", self.stream_encoder, STREAM_ENCODERS)
        _expect_name("fusion", self.fusion, FUSIONS)
        _expect_size(
            "audio_size",
            self.audio_size,
            AUDIO_BRANCHES[self.audio_branch].INPUT_SIZES,
            f" by the audio_branch '{self.audio_branch}'",
        )
        video_sizes = VIDEO_BRANCHES[self.video_branch].INPUT_SIZES
        _expect_size("vector_size", self.vector_size, video_sizes)
        _expect_size("attention_size", self.attention_size, range(1, 1025))
        _expect_size("classes", self.classes, range(2, 1001))


def _expect_name(field: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise ValueError(f"{field} '{name}' is unknown: expected one of {', '.join(known)}")


def _expect_size(field: str, size: int, allowed: range, reader: str = "") -> None:
    if size not in allowed:
        raise ValueError(
            f"{field} is {size}; allowed{reader}: {allowed.start} to {allowed.stop - 1}"
        )


class TwoStreamNetwork(nn.Module):
    """Class logits and intensity from one window of sound and face, either of which may miss.

    Attributes:
        audio, video: The branches.
        audio_encoder, video_encoder: What looks at stage one's steps of a stream as a whole.
        heads: Among others the ``intensity`` and the ``ratings``.
    """

    heads: Heads | StreamHeads | IntensityHead

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        self.audio = AUDIO_BRANCHES[config.audio_branch](config.audio_size)
        self.video = VIDEO_BRANCHES[config.video_branch](config.vector_size)
        encoder = STREAM_ENCODERS[config.stream_encoder]
        self.audio_encoder = encoder(self.audio.STAGE_ONE_SIZE)
        self.video_encoder = encoder(self.video.STAGE_ONE_SIZE)

    def forward(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> NetworkOutput:
        """Run the network.

        Args:
            audio: (B, T, F) what the audio branch reads. Audio feature frames at 62.5 Hz, 225 for a
                whole window, of which ``log_mel`` takes the first 64 columns (dB) and ``mfcc``
                those from 64 on; or the vectors of a voice encoder for ``vectors``, about 180. T is
                at least 16.
            audio_mask: (B, T) bool, the frames that are there.
            video: (B, S, V) vectors of the frame encoder at 10 Hz; S is 36 for a whole window.
            video_mask: (B, S) bool, the vectors that are there.

        Returns:
            The output; a stream whose mask is all False contributes nothing and has weight 0.
        """
        return self.fuse(
            *self.audio.stage_one(audio, audio_mask), *self.video.stage_one(video, video_mask)
        )

    def fuse(
        self, sound: Tensor, sound_mask: Tensor, sight: Tensor, sight_mask: Tensor
    ) -> NetworkOutput:
        """Go on from the features and masks that stage one of each branch returned."""
        return self.judge(
            self.audio_encoder(sound, sound_mask),
            sound_mask,
            self.video_encoder(sight, sight_mask),
            sight_mask,
        )

    def judge(
        self, sound: Tensor, sound_mask: Tensor, sight: Tensor, sight_mask: Tensor
    ) -> NetworkOutput:
        """Go on from the encoded streams, (B, C, S) with masks (B, S)."""
        raise NotImplementedError


class EmotionNetwork(TwoStreamNetwork):
    """Fusion of features: the streams meet between the stages of the branches, or after them.

    Raises:
        ValueError: The configuration names a fusion of another network.
    """

    heads: Heads

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__(config)
        name, size = self.config.fusion, self.config.attention_size
        if name in BETWEEN_STAGES:
            self.fusion = BETWEEN_STAGES[name](
                self.audio.STAGE_ONE_SIZE, self.video.STAGE_ONE_SIZE, size
            )
        else:
            _expect_name("fusion", name, [*BETWEEN_STAGES, *AFTER_BRANCHES])
            self.fusion = AFTER_BRANCHES[name](self.audio.SIZE, self.video.SIZE, size)
        self.heads = Heads(self.audio.SIZE, self.video.SIZE, classes=self.config.classes)

    def judge(
        self, sound: Tensor, sound_mask: Tensor, sight: Tensor, sight_mask: Tensor
    ) -> NetworkOutput:
        """Fuse, and judge by linear heads on both vectors."""
        output: NetworkOutput = self.heads(*self._fused(sound, sound_mask, sight, sight_mask))
        return output

    def vectors(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what the heads judge by: a vector of each stream, zeros for one that is missing.

        Arguments as of :meth:`forward`; (B, A) of the audio and (B, V) of the video.
        """
        sound, sound_mask = self.audio.stage_one(audio, audio_mask)
        sight, sight_mask = self.video.stage_one(video, video_mask)
        sound, sight = self.audio_encoder(sound, sound_mask), self.video_encoder(sight, sight_mask)
        return self._fused(sound, sound_mask, sight, sight_mask)

    def _fused(
        self, sound: Tensor, sound_mask: Tensor, sight: Tensor, sight_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        if self.config.fusion in BETWEEN_STAGES:
            sound, sight = self.fusion(sound, sound_mask, sight, sight_mask)
        sound, sound_mask = self.audio.steps(sound, sound_mask)
        sight, sight_mask = self.video.steps(sight, sight_mask)
        if self.config.fusion in AFTER_BRANCHES:
            sound, sight = self.fusion(sound, sound_mask, sight, sight_mask)
        return masked_mean(sound, sound_mask), masked_mean(sight, sight_mask)


class EarlyNetwork(TwoStreamNetwork):
    """Early fusion: one stage two for the features of both streams side by side."""

    heads: IntensityHead

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        self.audio.drop_stage_two()
        self.video.drop_stage_two()
        sizes = self.audio.STAGE_ONE_SIZE, self.video.STAGE_ONE_SIZE
        self.fusion = EarlyFusion(*sizes, classes=config.classes)
        self.heads = IntensityHead(EarlyFusion.SIZE, config.classes)

    def judge(
        self, sound: Tensor, sound_mask: Tensor, sight: Tensor, sight_mask: Tensor
    ) -> NetworkOutput:
        """Judge both streams as one; their weights are shares of the Shapley values."""
        streams = (sound, sound_mask, sight, sight_mask)
        features = self.fusion.features(*streams)
        return NetworkOutput(
            self.fusion.classes(features),
            self.heads(features),
            *decision_shares(*self.fusion.parts(*streams)),
        )


class DecisionNetwork(TwoStreamNetwork):
    """Fusion of decisions: each stream is judged on its own, for ``hybrid`` both together too."""

    heads: StreamHeads

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config)
        build, members = DECISION[config.fusion]
        self.heads = StreamHeads(self.audio.SIZE, self.video.SIZE, classes=config.classes)
        self.fusion = build(config.classes)
        sizes = self.audio.STAGE_ONE_SIZE, self.video.STAGE_ONE_SIZE
        self.early = EarlyFusion(*sizes, classes=config.classes) if EARLY in members else None

    def judge(
        self, sound: Tensor, sound_mask: Tensor, sight: Tensor, sight_mask: Tensor
    ) -> NetworkOutput:
        """Judge, and fuse the decisions; the weights are shares of what each adds to the fusion."""
        audio, video, intensity = self.heads(
            self.audio.stage_two(sound, sound_mask), self.video.stage_two(sight, sight_mask)
        )
        logits = [audio, video]
        present = [sound_mask.any(dim=1), sight_mask.any(dim=1)]
        nothing = torch.zeros_like(audio)
        by_sound, by_sight = [audio, nothing], [nothing, video]
        if self.early is not None:
            streams = (sound, sound_mask, sight, sight_mask)
            sound_part, sight_part = self.early.parts(*streams)
            logits.append(self.early(*streams))
            present.append(present[0] | present[1])
            by_sound.append(sound_part)
            by_sight.append(sight_part)
        there = torch.stack(present, dim=1)
        fused = self.fusion(torch.stack(logits, dim=1), there)
        return NetworkOutput(fused, intensity, *self._shares(by_sound, by_sight, there))

    def _shares(
        self, by_sound: list[Tensor], by_sight: list[Tensor], there: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Shares of the streams, from what the decisions of the members come to by each alone."""
        sound, sight = (
            self.fusion.parts(torch.stack(part, dim=1), there).sum(dim=1)
            for part in (by_sound, by_sight)
        )
        return decision_shares(sound, sight)


def build_network(config: NetworkConfig | None = None) -> TwoStreamNetwork:
    """Build the network that the configuration describes, by default the deployed one's."""
    config = config or NetworkConfig()
    if config.fusion == EARLY:
        return EarlyNetwork(config)
    return DecisionNetwork(config) if config.fusion in DECISION else EmotionNetwork(config)


def config_entries(network: TwoStreamNetwork) -> dict[str, int | str]:
    """Return the configuration of ``network`` as it is kept in a checkpoint."""
    return asdict(network.config)


def load_network(path: Path) -> tuple[TwoStreamNetwork, dict[str, str]]:
    """Build the network that a checkpoint holds, ready for inference, and return its metadata.

    Raises:
        CheckpointError: The file is missing, corrupt, or not a checkpoint of this network.
    """
    state, metadata = load_checkpoint(path, KIND)
    try:
        network = build_network(NetworkConfig(**json.loads(metadata["config"])))
        network.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: weights do not fit the {KIND}: {error}") from error
    return network.eval(), metadata
