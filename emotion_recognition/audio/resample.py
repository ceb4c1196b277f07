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

"""Sample-rate conversion of a stream, without seams between chunks."""

import numpy as np
import soxr


class StreamingResampler:
    """Converts mono float32 from one rate to another.

    The result does not depend on how the input is cut: it is bit for bit that of the whole signal.
    Output sample k lies at input time k / rate_out: the filter's delay is taken off, and only holds
    back the newest output (37 ms at 48 kHz, up to 115 ms at 8 kHz; none where the rates are equal).
    """

    def __init__(self, rate_in: int, rate_out: int = 16000):
        self.rate_in = rate_in
        self.rate_out = rate_out
        self._soxr = (
            None
            if rate_in == rate_out
            else soxr.ResampleStream(rate_in, rate_out, num_channels=1, quality="HQ")
        )

    def process(self, samples: np.ndarray) -> np.ndarray:
        """Return the output that the samples so far determine, (m,) float32, from (n,) float32."""
        if self._soxr is None:
            return samples
        return self._soxr.resample_chunk(np.ascontiguousarray(samples, dtype=np.float32))

    def flush(self) -> np.ndarray:
        """Return the output that was held back; the next input starts a new signal."""
        if self._soxr is None:
            return np.zeros(0, np.float32)
        tail = self._soxr.resample_chunk(np.zeros(0, np.float32), last=True)
        self._soxr.clear()
        return tail
