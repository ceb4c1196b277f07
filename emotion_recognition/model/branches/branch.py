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

"""What every branch has: two stages, the features of each, and what it reads."""

from typing import ClassVar

from torch import Tensor, nn

from emotion_recognition.model.branches.steps import masked_mean


class Branch(nn.Module):
    """One stream to a vector for the whole window, in two stages.

    A step that the mask leaves out changes nothing, whatever it holds, NaN included.

    Attributes:
        STAGE_ONE_SIZE: Features of a step after stage one.
        SIZE: Features of a step after stage two, and of the window's vector.
        INPUT_SIZES: Widths that the constructor's first argument may name.
        columns: Leading columns of the input (B, T, columns or more) that are read.
    """

    STAGE_ONE_SIZE: ClassVar[int]
    SIZE: ClassVar[int] = 128
    INPUT_SIZES: ClassVar[range] = range(1, 1 << 16)

    columns: int

    def __init__(self, size: int) -> None:
        """Build the layers for an input of width ``size``."""
        super().__init__()
        self.columns = size

    def stage_one(self, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Input (B, T, F) and mask (B, T) to features (B, STAGE_ONE_SIZE, S) and mask (B, S).

        Features of steps that are not valid are 0.
        """
        raise NotImplementedError

    def steps(self, features: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Stage-one features and mask to stage-two features (B, SIZE, S') and mask (B, S')."""
        raise NotImplementedError

    def drop_stage_two(self) -> None:
        """Give up stage two, for a network in which another module takes its place."""
        raise NotImplementedError

    def stage_two(self, features: Tensor, mask: Tensor) -> Tensor:
        """Stage-one features and mask to the window's vector (B, SIZE), a masked mean."""
        return masked_mean(*self.steps(features, mask))

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """Both stages without fusion: (B, T, F) and (B, T) to (B, SIZE)."""
        return self.stage_two(*self.stage_one(values, mask))
