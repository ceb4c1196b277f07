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

"""A table of figures with both streams, voice missing and face missing."""

from collections.abc import Mapping
from typing import Any

FIGURES = ("accuracy", "uar", "top1", "top5", "macro_f1", "ece")

TITLES = {
    "both": "both streams",
    "voice_missing": "voice missing",
    "face_missing": "face missing",
}
"""The conditions, and how a table calls them."""


def condition_table(what: str, entries: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table, in percent.

    Args:
        what: What was tested, such as ``60 test clips``.
        entries: ``FIGURES`` by condition; those that are not there are left out.
    """
    lines = [f"| {what} | " + " | ".join(FIGURES) + " |", "| --- " * (len(FIGURES) + 1) + "|"]
    for name, title in TITLES.items():
        if name in entries:
            figures = " | ".join(f"{100 * entries[name][figure]:.1f}" for figure in FIGURES)
            lines.append(f"| {title} | {figures} |")
    return "\n".join(lines) + "\n"
