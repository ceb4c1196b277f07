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

"""The emotion network with what follows it, as one module of tensors: one launch a batch."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from emotion_recognition.model.network import TwoStreamNetwork


class CalibratedNetwork(nn.Module):
    """Probabilities, ratings, intensity and shares of the streams, from windows.

    Everything is computed in the precision of the network's weights up to the logits, and in
    float32 from there.
    """

    temperatures: Tensor

    def __init__(self, network: TwoStreamNetwork, temperatures: Mapping[str, float]) -> None:
        """Calibrate ``network``.

        Args:
            network: The emotion network.
            temperatures: By which the logits are divided, for ``audio``, ``video`` and ``both``.
        """
        super().__init__()
        self.network = network
        values = [temperatures[name] for name in ("audio", "video", "both")]
        self.register_buffer("temperatures", torch.tensor(values))

    def forward(
        self, audio: Tensor, audio_mask: Tensor, video: Tensor, video_mask: Tensor
    ) -> Tensor:
        """Windows, as of :meth:`TwoStreamNetwork.forward`, to what is made of them.

        Returns:
            (B, C + 5) float32: the C probabilities, valence, arousal, intensity (to be read where
            there is sound), and the shares of audio and video.
        """
        half = next(self.network.parameters()).dtype
        output = self.network(audio.to(half), audio_mask, video.to(half), video_mask)
        heard, seen = audio_mask.any(dim=1), video_mask.any(dim=1)
        for_audio, for_video, for_both = self.temperatures.float()
        temperature = torch.where(heard & seen, for_both, torch.where(heard, for_audio, for_video))
        probabilities = (output.logits.float() / temperature[:, None]).softmax(dim=1)
        ratings = (probabilities @ self.network.heads.ratings.float()).clamp(-1, 1)
        rest = (output.intensity.float().sigmoid(), output.audio_weight, output.video_weight)
        return torch.cat([probabilities, ratings, *(each.float()[:, None] for each in rest)], dim=1)
