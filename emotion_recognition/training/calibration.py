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

"""Temperature scaling (Guo et al. 2017): one number that makes confidence match accuracy."""

import torch
from torch import Tensor
from torch.nn import functional


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature in [0.2, 5] that minimises the cross-entropy of ``logits`` / it.

    Args:
        logits: (N, C).
        labels: (N,) class indices, or (N, C) class distributions.
    """
    candidates = torch.logspace(-0.7, 0.7, 141)
    losses = torch.stack([functional.cross_entropy(logits / t, labels) for t in candidates])
    return float(candidates[losses.argmin()])
