"""PCM of any width to float samples."""

import re
import sys

import numpy as np

MAX_CHANNELS = 64


class AudioFormatError(ValueError):
    """Sound data that cannot be read; the message names the cause and what to change."""


_INTEGER = re.compile(r"(?P<sign>[SU])(?P<bits>8|16|18|20|24|32)(_(?P<slot>32))?(?P<order>LE|BE)?")
_FLOAT = re.compile(r"F(?P<bits>32|64)(?P<order>LE|BE)")
_LIMIT = 1e6  # 120 dB over full scale: no sound, and its square would swamp the noise estimate


def sanitize(samples: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the samples with NaN, infinite and absurd (over 1e6) ones replaced by 0, and their count.

    Args:
        samples: (n, channels) float32; the array is copied only where something is replaced.
    """
    good = np.abs(samples) <= _LIMIT  # False for NaN
    if good.all():
        return samples, 0
    return np.where(good, samples, np.float32(0)), int(good.size - np.count_nonzero(good))
