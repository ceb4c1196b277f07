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

"""YuNet's model file: where it is kept, and how it gets there if the user agrees."""

import hashlib
import logging
import os
import tempfile
import urllib.request
from pathlib import Path

logger = logging.getLogger(__name__)

YUNET_FILE = "face_detection_yunet_2023mar.onnx"
YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
YUNET_BYTES = 232_589
YUNET_URL = (  # the model's home, OpenCV Zoo (MIT licence)
    "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
    "face_detection_yunet/" + YUNET_FILE
)


class DownloadError(RuntimeError):
    """The file could not be fetched, or is not the one that was asked for."""


def yunet_path() -> Path:
    """Where the file is kept: the user's cache folder (XDG base directory specification)."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "emotion_recognition" / YUNET_FILE


def find_yunet() -> Path | None:
    """Return the cached file if it is there and unaltered."""
    path = yunet_path()
    if not path.is_file():
        return None
    if hashlib.sha256(path.read_bytes()).hexdigest() != YUNET_SHA256:
        logger.warning("ignoring %s: not the YuNet file that was pinned; delete it", path)
        return None
    return path


def download_yunet(url: str = YUNET_URL, timeout_s: float = 30.0) -> Path:
    """Fetch the file into the cache; call this only with the user's explicit consent.

    Returns:
        Its path; a file that is there already and unaltered is not fetched again.

    Raises:
        DownloadError: No connection, or what came is not the pinned file; nothing is kept then.
    """
    found = find_yunet()
    if found is not None:
        return found
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            data = answer.read(YUNET_BYTES + 1)
    except OSError as error:
        raise DownloadError(f"cannot fetch {url}: {error}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != YUNET_SHA256:
        raise DownloadError(f"{url} gave a file with sha256 {digest}, expected {YUNET_SHA256}")
    path = yunet_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and renamed: a broken run never leaves half a file under the final name.
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as partial:
        partial.write(data)
    Path(partial.name).replace(path)
    return path
