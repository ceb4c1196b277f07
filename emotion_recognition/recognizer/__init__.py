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

"""The streaming recogniser: frames and sound in, one estimate for each window of sensor time out.

Everything here is decided by sensor stamps alone, so a live node and an offline run over the same
messages give the same estimates. Windows end at the multiples of ``1 / publish_rate`` of sensor
time, and hold what lies in ``(end - window, end]``. A window is due once every live stream has
reached its end; a stream that lags is waited for up to ``GRACE_NS`` of the other's time.

A stream carries a window if it is fresh at its end and has something to say: a face, or a voice. A
window that no stream can carry gives one note of an outage (an estimate without labels), and then
nothing until there is something to say again.
"""

from emotion_recognition.recognizer.config import RecognizerConfig, RecognizerStatus
from emotion_recognition.recognizer.stream import Recognizer

__all__ = ["Recognizer", "RecognizerConfig", "RecognizerStatus"]
