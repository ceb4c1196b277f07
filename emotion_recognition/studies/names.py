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

"""Short names of recordings, by which their files and rows are found."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path


def unique_names(paths: Sequence[Path]) -> list[str]:
    """Name each recording by its file's name without suffix, longer where others share that.

    Where several share a name, all of them keep their suffix, or get as many of the folders above
    in front, joined by ``_``, as tell them apart. So the names depend on which recordings there
    are, but not on their order. Capitals do not count as a difference.

    Raises:
        ValueError: a recording stands twice, or two of them cannot be told apart.
    """
    whole = [path.resolve() for path in paths]
    for path in _repeated(whole):
        raise ValueError(f"{path} is named twice: name it once")
    alike: dict[str, list[Path]] = defaultdict(list)
    for path in whole:
        alike[_name(path, 0, False).casefold()].append(path)
    names = {path: name for group in alike.values() for path, name in _told_apart(group).items()}
    for name in _repeated(name.casefold() for name in names.values()):
        same = [str(path) for path in names if names[path].casefold() == name]
        raise ValueError(f"{' and '.join(same)} would both be called '{name}': rename one of them")
    return [names[path] for path in whole]


def _told_apart(paths: Sequence[Path]) -> dict[Path, str]:
    deepest = max(len(path.parts) for path in paths)
    for above in range(deepest):
        for with_suffix in (False, True):
            names = {path: _name(path, above, with_suffix) for path in paths}
            if not _repeated(name.casefold() for name in names.values()):
                return names
    return names


def _name(path: Path, above: int, with_suffix: bool) -> str:
    last = path.name if with_suffix or path.is_dir() else path.stem
    folders = path.parts[1:-1]  # without the root
    return "_".join((*folders[max(0, len(folders) - above) :], last))


def _repeated(values: Iterable[object]) -> list[object]:
    given = list(values)
    return [value for index, value in enumerate(given) if value in given[:index]]
