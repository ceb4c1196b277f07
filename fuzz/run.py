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

"""``make fuzz``: all targets, a table, and how many inputs crashed or hung."""

import argparse
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from . import FOLDER
from .targets import TARGETS, counts_of
from .watch import GROWTH_KIB, Outcome, watch


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 0 where nothing crashed, hung or grew."""
    options = _parser().parse_args(arguments)
    if options.replay:
        return replay(options.replay)
    names = options.targets or list(TARGETS)
    counts = counts_of(options.inputs, names)
    print(f"fuzz: seed {options.seed}, {sum(counts.values())} inputs, limit {options.limit:g} s")
    _clear(options.folder)
    outcomes = run(names, counts, options)
    Console(width=110).print(table(outcomes))
    return conclude(outcomes, options.folder)


def run(
    names: Sequence[str], counts: Mapping[str, int], options: argparse.Namespace
) -> dict[str, Outcome]:
    """Watch the targets, several at once, with a progress bar; return what became of each."""
    done = dict.fromkeys(names, 0)
    with (
        tqdm(total=sum(counts.values()), unit="input", disable=None) as bar,
        ThreadPoolExecutor(options.jobs) as pool,
    ):

        def tell(name: str, count: int) -> None:
            with bar.get_lock():
                bar.update(count - done[name])
                done[name] = count

        def one(name: str) -> Outcome:
            return watch(
                *(TARGETS[name], options.seed, counts[name], options.limit, options.folder),
                partial(tell, name),
            )

        return dict(zip(names, pool.map(one, names), strict=True))


def conclude(outcomes: Mapping[str, Outcome], folder: Path) -> int:
    """Print what was found, and the last line; return the exit code."""
    for path in sorted(folder.glob("*-*-*.bin")):
        print(f"saved: {path}; decode it again by  python -m fuzz.run --replay {path}")
    for name, each in outcomes.items():
        if each.grew:
            print(f"{name}: memory grew by {each.growth_kib:.0f} KiB, over {GROWTH_KIB} KiB")
    inputs, crashes, hangs = (
        sum(getattr(each, key) for each in outcomes.values())
        for key in ("inputs", "crashes", "hangs")
    )
    print(f"fuzz: {inputs} inputs, {crashes} crashes, {hangs} hangs")
    return int(bool(crashes or hangs or any(each.grew for each in outcomes.values())))


def table(outcomes: Mapping[str, Outcome]) -> Table:
    """The outcomes, a target a row."""
    headings = (
        *("target", "inputs", "accepted", "rejected", "crashes", "hangs"),
        *("slowest CPU ms (number)", "growth KiB", "peak MiB"),
    )
    made = Table(*headings)
    for column in made.columns[1:]:
        column.justify = "right"
    for name, each in outcomes.items():
        counted = (each.inputs, each.accepted, each.rejected, each.crashes, each.hangs)
        slowest = f"{each.slowest_ms:.0f} ({each.slowest})"
        grown = f"{each.growth_kib:+.0f}", f"{each.peak_mib:.0f}"
        made.add_row(name, *map(str, counted), slowest, *grown)
    return made


def replay(path: Path) -> int:
    """Decode a saved input again, in this process; return 0 where it is decoded or refused."""
    name = path.stem.split("-")[1]
    try:
        accepted = TARGETS[name].accepts(path.read_bytes())
    except Exception:
        traceback.print_exc()
        return 1
    print(f"{name}: {'accepted' if accepted else 'rejected'}")
    return 0


def _clear(folder: Path) -> None:
    """Take out what the run before left; the corpora of coverage stay."""
    for path in folder.glob("*"):
        if path.suffix in (".bin", ".txt", ".log", ".input"):
            path.unlink()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz.run", description=__doc__)
    parser.add_argument("--inputs", type=int, default=120_000, help="how many in all")
    parser.add_argument("--seed", type=int, default=1, help="of the random inputs")
    cores = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=cores, help="targets at once")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds; longer is a hang")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, metavar="NAME", help="only these")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for inputs that crash or hang")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="decode a saved input again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
