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

"""Studies over many recordings: which estimates a configuration gives, how right, and a report.

For notebooks: ``recognize`` yields the estimates of one recording, ``evaluate`` scores many.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emotion_recognition.studies.recognition import recognize, to_frame
    from emotion_recognition.studies.study import evaluate

__all__ = ["evaluate", "recognize", "to_frame"]

_HOMES = {"evaluate": "study", "recognize": "recognition", "to_frame": "recognition"}


def __getattr__(name: str) -> Any:
    """Load what is asked for: pandas and scikit-learn, which scores need, are slow to load."""
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
