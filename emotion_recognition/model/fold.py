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

"""Batch normalisation taken into the weights before it, for inference."""

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(module: nn.Module) -> nn.Module:
    """Fold each batch normalisation that follows a convolution in a sequence, however deep.

    Args:
        module: In evaluation; what it is made of is replaced.

    Returns:
        The module, or a new sequence where it is one.
    """
    if not isinstance(module, nn.Sequential):
        for name, child in module.named_children():
            setattr(module, name, folded(child))
        return module
    layers: list[nn.Module] = []
    for layer in module:
        before = layers[-1] if layers else None
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and isinstance(
            before, nn.Conv1d | nn.Conv2d
        ):
            layers[-1] = fuse_conv_bn_eval(before, layer)
        else:
            layers.append(folded(layer))
    return nn.Sequential(*layers).eval()
