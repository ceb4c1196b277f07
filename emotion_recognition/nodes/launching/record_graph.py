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

"""What a recording needs: consent first, then the topics that an evaluation reads.

Imports neither rclpy nor launch, so that the launch file and the command can both use it.
"""

from dataclasses import dataclass

from emotion_recognition.nodes.launching.graph import BY_NAME, Argument, audio_info_topic

RECORD_ARGUMENTS = (
    Argument("out", "", "bag folder to write", required=True),
    Argument("consent", False, "everyone who is seen or heard agreed to be recorded"),
    BY_NAME["image"],
    BY_NAME["audio"],
    BY_NAME["namespace"],
    Argument("duration", "", "seconds to record; empty: until Ctrl-C"),
    Argument("force", False, "replace an existing bag"),
    BY_NAME["use_sim_time"],
)

NO_CONSENT = (
    "nothing is recorded without consent. A recording keeps people's faces and voices, which are "
    "personal data, and what is estimated from them is more intimate still: in the European Union "
    "the GDPR (Articles 6, 7 and 9) and the AI Act (Article 50) ask that people are told and "
    "agree. Ask everyone who will be seen or heard, say what the recording is for, who sees it and "
    "when it is deleted; then add --consent (in a launch file consent:=true)"
)


class ConsentError(ValueError):
    """Nobody said that the people agreed."""

    def __init__(self) -> None:
        super().__init__(NO_CONSENT)


@dataclass(frozen=True)
class Topics:
    """What is recorded; names as the nodes of the graph resolve them."""

    image: str
    audio: str
    emotion: str

    @property
    def compressed(self) -> str:
        """Where image_transport publishes the image as JPEG, and where we write it so."""
        return f"{self.image}/compressed"

    @property
    def audio_info(self) -> str:
        """What describes the sound."""
        return audio_info_topic(self.audio)


def topics(image: str, audio: str, namespace: str) -> Topics:
    """Resolve the arguments' names: relative ones lie in ``namespace``."""
    prefix = f"/{namespace.strip('/')}" if namespace.strip("/") else ""

    def absolute(name: str) -> str:
        return name if name.startswith("/") else f"{prefix}/{name}"

    return Topics(absolute(image), absolute(audio), absolute("emotion"))
