"""Between the result type and the message: ``Estimate`` to ``EmotionState``."""

from builtin_interfaces.msg import Duration, Time

from emotion_recognition.estimate import Estimate
from emotion_recognition.msg import EmotionState

_SECOND_NS = 1_000_000_000
_MAX_SEC = 2**31 - 1


def time_message(stamp_ns: int) -> Time:
    """Convert nanoseconds since the epoch."""
    sec, nanosec = divmod(stamp_ns, _SECOND_NS)
    return Time(sec=_fit(sec), nanosec=nanosec)


def duration_message(duration_ns: int) -> Duration:
    """Convert a length of time; below 0 ``sec`` is rounded down and ``nanosec`` added to it."""
    sec, nanosec = divmod(duration_ns, _SECOND_NS)
    return Duration(sec=_fit(sec), nanosec=nanosec)


def nanoseconds(value: Time | Duration) -> int:
    """Convert a ``Time`` or ``Duration`` message to nanoseconds."""
    return value.sec * _SECOND_NS + value.nanosec


def emotion_state(estimate: Estimate, now_ns: int) -> EmotionState:
    """Build the message. ``now_ns`` is the time of publication, of the clock of the stamps.

    The latency is negative where the sensor's clock is ahead of this machine's. An estimate that
    used no sensor data has latency 0.
    """
    message = EmotionState()
    message.header.stamp = time_message(estimate.stamp_ns)
    message.header.frame_id = estimate.frame_id
    message.window = duration_message(estimate.window_ns)
    message.subject = estimate.subject
    if estimate.face is not None:
        left, top = max(0, estimate.face.x), max(0, estimate.face.y)  # the fields are unsigned
        message.face.x_offset, message.face.y_offset = left, top
        message.face.width = max(0, estimate.face.x + estimate.face.width - left)
        message.face.height = max(0, estimate.face.y + estimate.face.height - top)
    message.labels = list(estimate.labels)
    message.probabilities = list(estimate.probabilities)
    message.emotion = estimate.emotion
    message.confidence = float(estimate.confidence)
    message.valence = float(estimate.valence)
    message.arousal = float(estimate.arousal)
    message.intensity = float(estimate.intensity)
    message.audio_weight = float(estimate.audio_weight)
    message.video_weight = float(estimate.video_weight)
    message.flags = int(estimate.flags)
    if estimate.available:
        message.latency = duration_message(now_ns - estimate.newest_ns)
    message.model = estimate.model
    return message


def _fit(sec: int) -> int:
    return max(-_MAX_SEC, min(_MAX_SEC, sec))
