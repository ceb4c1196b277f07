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

"""What kind of file an upload is, by its first bytes; its name says nothing."""

from dataclasses import dataclass

HEAD = 64
"""Bytes that are looked at."""


@dataclass(frozen=True)
class MediaType:
    """A kind of recording: its name, and the suffix under which the readers know it."""

    name: str
    suffix: str


_MP4 = MediaType("video/mp4", ".mp4")
_MKV = MediaType("video/x-matroska", ".mkv")
_WEBM = MediaType("video/webm", ".webm")
_AVI = MediaType("video/x-msvideo", ".avi")
_WAV = MediaType("audio/wav", ".wav")
_FLAC = MediaType("audio/flac", ".flac")
_OGG = MediaType("audio/ogg", ".ogg")
_MCAP = MediaType("application/mcap", ".mcap")
_DB3 = MediaType("application/vnd.sqlite3", ".db3")
_ROS1 = MediaType("application/x-rosbag", ".bag")

ACCEPTED = (
    *(".mp4", ".mov", ".webm", ".mkv", ".avi"),
    *(".wav", ".flac", ".ogg"),
    *(".mcap", ".db3", ".bag"),
)
"""Suffixes that such files usually have, for people."""

_BEGINNINGS = {
    b"\x89MCAP0\r\n": _MCAP,
    b"SQLite format 3\x00": _DB3,
    b"#ROSBAG V2.0\n": _ROS1,
    b"fLaC": _FLAC,
    b"OggS": _OGG,
}
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_EBML = b"\x1a\x45\xdf\xa3"


def media_type(head: bytes) -> MediaType | None:
    """Return the kind of a file that begins with ``head``; None: none that is accepted.

    Playlists, which make a decoder open further files, and archives, which may hold a thousand
    times their size, are none.
    """
    for beginning, kind in _BEGINNINGS.items():
        if head.startswith(beginning):
            return kind
    if head[4:8] in _MP4_BOXES:
        return _MP4
    if head.startswith(_EBML):
        return _WEBM if b"webm" in head else _MKV
    if head.startswith((b"RIFF", b"RF64")):
        return {b"WAVE": _WAV, b"AVI ": _AVI}.get(head[8:12])
    return None
