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

"""A corpus is the clips in a folder, with everything that is wrong with them listed at once."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

from tqdm import tqdm

from emotion_recognition.corpora.media import why_unreadable

LISTED_REASONS, LISTED_FILES = 20, 8
"""How many reasons a message gives, and how many files with each; of more it tells the number."""

_KINDS = ("mislabelled", "broken", "missing")  # in the order of listing


class Clip(Protocol):
    """What every corpus knows of a clip: its file."""

    @property
    def path(self) -> Path:
        """The recording."""


ClipT = TypeVar("ClipT", bound=Clip, covariant=True)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file (or row of a table)."""

    kind: Literal["mislabelled", "broken", "missing"]
    where: str
    reason: str


class CorpusError(ValueError):
    """Data that cannot be used as they are; ``problems`` holds all that was found."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: _KINDS.index(problem.kind)))
        counts = Counter(problem.kind for problem in self.problems)
        summary = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        by_reason: dict[str, list[str]] = {}
        for problem in self.problems:
            by_reason.setdefault(problem.reason, []).append(problem.where)
        lines = [f"{source}: {summary}; put this right before you start:"]
        for reason in list(by_reason)[:LISTED_REASONS]:
            lines.append(f"  {reason}: {_some(by_reason.pop(reason))}")
        if by_reason:
            lines.append(f"  and {sum(map(len, by_reason.values()))} more for other reasons")
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Corpus(Generic[ClipT]):
    """The clips of one corpus.

    ``clips`` are those whose labels are sound, in the order of their paths; ``problems`` what the
    names alone reveal: clips that are mislabelled, or missing from the published set.
    """

    name: str
    folder: Path
    clips: tuple[ClipT, ...]
    problems: tuple[Problem, ...]

    def check(self, *, complete: bool = True) -> list[ClipT]:
        """Open each file, and return all clips if nothing is wrong with any.

        Args:
            complete: Clips of the published set may not be missing.

        Raises:
            CorpusError: Some files are mislabelled, broken or missing; it lists them together.
        """
        problems = [item for item in self.problems if complete or item.kind != "missing"]
        problems += _broken(self.name, self.folder, [clip.path for clip in self.clips])
        if problems:
            raise CorpusError(f"{self.name} '{self.folder}'", problems)
        return list(self.clips)


def read_corpus(
    name: str,
    folder: Path,
    layout: str,
    paths: Iterable[Path],
    parse: Callable[[Path], ClipT],
    published: Collection[str] = (),
) -> Corpus[ClipT]:
    """Read the labels of the clips at ``paths``; their files are not opened.

    Args:
        name: The corpus, for messages.
        folder: Where the paths are.
        layout: What the folder should hold, for messages.
        paths: The clips.
        parse: Makes a clip of a path, or raises ValueError that says what is wrong with its name.
        published: Names, without suffix, of all clips of the corpus, where these are known.

    Raises:
        FileNotFoundError: There are no paths: the layout is another.
    """
    clips: list[ClipT] = []
    problems: list[Problem] = []
    seen: dict[str, Path] = {}
    for path in sorted(paths):
        try:
            clip = parse(path)
            if published and path.stem not in published:
                raise ValueError("no clip of this name was published")
            if published and path.stem in seen:
                raise ValueError(f"the same clip as {_within(folder, seen[path.stem])}")
        except ValueError as error:
            problems.append(Problem("mislabelled", _within(folder, path), str(error)))
            continue
        seen[path.stem] = path
        clips.append(clip)
    if not clips and not problems:
        raise wrong_layout(name, folder, layout)
    absent = sorted(set(published) - seen.keys())
    problems += [Problem("missing", stem, "no such file") for stem in absent]
    return Corpus(name, folder, tuple(clips), tuple(problems))


def wrong_layout(name: str, folder: Path, expected: str) -> FileNotFoundError:
    """Return the error for a folder that does not hold the corpus in a layout that is known."""
    if not folder.is_dir():
        found = "there is no such folder" if not folder.exists() else "this is a file"
    else:
        entries = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
        found = f"found {_some(entries) or 'an empty folder'}"
    return FileNotFoundError(f"no {name} in '{folder}': {found}; expected {expected}")


def visible(paths: Iterable[Path]) -> list[Path]:
    """Return the files whose names do not begin with a dot (as .DS_Store and ._NAME do)."""
    return [path for path in paths if not path.name.startswith(".") and path.is_file()]


def _broken(name: str, folder: Path, paths: Sequence[Path]) -> list[Problem]:
    with ThreadPool() as pool:
        reasons = pool.imap(why_unreadable, paths, chunksize=64)
        bar = tqdm(reasons, f"checking {name}", len(paths), delay=5, mininterval=1)
        return [
            Problem("broken", _within(folder, path), reason)
            for path, reason in zip(paths, bar, strict=True)
            if reason
        ]


def _some(names: Sequence[str]) -> str:
    rest = len(names) - LISTED_FILES
    return ", ".join(names[:LISTED_FILES]) + (f", ... and {rest} more" if rest > 0 else "")


def _within(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
