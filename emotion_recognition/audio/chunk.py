"""A piece of sound with its time."""

from dataclasses import dataclass

import numpy as np

NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class AudioChunk:
    """Consecutive samples of one microphone.

    Attributes:
        stamp_ns: Sensor time of the first sample, nanoseconds.
        sample_rate: Samples per second and channel.
        samples: float32 of shape (n, channels), full scale is [-1, 1].
        stamped: Whether the sender gave the stamp. False: it was estimated from the time of arrival,
            so it carries the jitter of the transport, and the stream trusts it less.
    """

    stamp_ns: int
    sample_rate: int
    samples: np.ndarray
    stamped: bool = True

    @property
    def duration_ns(self) -> int:
        """Length of the chunk, nanoseconds."""
        return round(len(self.samples) * NS_PER_S / self.sample_rate)

    @property
    def end_ns(self) -> int:
        """Sensor time just after the last sample, nanoseconds."""
        return self.stamp_ns + self.duration_ns
