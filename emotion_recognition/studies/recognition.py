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

"""The recogniser over one recording, for notebooks: typed estimates, and a frame of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from emotion_recognition.bags.table import COLUMNS, row
from emotion_recognition.estimate import Estimate
from emotion_recognition.recognizer import Recognizer
from emotion_recognition.studies.configuration import StudyConfiguration, make_configuration
from emotion_recognition.studies.job import RunOptions, estimates_over, load_model_of

if TYPE_CHECKING:
    import pandas as pd


def recognize(
    path: str | Path,
    configuration: StudyConfiguration | None = None,
    options: RunOptions | None = None,
) -> Iterator[Estimate]:
    """Yield the estimates of a recording, each as soon as its window is complete.

    Args:
        path: A bag, a video or sound file, or whatever else ``read_events`` reads.
        configuration: Settings of the recogniser; None: the defaults.
        options: Topics, clock, and whether a slow machine is simulated; None: the defaults.

    Raises:
        RecordingError: the recording cannot be read or has nothing to use.
        ValueError, RuntimeError, OSError: the weights or the device are missing or unfit.
    """
    settings = (configuration or make_configuration()).settings
    recognizer = Recognizer(settings.recognizer, load_model_of(settings))
    return estimates_over(Path(path), settings, options or RunOptions(), recognizer)


def to_frame(estimates: Iterable[Estimate], origin_ns: int = 0) -> "pd.DataFrame":
    """Return estimates as rows, with the columns of the files of estimates.

    Args:
        estimates: All of one model.
        origin_ns: Sensor time that counts as 0 in the column ``time``.
    """
    import pandas as pd

    every = list(estimates)
    labels = next((each.labels for each in every if each.available), ())
    columns = [*COLUMNS, *(f"p_{label}" for label in labels)]
    frame = pd.DataFrame([row(each, labels, origin_ns) for each in every], columns=columns)
    texts = ("stamp_ns", "subject", "emotion", "flags")
    return frame.astype({name: float for name in columns if name not in texts})
