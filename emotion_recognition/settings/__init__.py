"""The parameters of ``emotion_node``, declared once: for the node, and for runs over recordings."""

from emotion_recognition.settings.emotion_node import PARAMETERS, Settings, settings_from
from emotion_recognition.settings.parameter import Parameter, ParameterError

__all__ = ["PARAMETERS", "Parameter", "ParameterError", "Settings", "settings_from"]
