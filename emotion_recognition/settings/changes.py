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

"""Which parameters of ``emotion_node`` may change while it runs, and when that takes effect."""

from collections.abc import Iterable

from emotion_recognition.settings.parameter import ParameterError

AT_ONCE = frozenset(
    {
        *("publish_rate", "window_s", "min_window_s", "stale_after_s"),
        *("smoothing", "smoothing_s", "withhold_below"),
        *("face_rate", "min_face_size", "min_face_score", "max_face_gap_s"),
    }
)
"""Rates, smoothing and thresholds."""

WHEN_CONFIGURED = frozenset(
    {
        *("use_video", "use_audio", "cameras", "image_transport", "audio_type"),
        *("image_reliability", "image_depth"),
    }
)
"""What the topics are: may be set at any time, and takes effect with the next configuration."""

AT_START = frozenset({"autostart"})
"""Read once: whoever changes them later changes nothing."""


def check_change(names: Iterable[str], state: str) -> None:
    """Make sure that the parameters may be changed in a state of the lifecycle.

    All but those ``AT_START`` may be changed while the node is ``unconfigured``.

    Raises:
        ParameterError: one may not; the message says what to do.
    """
    for name in names:
        if name in AT_START:
            raise ParameterError(
                f"parameter '{name}' is read once, when the process starts: start it again"
            )
        if state != "unconfigured" and name not in AT_ONCE | WHEN_CONFIGURED:
            raise ParameterError(
                f"parameter '{name}' is read when the node is configured, and it is {state}: "
                "deactivate it and clean it up, set the parameter, configure and activate it again"
            )
