"""Studies over many recordings: which estimates a configuration gives, how right, and a report.

For notebooks: ``recognize`` yields the estimates of one recording, ``evaluate`` scores many.
"""

from emotion_recognition.studies.recognition import recognize, to_frame
from emotion_recognition.studies.study import evaluate

__all__ = ["evaluate", "recognize", "to_frame"]
