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

"""Files of estimates: three formats, the same content, complete or absent."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from emotion_recognition.bags.table import COLUMNS
from emotion_recognition.estimate import Estimate, Flags
from emotion_recognition.studies import outputs
from emotion_recognition.studies.outputs import (
    FORMATS,
    MissingPackageError,
    read_estimates,
    require_packages,
    write_estimates,
)

LABELS = ("happy", "sad")
EPOCH = 1_700_000_000_000_000_000
SURE = Estimate(
    stamp_ns=EPOCH + 1_250_000_000,
    window_ns=3_600_000_000,
    newest_ns=EPOCH + 1_240_000_000,
    labels=LABELS,
    probabilities=(float(np.float32(0.9)), float(np.float32(0.1))),
    valence=1 / 3,
    arousal=-1e-7,
    audio_weight=1.0,
    flags=Flags.VIDEO_STALE | Flags.WITHHELD,
    subject="12",
)
OUTAGE = Estimate(stamp_ns=EPOCH + 2_000_000_000, window_ns=1, newest_ns=1, flags=Flags.NO_FACE)


def write(folder: Path, *estimates: Estimate, formats: tuple[str, ...] = FORMATS) -> list[Path]:
    paths = [folder / f"take.{kind}" for kind in formats]
    with write_estimates(paths, LABELS, EPOCH) as add:
        for estimate in estimates:
            add(estimate)
    return paths


def test_csv_and_json_lines_read_as_they_should(tmp_path: Path):
    table, lines = write(tmp_path, SURE, OUTAGE, formats=("csv", "jsonl"))
    assert table.read_bytes().decode().splitlines() == [
        "time,stamp_ns,subject,emotion,confidence,valence,arousal,intensity,"
        "audio_weight,video_weight,flags,p_happy,p_sad",
        "1.250,1700000001250000000,12,happy,0.9,0.33333334,-1e-07,,1.0,0.0,"
        "VIDEO_STALE|WITHHELD,0.9,0.1",
        "2.000,1700000002000000000,,,,,,,0.0,0.0,NO_FACE,,",
    ]
    first, second = (json.loads(line) for line in lines.read_text().splitlines())
    assert list(first) == [*COLUMNS, "p_happy", "p_sad"]
    assert (first["stamp_ns"], first["valence"], first["intensity"]) == (
        EPOCH + 1_250_000_000,
        0.33333334,
        None,
    )
    assert (second["emotion"], second["p_happy"]) == ("", None)


def test_the_three_formats_read_alike(tmp_path: Path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frames = [read_estimates(path) for path in write(tmp_path, SURE, OUTAGE)]
    for other in frames[1:]:
        pandas.testing.assert_frame_equal(frames[0], other)
    [sure, outage] = frames[0].to_dict("records")
    assert sure["valence"] == float(np.float32(1 / 3))
    assert (sure["subject"], sure["time"], sure["stamp_ns"]) == ("12", 1.25, SURE.stamp_ns)
    assert (outage["subject"], outage["emotion"], outage["flags"]) == ("", "", "NO_FACE")
    assert math.isnan(outage["confidence"])
    assert math.isnan(outage["p_happy"])


def test_parquet_has_the_types_of_the_message(tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet")
    [path] = write(tmp_path, *[SURE] * 10_000, formats=("parquet",))
    file = parquet.ParquetFile(path)
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types["stamp_ns"] == "int64"
    assert types["subject"] == "string"
    assert types["p_happy"] == types["valence"] == "float"
    assert file.metadata.num_rows == 10_000
    assert file.metadata.num_row_groups == 2


def test_no_estimate_at_all_is_a_file_too(tmp_path: Path):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    for path in write(tmp_path):
        frame = read_estimates(path)
        assert len(frame) == 0
        assert set(COLUMNS) <= set(frame.columns)


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path):
    [path] = write(tmp_path, SURE, formats=("csv",))
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match="unplugged"), write_estimates([path], LABELS) as add:
        add(OUTAGE)
        assert path.read_bytes() == before
        raise RuntimeError("unplugged")
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["take.csv"]


def test_other_classes_and_other_formats_are_refused(tmp_path: Path):
    with (
        pytest.raises(ValueError, match=r"expected \('angry',\)"),
        write_estimates([tmp_path / "a.csv"], ("angry",)) as add,
    ):
        add(SURE)
    with (
        pytest.raises(ValueError, match=r"\.csv, \.jsonl, \.parquet"),
        write_estimates([tmp_path / "a.xls"], LABELS),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_what_is_no_file_of_estimates_is_told(tmp_path: Path):
    pytest.importorskip("pandas")
    path = tmp_path / "labels.csv"
    path.write_text("start,end,emotion\n0,1,happy\n")
    with pytest.raises(ValueError, match="no column time, stamp_ns"):
        read_estimates(path)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch):
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr(outputs.importlib, "import_module", absent)
    require_packages(["csv", "jsonl"])
    with pytest.raises(MissingPackageError, match=r"pyarrow .*emotion_recognition\[studies\]"):
        require_packages(["parquet"])
