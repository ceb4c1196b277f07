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

"""A piece of sound with its time."""

from dataclasses import dataclass

import numpy as np

NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class AudioChunk:
    """Consecutive samples of one microphone.

    Attributes:
        stamp_ns: Sensor time of the first sample, nanoseconds; 0: unknown, it follows on the chunk
            before.
        sample_rate: Samples per second and channel.
        samples: float32 of shape (n, channels), full scale is [-1, 1]; (n,) is taken as mono.
        exact_stamp: Whether the stamp is the capture time of the first sample. False: a clock was
            read around that time, so it jitters with buffers and transport and is trusted less.

    Raises:
        ValueError: The rate is not positive, or the samples have another shape.
    """

    stamp_ns: int
    sample_rate: int
    samples: np.ndarray
    exact_stamp: bool = True

    def __post_init__(self) -> None:
        if self.sample_rate <= 0:
            raise ValueError(f"sample rate is {self.sample_rate}: expected a positive number of Hz")
        samples = np.asarray(self.samples, np.float32)
        if samples.ndim == 1:
            samples = samples[:, None]
        if samples.ndim != 2 or samples.shape[1] == 0:
            raise ValueError(f"samples have shape {samples.shape}: expected (n, channels) or (n,)")
        object.__setattr__(self, "samples", samples)

    @property
    def duration_ns(self) -> int:
        """Length of the chunk, nanoseconds."""
        return round(len(self.samples) * NS_PER_S / self.sample_rate)

    @property
    def end_ns(self) -> int:
        """Sensor time just after the last sample, nanoseconds."""
        return self.stamp_ns + self.duration_ns
