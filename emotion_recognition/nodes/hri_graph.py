"""The arguments of ``launch/ros4hri.launch.py``. Imports neither rclpy nor launch."""

from collections.abc import Mapping

from emotion_recognition.nodes.graph import Argument

HRI_ARGUMENTS = (
    Argument(
        "source",
        "faces",
        "faces: estimates for the faces that ROS4HRI tracks; emotion: those of a running "
        "emotion_node, told to ROS4HRI",
    ),
    Argument("audio", "", "topic of the sound; empty: the voices that ROS4HRI tracks"),
    Argument("namespace", "", "namespace of the node and of the emotion topic"),
    Argument("params_file", "", "parameter file; empty: config/emotion_recognition.yaml"),
    Argument("max_faces", "", "faces that are followed, 1 to 16; empty: as in the parameter file"),
    Argument("device", "", "auto, cpu, cuda or cuda:N; empty: as in the parameter file"),
    Argument("use_sim_time", False, "take the time from /clock, for bags"),
    Argument("log_level", "info", "debug, info, warn, error or fatal"),
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
        if not given["max_faces"].isdecimal():
            raise ValueError(f"max_faces is {given['max_faces']!r}: expected a whole number")
        values["max_faces"] = int(given["max_faces"])
    return values
