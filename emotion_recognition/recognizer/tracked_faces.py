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

"""The recogniser of faces that somebody else finds and follows: each comes as a stream of crops."""

from dataclasses import replace
from pathlib import Path

from emotion_recognition.estimate import Estimate
from emotion_recognition.model.emotion_model import EmotionModel
from emotion_recognition.recognizer.config import RecognizerConfig
from emotion_recognition.recognizer.stream import Recognizer
from emotion_recognition.vision.cropped_face import CroppedFace
from emotion_recognition.vision.detect import make_detector


class TrackedFaces(Recognizer):
    """Estimates the emotions of the faces that are followed now, each by its id.

    A face is a camera that sees nothing else: ``set_cameras`` says which ids there are. So all
    share the networks and the sound, and the voice goes to the face that speaks, as with several
    cameras; an estimate of a voice that is nobody's has no subject.
    """

    def __init__(self, config: RecognizerConfig, model: EmotionModel | None = None) -> None:
        """Follow nobody yet. Arguments and errors as of ``Recognizer``."""
        single = replace(config, vision=replace(config.vision, max_faces=1))
        file = config.vision.detector_model
        detector = make_detector(config.vision.detector, Path(file) if file else None)
        super().__init__(single, model, (), CroppedFace(detector))

    def wants_frame(self, stamp_ns: int, camera: str = "") -> bool:
        """As of ``Recognizer``; a crop of a face that has left in the meantime is not wanted."""
        return camera in self._cameras and super().wants_frame(stamp_ns, camera)

    def estimates(self, latest_only: bool = False) -> list[Estimate]:
        """As of ``Recognizer``; ``subject`` is the face's id, ``face`` its place in the crop."""
        found = super().estimates(latest_only)
        return [replace(one, subject=one.subject.rpartition("/")[0]) for one in found]
