"""The graph that ``ros2 launch`` and ``emotion-recognition run`` start: arguments and names.

Imports neither rclpy nor launch, so that both can use it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Argument:
    """One launch argument; a bool default makes it a switch. Empty text: left to the parameters."""

    name: str
    default: str | bool
    description: str


ARGUMENTS = (
    Argument("image", "/camera/image_raw", "topic of the camera images"),
    Argument(
        "audio",
        "/audio_stamped",
        "topic of the sound; its format is read from audio_info beside it",
    ),
    Argument("namespace", "", "namespace of the nodes and of the emotion topic"),
    Argument("params_file", "", "parameter file; empty: config/emotion_recognition.yaml"),
    Argument("device", "", "auto, cpu, cuda or cuda:N; empty: as in the parameter file"),
    Argument("use_sim_time", False, "take the time from /clock, for bags"),
    Argument("camera", False, "start camera_node as well: a webcam without a driver"),
    Argument("microphone", False, "start microphone_node as well: a microphone without a driver"),
    Argument("log_level", "info", "debug, info, warn, error or fatal"),
)

PARAMETER_FILE = "emotion_recognition.yaml"


def audio_info_topic(audio: str) -> str:
    """Return the topic that describes the sound on ``audio``: a sibling of that name."""
    parent, slash, _ = audio.rpartition("/")
    return f"{parent}{slash}audio_info"


def remappings(image: str, audio: str) -> list[tuple[str, str]]:
    """Return the names (from, to) that join all nodes of the graph."""
    return [("image", image), ("audio", audio), ("audio_info", audio_info_topic(audio))]
