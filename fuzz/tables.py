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

"""Targets of files that people write or programs export: labels, and tables of estimates."""

import io
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from emotion_recognition.bags.table import CsvTable
from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.estimate import Estimate, Flags
from emotion_recognition.studies.label_source import Extent, label_source
from emotion_recognition.studies.labels import LabelError, inside
from emotion_recognition.studies.outputs import read_estimates, write_estimates
from emotion_recognition.studies.series import series_of

from .target import Target

_SECOND = 1_000_000_000
_RECORDING = Extent(Path("/data/visit.mp4"), "visit", 10 * _SECOND, 20 * _SECOND)

CSV = (
    "start,end,emotion,valence,arousal,intensity,subject\n"
    "0.5,2,joy,0.8,-0.1,1,Ann\n2,3.25,sad,,,,\n00:00:04.000,00:00:05.5,none,,,,\n",
    "file;emotion;subject\nvisit.mp4;sad;Ann\nother;neutral;\n",
    'start\tend\temotion\n1700000000.25\t1700000001\t"angry"\n',
    "start,end,emotion\n1700000001000000001,1700000002000000000,05\n",
)
EAF = (
    """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT FORMAT="3.0" VERSION="3.0">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
    <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1750"/>
    <TIME_SLOT TIME_SLOT_ID="ts3"/>
  </TIME_ORDER>
  <TIER TIER_ID="Emotion" PARTICIPANT="Ann">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1"
      TIME_SLOT_REF2="ts2"><ANNOTATION_VALUE>anger</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
    </ANNOTATION>
  </TIER>
  <TIER TIER_ID="speech"><ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="ts1"
      TIME_SLOT_REF2="ts3"><ANNOTATION_VALUE>hello</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>
  </ANNOTATION></TIER>
</ANNOTATION_DOCUMENT>
""",
    # Entities that stand for entities: 10^9 characters, were they put in.
    '<!DOCTYPE A [<!ENTITY a "sad sad sad sad">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><A><TIER TIER_ID='e'>&i;</TIER></A>",
)
TXT = (
    "0.500000\t1.750000\tfear\n\\\t100.0\t2000.0\n2.000000\t3.000000\t\n",
    "emotion\tAnn\t00:00:00.500\t00:00:01.750\t00:00:01.250\tanger\n"
    "speech\tAnn\t00:00:00.000\t00:00:05.000\t00:00:05.000\thello\n",
    "emotion\tAnn\t0.5\t1.75\t1.25\tanger\n",
)
WORDS = (
    *(b"1e999999999", b"-1e99", b"9" * 40, b"nan", b"inf", b"1e-999999", b"00:00:01.5", b"+"),
    *(b'"', b"\0", b"\r", b"\t", b"\xff", b"\xef\xbb\xbf", "\u2028\u0663".encode(), b"1_0"),
)
XML_WORDS = (
    *(b"utf-16", b"utf-7", b"ebcdic", b"&#0;", b"&#x110000;", b"]]>", b"<![CDATA[", b"<!--"),
    *(b'TIER_ID="emotion 2"', b"TIME_SLOT_REF1", b"<TIER>", b"</TIER>"),
)


def _in_file(data: bytes, suffix: str, read: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        path = Path(folder) / f"visit{suffix}"
        path.write_bytes(data)
        read(path)


def _read_labels(path: Path) -> None:
    labels = label_source(path).labels_of(_RECORDING)
    assert all(label.start_ns < label.end_ns for label in labels)
    assert all(label.emotion in ("", *EMOTIONS) for label in labels)
    inside(labels, _RECORDING.start_ns, _RECORDING.end_ns, "visit")


def _read_estimates(path: Path) -> None:
    table = read_estimates(path)
    if len(table):
        series_of(table)


def _estimates(rng: Random) -> list[Estimate]:
    found = []
    for index in range(4):
        shares = [rng.random() for _ in EMOTIONS]
        found.append(
            Estimate(
                stamp_ns=(10 + index) * _SECOND,
                window_ns=_SECOND,
                newest_ns=(10 + index) * _SECOND,
                labels=EMOTIONS if index else (),
                probabilities=tuple(each / sum(shares) for each in shares) if index else (),
                valence=rng.uniform(-1, 1),
                audio_weight=0.25,
                video_weight=0.75,
                flags=Flags(rng.randrange(64)),
                subject=str(index),
            )
        )
    return found


def _csv_seeds() -> list[bytes]:
    text = io.StringIO(newline="")
    table = CsvTable(text, EMOTIONS)
    for estimate in _estimates(Random(4)):
        table.write(estimate)
    return [text.getvalue().encode()]


def _written_seeds(suffix: str) -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="fuzz_") as folder:
        path = Path(folder) / f"estimates{suffix}"
        with write_estimates([path], EMOTIONS) as write:
            for estimate in _estimates(Random(4)):
                write(estimate)
        return [path.read_bytes()]


def _encoded(texts: tuple[str, ...]) -> list[bytes]:
    return [text.encode() for text in texts]


def _labels(suffix: str, share: int, texts: tuple[str, ...], words: tuple[bytes, ...]) -> Target:
    return Target(
        f"labels{suffix.replace('.', '_')}",
        share,
        partial(_in_file, suffix=suffix, read=_read_labels),
        (LabelError,),
        partial(_encoded, texts),
        words=words,
    )


def _tables(suffix: str, share: int, seeds: Callable[[], list[bytes]]) -> Target:
    return Target(
        f"estimates{suffix.replace('.', '_')}",
        share,
        partial(_in_file, suffix=suffix, read=_read_estimates),
        (ValueError, OSError),
        seeds,
        words=(*WORDS, b"null", b"{}", b"[" * 5000, b"[]", b"true", b"stamp_ns", b"time"),
    )


TARGETS = (
    _labels(".csv", 12, CSV, WORDS),
    _labels(".eaf", 10, EAF, (*WORDS, *XML_WORDS)),
    _labels(".txt", 10, TXT, WORDS),
    _tables(".csv", 8, _csv_seeds),
    _tables(".jsonl", 8, partial(_written_seeds, ".jsonl")),
    _tables(".parquet", 5, partial(_written_seeds, ".parquet")),
)
"""Those of tables."""
