"""The emotion network: both branches, the fusion between or after their stages, and heads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor, nn

from emotion_recognition.model.branches import AudioBranch, VisualBranch, masked_mean
from emotion_recognition.model.checkpoint import CheckpointError, load_checkpoint
from emotion_recognition.model.fusion import AFTER_BRANCHES, BETWEEN_STAGES
from emotion_recognition.model.heads import Heads, NetworkOutput

KIND = "emotion_network"


@dataclass(frozen=True)
class NetworkConfig:
    """What the network is built of.

    Attributes:
        vector_size: Size of the frame vectors that come in.
        attention_size: Size of the queries and keys of the fusion.
        fusion: A name in ``BETWEEN_STAGES`` or ``AFTER_BRANCHES`` of ``model.fusion``.
    """

    vector_size: int = 128
    attention_size: int = 64
    fusion: str = "intermediate_attention"


class EmotionNetwork(nn.Module):
    """Class logits and intensity from one window of sound and face, either of which may miss.

    Raises:
        ValueError: The configuration names no fusion of this network.
    """

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NetworkConfig()
        self.audio = AudioBranch()
        self.video = VisualBranch(config.vector_size)
        if config.fusion in BETWEEN_STAGES:
            self.fusion = BETWEEN_STAGES[config.fusion](
                AudioBranch.STAGE_ONE_SIZE, VisualBranch.STAGE_ONE_SIZE, config.attention_size
            )
        elif config.fusion in AFTER_BRANCHES:
            self.fusion = AFTER_BRANCHES[config.fusion](
                AudioBranch.SIZE, VisualBranch.SIZE, config.attention_size
            )
        else:
            known = ", ".join([*BETWEEN_STAGES, *AFTER_BRANCHES])
            raise ValueError(f"fusion '{config.fusion}' is unknown: expected one of {known}")
        self.heads = Heads(AudioBranch.SIZE, VisualBranch.SIZE)

    def forward(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> NetworkOutput:
        """Run the network.

        Args:
            audio: (B, T, F) audio feature frames at 62.5 Hz, of which the first 64 columns, the
                log-mel spectrum in dB, are read; T is 225 for a whole window, at least 8.
            audio_mask: (B, T) bool, the frames that are there.
            video: (B, S, 128) vectors of the frame encoder at 10 Hz; S is 36 for a whole window.
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
        if self.config.fusion in BETWEEN_STAGES:
            sound, sight = self.fusion(sound, sound_mask, sight, sight_mask)
        sound, sound_mask = self.audio.steps(sound, sound_mask)
        sight, sight_mask = self.video.steps(sight, sight_mask)
        if self.config.fusion in AFTER_BRANCHES:
            sound, sight = self.fusion(sound, sound_mask, sight, sight_mask)
        return self.heads(masked_mean(sound, sound_mask), masked_mean(sight, sight_mask))


def config_entries(network: EmotionNetwork) -> dict[str, int | str]:
    """Return the configuration of ``network`` as it is kept in a checkpoint."""
    return asdict(network.config)


def load_network(path: Path) -> tuple[EmotionNetwork, dict[str, str]]:
    """Build the network that a checkpoint holds, ready for inference, and return its metadata.

    Raises:
        CheckpointError: The file is missing, corrupt, or not a checkpoint of this network.
    """
    state, metadata = load_checkpoint(path, KIND)
    try:
        network = EmotionNetwork(NetworkConfig(**json.loads(metadata["config"])))
        network.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: weights do not fit the {KIND}: {error}") from error
    return network.eval(), metadata
