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

"""Estimates as files for people and programs: CSV and JSON."""

import io
from collections.abc import Sequence

from emotion_recognition.bags.table import CsvTable
from emotion_recognition.dashboard.convert import estimate_of
from emotion_recognition.dashboard.schemas import EstimateView


def csv_text(estimates: Sequence[EstimateView]) -> str:
    """Return estimates as ``emotion-recognition estimate --out`` writes them."""
    labels = next((tuple(each.probabilities) for each in estimates if each.probabilities), ())
    text = io.StringIO(newline="")
    table = CsvTable(text, labels)
    for each in estimates:
        table.write(estimate_of(each))
    return text.getvalue()
