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

"""Estimates as files: CSV, JSON Lines and Parquet with the same rows, and how to read them.

A row is an estimate: ``COLUMNS``, then ``p_<label>`` for each class of the model. Numbers are
float32, in text by their shortest decimals that read back as the same. Unknown numbers, and all
that an estimate without labels lacks, are empty in CSV and null elsewhere.
"""

import errno
import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotion_recognition.bags.table import COLUMNS, CsvTable, row
from emotion_recognition.estimate import Estimate

if TYPE_CHECKING:
    import pandas

FORMATS = ("csv", "jsonl", "parquet")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_TEXTS = ("subject", "emotion", "flags")
_ROW_GROUP = 8192  # rows of Parquet that are written at once: at 4 a second, half an hour

Write = Callable[[Estimate], None]
_WriteRow = Callable[[Mapping[str, Any]], None]


class MissingPackageError(RuntimeError):
    """A package that a format needs is not installed; the message says how to install it."""


@contextmanager
def write_estimates(
    paths: Sequence[Path], labels: Sequence[str], origin_ns: int = 0
) -> Iterator[Write]:
    """Write estimates to files, each in the format of its suffix, which appear when complete.

    Nothing appears, and what was there before stays, if the block ends by an exception.

    Args:
        paths: files that end in ``.csv``, ``.jsonl`` or ``.parquet``; they are overwritten.
        labels: class names of the model.
        origin_ns: sensor time that counts as 0 in the column ``time``.

    Yields:
        A function that adds an estimate. It raises ValueError if that has other classes.

    Raises:
        ValueError: a path ends in something else.
        MissingPackageError: Parquet is asked for and pyarrow is not installed.
        OSError: a file cannot be written.
    """
    partial = {path: path.with_name(path.name + ".part") for path in paths}
    try:
        with ExitStack() as files:
            writers = [files.enter_context(_writer(path)(partial[path], labels)) for path in paths]

            def write(estimate: Estimate) -> None:
                values = row(estimate, labels, origin_ns)
                for write_row in writers:
                    write_row(values)

            yield write
        for path in paths:
            partial[path].replace(path)
    except OSError as error:
        if error.errno in _NO_ROOM and error.filename is None:
            error.filename = str(paths[0].parent)  # for the message
        raise
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)


def require_packages(formats: Sequence[str]) -> None:
    """Raise MissingPackageError if a format needs a package that is not installed."""
    if "parquet" in formats:
        _package("pyarrow")


def read_estimates(path: Path) -> "pandas.DataFrame":
    """Read a file of estimates; the three formats of a recording give equal frames.

    Returns:
        A row an estimate: ``COLUMNS`` and ``p_<label>``; texts are str, ``stamp_ns`` int64, numbers
        float64 (NaN where unknown).

    Raises:
        ValueError: the file's suffix is none of ``FORMATS``, columns are missing, or a cell is no
            number.
        MissingPackageError: pandas or pyarrow is not installed.
        OSError: the file cannot be read.
    """
    pandas = _package("pandas")
    kind = _format(path)
    if kind == "parquet":
        frame = _parquet_frame(path)
    elif kind == "csv":
        frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
    else:
        frame = pandas.DataFrame(_json_rows(path))
        if frame.empty:
            frame = pandas.DataFrame(columns=COLUMNS)
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}: it is no file of estimates")
    for name in frame:
        if name in _TEXTS:
            frame[name] = frame[name].astype(str)
        elif name == "stamp_ns":
            frame[name] = _numbers(path, frame[name], int, np.int64)
        else:
            exact = np.float64 if name == "time" else np.float32
            frame[name] = _numbers(path, frame[name], _float, exact).astype(np.float64)
    return frame


def _numbers(
    path: Path, column: "pandas.Series", parse: Callable[[Any], float], kind: type
) -> np.ndarray:
    """Convert by Python's own parser: that of pandas ends the process at ``1e999999999000``."""
    try:
        with np.errstate(over="ignore"):
            return np.array([parse(each) for each in column]).astype(kind)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{path}, column {column.name}: not a number: {error}") from error


def _float(cell: Any) -> float:
    return np.nan if cell is None or cell == "" else float(cell)


def _parquet_frame(path: Path) -> "pandas.DataFrame":
    arrow, parquet = _package("pyarrow"), _package("pyarrow.parquet")
    try:
        return parquet.read_table(path).to_pandas()
    except arrow.ArrowException as error:
        raise ValueError(f"{path} is no Parquet file, or is damaged: {error}") from error


def _json_rows(path: Path) -> list[Any]:
    try:
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    except RecursionError as error:
        raise ValueError(f"{path}: nested too deeply: it is no file of estimates") from error


@contextmanager
def _csv(path: Path, labels: Sequence[str]) -> Iterator[_WriteRow]:
    with path.open("w", encoding="utf-8", newline="") as file:
        yield CsvTable(file, labels).write_row


@contextmanager
def _jsonl(path: Path, labels: Sequence[str]) -> Iterator[_WriteRow]:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield lambda row: print(json.dumps(row), file=file)


@contextmanager
def _parquet(path: Path, labels: Sequence[str]) -> Iterator[_WriteRow]:
    arrow, parquet = _package("pyarrow"), _package("pyarrow.parquet")
    kinds = {"time": arrow.float64(), "stamp_ns": arrow.int64()}
    kinds.update(dict.fromkeys(_TEXTS, arrow.string()))
    columns = (*COLUMNS, *(f"p_{label}" for label in labels))
    schema = arrow.schema([(name, kinds.get(name, arrow.float32())) for name in columns])
    waiting: list[Mapping[str, Any]] = []
    with parquet.ParquetWriter(path, schema) as file:

        def flush() -> None:
            if waiting:
                file.write_table(arrow.Table.from_pylist(waiting, schema))
                waiting.clear()

        def write(row: Mapping[str, Any]) -> None:
            waiting.append(row)
            if len(waiting) == _ROW_GROUP:
                flush()

        yield write
        flush()


_WRITERS = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}


def _format(path: Path) -> str:
    kind = path.suffix.removeprefix(".")
    if kind not in FORMATS:
        raise ValueError(f"{path}: expected a name that ends in .{', .'.join(FORMATS)}")
    return kind


def _writer(path: Path) -> Callable[[Path, Sequence[str]], Any]:
    return _WRITERS[_format(path)]


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        raise MissingPackageError(
            f"{package} is not installed: pip install 'emotion_recognition[studies]'"
        ) from error
