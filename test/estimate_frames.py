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

"""Estimates as rows of a table, made up for the tests of studies."""

import math
from collections.abc import Sequence
from typing import Any

from emotion_recognition.emotions import EMOTIONS


def frame_of(rows: Sequence[tuple], subject: str = "", start_ns: int = 0, **columns: Any) -> Any:
    """A frame of rows (time s, emotion, its probability[, flags]); other classes share the rest."""
    import pandas as pd

    table = []
    for time, emotion, confidence, *flags in rows:
        rest = (1 - confidence) / (len(EMOTIONS) - 1)
        probabilities = {
            f"p_{label}": math.nan if not emotion else confidence if label == emotion else rest
            for label in EMOTIONS
        }
        table.append(
            {
                "stamp_ns": start_ns + round(time * 1e9),
                "time": time,
                "subject": subject,
                "emotion": emotion,
                "confidence": confidence,
                "valence": math.nan,
                "arousal": math.nan,
                "intensity": math.nan,
                "audio_weight": 0.25 if emotion else 0.0,
                "video_weight": 0.75 if emotion else 0.0,
                "flags": flags[0] if flags else "",
                **probabilities,
            }
        )
    return pd.DataFrame(table).assign(**columns)
