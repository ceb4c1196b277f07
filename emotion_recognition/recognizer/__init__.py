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
