"""The parameters of ``emotion_node``, and the typed settings that they become."""

from dataclasses import dataclass
from pathlib import Path

from rclpy.node import Node

from emotion_recognition.audio.messages import AudioFormat
from emotion_recognition.audio.stream import AudioConfig
from emotion_recognition.nodes.audio_input import AUDIO_TYPES
from emotion_recognition.nodes.parameters import Parameter, declare
from emotion_recognition.nodes.qos import RELIABILITIES
from emotion_recognition.nodes.spin import StartError
from emotion_recognition.recognizer import RecognizerConfig
from emotion_recognition.vision.stream import VisionConfig

PARAMETERS = (
)
