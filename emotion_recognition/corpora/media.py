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

"""Kinds of recordings, and whether a file can be opened as one."""

from pathlib import Path

import av
import cv2
import soundfile

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SOUND_SUFFIXES = (".wav", ".flac", ".opus", ".ogg", ".mp3")
VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".avi", ".mov")


def why_unreadable(path: Path) -> str | None:
    """Open a sound, video or image file as far as its header (an image: all of it).

    Returns:
        What is wrong with it; None if nothing is.
    """
    try:
        if not path.stat().st_size:
            return "is empty"
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return None if cv2.imread(str(path)) is not None else "is no image, or is damaged"
        if path.suffix.lower() in SOUND_SUFFIXES:
            return None if soundfile.info(str(path)).frames else "holds no sound"
        with av.open(str(path)) as container:
            return None if container.streams.video else "holds no video"
    except OSError as error:  # also FFmpeg's errors of data
        return error.strerror or str(error)
    except soundfile.LibsndfileError as error:
        return error.error_string
    except av.error.FFmpegError as error:
        return error.strerror
