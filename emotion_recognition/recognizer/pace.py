"""What a machine that falls behind gives up: the estimates of windows that would come late."""

from emotion_recognition.estimate import Estimate
from emotion_recognition.recognizer.stream import GRACE_NS, Recognizer


def timely_estimates(recognizer: Recognizer, waited_s: float, more_wait: bool) -> list[Estimate]:
    """Return the estimates to publish after a message was added.

    As long as messages are added soon after they arrive, these are all that are due. A message that
    waited longer than a period of the estimates, or than ``GRACE_NS`` if that is longer, is late:
    the ones behind it are added first, and then the newest window alone is judged.

    Args:
        recognizer: what the message was added to.
        waited_s: time from the arrival of that message until now, s.
        more_wait: whether messages that arrived after it are at hand.
    """
    if waited_s <= max(1 / recognizer.config.publish_rate, GRACE_NS / 1e9):
        return recognizer.estimates()
    return [] if more_wait else recognizer.estimates(latest_only=True)
