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

"""The graph that ``ros2 launch`` and ``emotion-recognition run`` start: arguments and names.

Imports neither rclpy nor launch, so that both can use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Argument:
    """One launch argument; a bool default makes it a switch. Empty text: left to the parameters.

    Attributes:
        choices: What it may be; empty: anything, but true or false of a switch.
        required: There is no default, it must be given.
    """

    name: str
    default: str | bool
    description: str
    choices: tuple[str, ...] = ()
    required: bool = False

    @property
    def declaration(self) -> dict[str, Any]:
        """What ``launch.actions.DeclareLaunchArgument`` is made of."""
        words: dict[str, Any] = {"name": self.name, "description": self.description}
        if not self.required:
            is_switch = isinstance(self.default, bool)
            words["default_value"] = str(self.default).lower() if is_switch else self.default
            words["choices"] = ["true", "false"] if is_switch else list(self.choices) or None
        return words


ARGUMENTS = (
    Argument("image", "/camera/image_raw", "topic of the camera images"),
    Argument(
        "audio",
        "/audio_stamped",
        "topic of the sound; its format is read from audio_info beside it",
    ),
    Argument("namespace", "", "namespace of the nodes and of the emotion topic"),
    Argument("params_file", "", "parameter file; empty: config/emotion_recognition.yaml"),
    Argument(
        "cameras", "", "several cameras, as NAME=TOPIC,NAME=TOPIC; empty: as in the parameter file"
    ),
    Argument("max_faces", "", "faces of one camera, 1 to 16; empty: as in the parameter file"),
    Argument("device", "", "auto, cpu, cuda or cuda:N; empty: as in the parameter file"),
    Argument(
        "autostart", "", "false: wait for a lifecycle manager; empty: as in the parameter file"
    ),
    Argument("use_sim_time", False, "take the time from /clock, for bags"),
    Argument("camera", False, "start camera_node as well: a webcam without a driver"),
    Argument("microphone", False, "start microphone_node as well: a microphone without a driver"),
    Argument("dashboard", False, "start dashboard_bridge as well: the page, on port 8090"),
    Argument(
        "redact", False, "estimates only: no face boxes; on the page no images and no sound either"
    ),
    Argument("log_level", "info", "debug, info, warn, error or fatal"),
)

BY_NAME = {argument.name: argument for argument in ARGUMENTS}
"""For the other launch files, whose arguments are partly the same."""

OVERRIDES = ("cameras", "max_faces", "device", "autostart")
"""Arguments that are parameters of ``emotion_node``, unless they are empty."""

PARAMETER_FILE = "emotion_recognition.yaml"


def audio_info_topic(audio: str) -> str:
    """Return the topic that describes the sound on ``audio``: a sibling of that name."""
    parent, slash, _ = audio.rpartition("/")
    return f"{parent}{slash}audio_info"


def remappings(image: str, audio: str) -> list[tuple[str, str]]:
    """Return the names (from, to) that join all nodes of the graph."""
    return [("image", image), ("audio", audio), ("audio_info", audio_info_topic(audio))]


def overrides(given: Mapping[str, str | bool]) -> dict[str, str | int | bool]:
    """Return the parameters of ``emotion_node`` that the arguments set.

    Raises:
        ValueError: ``max_faces`` is no number, or ``autostart`` neither true nor false.
    """
    values: dict[str, str | int | bool] = {
        name: given[name] for name in OVERRIDES if given.get(name)
    }
    if "max_faces" in values:
        values["max_faces"] = whole_number("max_faces", str(values["max_faces"]))
    if "autostart" in values:
        if values["autostart"] not in ("true", "false"):
            raise ValueError(f"autostart is {values['autostart']!r}: expected true or false")
        values["autostart"] = values["autostart"] == "true"
    return {**values, **redaction(given)}


def whole_number(name: str, given: str) -> int:
    """Read the number that an argument is.

    Raises:
        ValueError: it is none.
    """
    if not given.isdecimal():
        raise ValueError(f"{name} is {given!r}: expected a whole number")
    return int(given)


def redaction(given: Mapping[str, str | bool]) -> dict[str, bool]:
    """Return the parameter that keeps people from being shown, if the argument asks for it.

    It is one of ``emotion_node`` and of ``dashboard_bridge``.
    """
    return {"redact": True} if given.get("redact") in (True, "true") else {}
