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

"""The ways in which the streams meet, by name.

In the network: ``BETWEEN_STAGES`` after stage one of the branches, ``AFTER_BRANCHES`` after stage
two; both are built from the feature sizes of audio and video there and the size of the queries, and
map both streams' steps to new ones. ``EARLY`` takes the place of stage two. On decisions:
``DECISION``, built from the number of classes, each with whose decisions meet: ``hybrid`` takes
those of early fusion too. ``FUSIONS`` names them all.
"""

from collections.abc import Callable
from functools import partial

from torch import nn

from emotion_recognition.model.fusion.attention import CrossWeights, IntermediateAttention
from emotion_recognition.model.fusion.decision import LogisticFusion, SoftmaxAverage
from emotion_recognition.model.fusion.early import EarlyFusion
from emotion_recognition.model.fusion.transformer import CrossAttention, TransformerFusion

BETWEEN_STAGES: dict[str, type[nn.Module]] = {
    "intermediate_attention": IntermediateAttention,
    "intermediate_transformer": TransformerFusion,
}
AFTER_BRANCHES: dict[str, type[nn.Module]] = {"late_transformer": TransformerFusion}
EARLY = "early"
DECISION: dict[str, tuple[Callable[[int], SoftmaxAverage | LogisticFusion], tuple[str, ...]]] = {
    "late_softmax": (lambda _: SoftmaxAverage(), ("audio", "video")),
    "late_logistic": (partial(LogisticFusion, 2), ("audio", "video")),
    "hybrid": (partial(LogisticFusion, 3), ("audio", "video", EARLY)),
}
FUSIONS: tuple[str, ...] = (*AFTER_BRANCHES, *BETWEEN_STAGES, EARLY, *DECISION)

__all__ = [
    "AFTER_BRANCHES",
    "BETWEEN_STAGES",
    "DECISION",
    "EARLY",
    "FUSIONS",
    "CrossAttention",
    "CrossWeights",
    "EarlyFusion",
    "IntermediateAttention",
    "LogisticFusion",
    "SoftmaxAverage",
    "TransformerFusion",
]
