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

"""The arguments of ``launch/ros4hri.launch.py``. Imports neither rclpy nor launch."""

from collections.abc import Mapping

from emotion_recognition.nodes.launching.graph import BY_NAME, Argument, whole_number

HRI_ARGUMENTS = (
    Argument(
        "source",
        "faces",
        "faces: estimates for the faces that ROS4HRI tracks; emotion: those of a running "
        "emotion_node, told to ROS4HRI",
        choices=("faces", "emotion"),
    ),
    Argument("audio", "", "topic of the sound; empty: the voices that ROS4HRI tracks"),
    Argument("namespace", "", "namespace of the node and of the emotion topic"),
    BY_NAME["params_file"],
    Argument("max_faces", "", "faces that are followed, 1 to 16; empty: as in the parameter file"),
    BY_NAME["device"],
    BY_NAME["use_sim_time"],
    BY_NAME["log_level"],
)


def bridge_overrides(given: Mapping[str, str]) -> dict[str, str | int | bool]:
    """Return the parameters of ``hri_bridge`` that the arguments set.

    Raises:
        ValueError: ``max_faces`` is no number.
    """
    values: dict[str, str | int | bool] = {"voices": not given["audio"]}
    if given["device"]:
        values["device"] = given["device"]
    if given["max_faces"]:
        values["max_faces"] = whole_number("max_faces", given["max_faces"])
    return values
