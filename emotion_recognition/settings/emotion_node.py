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

"""The parameters of ``emotion_node``, and the typed settings that they become."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emotion_recognition.audio.decode import AudioFormatError
from emotion_recognition.audio.messages import AudioFormat
from emotion_recognition.audio.stream import AudioConfig
from emotion_recognition.model.backbones import (
    FRAME_ENCODERS,
    NO_VOICE_ENCODER,
    SHIPPED,
    VOICE_ENCODERS,
    FrameEncoderChoice,
    VoiceEncoderChoice,
)
from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.settings.parameter import Parameter, ParameterError
from emotion_recognition.smoothing import METHODS
from emotion_recognition.vision.detect import DETECTORS
from emotion_recognition.vision.stream import MOST_FACES, VisionConfig

AUDIO_TYPES = ("AudioData", "AudioDataStamped", "AudioStamped")
"""Types of ``audio_common_msgs`` that sound comes in."""
RELIABILITIES = ("best_effort", "reliable")

_RECOGNIZER = RecognizerConfig()
_AUDIO = _RECOGNIZER.audio
_VISION = _RECOGNIZER.vision

PARAMETERS = (
    Parameter("autostart", True, "whether to configure and activate the node when it starts"),
    Parameter("device", "auto", "where the model computes: auto, cpu, cuda or cuda:N"),
    Parameter("model_path", "", "folder of the weights; empty: those of the package"),
    Parameter(
        "frame_encoder",
        SHIPPED,
        "encoder of face images that the weights were trained with",
        choices=tuple(FRAME_ENCODERS),
    ),
    Parameter(
        "frame_encoder_path", "", "its file; empty: beside the weights, or that of the package"
    ),
    Parameter(
        "voice_encoder",
        NO_VOICE_ENCODER,
        "pretrained encoder of the voice that the weights were trained with",
        choices=(NO_VOICE_ENCODER, *VOICE_ENCODERS),
    ),
    Parameter("voice_encoder_path", "", "its folder"),
    Parameter("num_threads", 1, "threads of PyTorch and of OpenCV", 1, 64),
    Parameter("use_video", True, "whether to subscribe to image"),
    Parameter("use_audio", True, "whether to subscribe to audio and audio_info"),
    # Input
    Parameter(
        "cameras", "", "several cameras, as NAME=TOPIC, NAME=TOPIC; empty: one, which sends image"
    ),
    Parameter("image_transport", "raw", "type of the images", choices=("raw", "compressed")),
    Parameter(
        "image_reliability",
        "best_effort",
        "quality of service; best_effort also hears reliable cameras",
        choices=RELIABILITIES,
    ),
    Parameter("image_depth", 10, "images that may wait: the newest ones are kept", 1, 100),
    Parameter(
        "audio_type",
        "auto",
        "type of the sound out of audio_common_msgs; auto: as it is published",
        choices=("auto", *AUDIO_TYPES),
    ),
    Parameter("audio_queue_s", 2.0, "sound that may wait, s: the newest is kept", 0.5, 60.0),
    Parameter(
        "audio_sample_rate", 16000, "Hz, for sound that no audio_info describes", 4000, 384000
    ),
    Parameter("audio_channels", 1, "channels, for sound that no audio_info describes", 1, 64),
    Parameter(
        "audio_sample_format",
        "S16LE",
        "GStreamer's name of the format, for sound that no audio_info describes",
    ),
    # Estimates
    Parameter("publish_rate", _RECOGNIZER.publish_rate, "estimates a second", 0.1, 30.0),
    Parameter("window_s", _RECOGNIZER.window_s, "length of the analysed window, s", 0.5, 3.6),
    Parameter(
        "min_window_s", _RECOGNIZER.min_window_s, "data needed for a first estimate, s", 0.1, 3.6
    ),
    Parameter(
        "stale_after_s",
        _RECOGNIZER.stale_after_s,
        "a stream silent for so long is stale, s; at least 2 / face_rate",
        0.1,
        10.0,
    ),
    Parameter(
        "smoothing",
        _RECOGNIZER.smoothing,
        "how the probabilities are steadied from window to window",
        choices=METHODS,
    ),
    Parameter(
        "smoothing_s",
        _RECOGNIZER.smoothing_s,
        "time constant of exponential smoothing, and of valence, arousal and intensity, s; 0: none",
        0.0,
        10.0,
    ),
    Parameter(
        "withhold_below",
        _RECOGNIZER.withhold_below,
        "estimates of less confidence are flagged WITHHELD",
        0.0,
        1.0,
    ),
    # Sound
    Parameter("audio_denoise", _AUDIO.denoise, "whether to reduce steady noise"),
    Parameter("audio_normalise", _AUDIO.normalise, "whether to even out the level"),
    # Faces
    Parameter("face_detector", _VISION.detector, "face detector", choices=tuple(DETECTORS)),
    Parameter(
        "face_detector_model",
        _VISION.detector_model,
        "file of the detector; empty: where it is cached",
    ),
    Parameter(
        "face_rate", _VISION.face_rate, "images a second in which faces are sought", 0.5, 60.0
    ),
    Parameter(
        "max_faces",
        _VISION.max_faces,
        "faces of one camera that are followed, each with estimates of its own",
        1,
        MOST_FACES,
    ),
    Parameter("min_face_size", _VISION.min_face_size, "smaller faces are left out, px", 1, 2000),
    Parameter("min_face_score", _VISION.min_score, "less certain faces are left out", 0.0, 1.0),
    Parameter(
        "max_face_gap_s",
        _VISION.max_gap_s,
        "a face unseen for longer is a new subject when it comes back, s",
        0.1,
        10.0,
    ),
    Parameter(
        "publish_overlay", False, "whether to publish a picture of face, landmarks and emotion"
    ),
    Parameter(
        "redact", False, "whether to publish estimates only: nothing that shows where a face is"
    ),
)


@dataclass(frozen=True)
class Settings:
    """Everything that ``emotion_node`` can be told."""

    autostart: bool
    recognizer: RecognizerConfig
    device: str
    model_path: Path | None
    frame_encoder: FrameEncoderChoice
    voice_encoder: VoiceEncoderChoice
    num_threads: int
    use_video: bool
    use_audio: bool
    cameras: dict[str, str]  # topic of each by its name, which is empty where there is only one
    compressed: bool
    image_reliability: str
    image_depth: int
    audio_type: str
    audio_queue_s: float
    audio_fallback: AudioFormat
    publish_overlay: bool


def settings_from(value: Mapping[str, Any]) -> Settings:
    """Turn the values of all ``PARAMETERS``, by name and each allowed in itself, into settings.

    Raises:
        ParameterError: the values do not fit together.
    """
    if not value["use_video"] and not value["use_audio"]:
        raise ParameterError("parameters 'use_video' and 'use_audio' are both false: nothing to do")
    if value["redact"] and value["publish_overlay"]:
        raise ParameterError(
            "parameters 'redact' and 'publish_overlay' are both true: an overlay shows the person; "
            "set one of them to false"
        )
    try:
        recognizer = RecognizerConfig(
            window_s=value["window_s"],
            publish_rate=value["publish_rate"],
            min_window_s=value["min_window_s"],
            stale_after_s=value["stale_after_s"],
            smoothing=value["smoothing"],
            smoothing_s=value["smoothing_s"],
            withhold_below=value["withhold_below"],
            redact=value["redact"],
            audio=AudioConfig(denoise=value["audio_denoise"], normalise=value["audio_normalise"]),
            vision=VisionConfig(
                detector=value["face_detector"],
                detector_model=value["face_detector_model"],
                face_rate=value["face_rate"],
                min_face_size=value["min_face_size"],
                min_score=value["min_face_score"],
                max_faces=value["max_faces"],
                max_gap_s=value["max_face_gap_s"],
            ),
        )
    except ValueError as error:
        raise ParameterError(f"the parameters do not fit together: {error}") from error
    try:
        fallback = AudioFormat(
            value["audio_sample_rate"], value["audio_channels"], value["audio_sample_format"]
        )
    except AudioFormatError as error:
        raise ParameterError(f"parameter 'audio_sample_format': {error}") from error
    return Settings(
        autostart=value["autostart"],
        recognizer=recognizer,
        device=value["device"],
        model_path=Path(value["model_path"]).expanduser() if value["model_path"] else None,
        frame_encoder=FrameEncoderChoice(value["frame_encoder"], value["frame_encoder_path"]),
        voice_encoder=VoiceEncoderChoice(value["voice_encoder"], value["voice_encoder_path"]),
        num_threads=value["num_threads"],
        use_video=value["use_video"],
        use_audio=value["use_audio"],
        cameras=cameras_from(value["cameras"]),
        compressed=value["image_transport"] == "compressed",
        image_reliability=value["image_reliability"],
        image_depth=value["image_depth"],
        audio_type=value["audio_type"],
        audio_queue_s=value["audio_queue_s"],
        audio_fallback=fallback,
        publish_overlay=value["publish_overlay"],
    )


def cameras_from(text: str) -> dict[str, str]:
    """Read the parameter ``cameras``: the topic of each camera by its name.

    Raises:
        ParameterError: a part is not NAME=TOPIC, or two cameras have the same name.
    """
    if not text.strip():
        return {"": "image"}
    cameras = {}
    for entry in text.split(","):
        name, _, topic = (part.strip() for part in entry.partition("="))
        if not re.fullmatch(r"[A-Za-z]\w*", name) or not topic or name in cameras:
            raise ParameterError(
                f"parameter 'cameras' is {text!r}: expected NAME=TOPIC, NAME=TOPIC, with names "
                f"that differ, of letters, digits and _; got {entry.strip()!r}"
            )
        cameras[name] = topic
    return cameras
