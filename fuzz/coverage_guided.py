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

"""``make fuzz-coverage``: libFuzzer, through Atheris, mutates towards branches not yet taken.

Our modules are instrumented, native code is not. Inputs that reach something new are kept in
``build/fuzz/corpus``, from which the next run goes on; one that crashes or takes too long ends the
run of its target and is saved beside it.
"""

import argparse
import importlib.util
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from . import FOLDER, ROOM_BYTES

INSTRUMENTED = (
    "emotion_recognition.vision.messages",
    "emotion_recognition.audio",
    "emotion_recognition.bags",
    "emotion_recognition.nodes.ros.convert",
    "emotion_recognition.studies.label_files",
    "emotion_recognition.studies.label_source",
    "emotion_recognition.studies.labels",
    "emotion_recognition.studies.outputs",
)
DECODERS = (
    *("image", "compressed_image", "audio_data_stamped", "audio_info", "audio_stamped"),
    *("emotion_state", "labels_csv", "labels_eaf", "labels_txt", "bag_mcap", "bag_ros1"),
)
"""The targets of a run that names none; the others read by libraries, which coverage cannot see."""
_LONGEST_INPUT = 1 << 16


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz target after target in processes of their own; return 0 where nothing was found."""
    options = _parser().parse_args(arguments)
    if importlib.util.find_spec("atheris") is None:
        print("fuzz-coverage needs Atheris: pip install -r requirements/fuzz.txt", file=sys.stderr)
        return 2
    names = options.targets or list(DECODERS)
    seconds = max(1, options.seconds // len(names))
    found = executed = 0
    for name in tqdm(names, disable=None):
        log = options.folder / f"coverage-{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            ended = subprocess.run(
                [
                    *(sys.executable, "-m", "fuzz.coverage_guided", "--one", name, str(seconds)),
                    *("--seed", str(options.seed), "--folder", str(options.folder)),
                ],
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            )
        runs, branches, added = _told(log.read_text(errors="replace"))
        executed += runs
        found += ended.returncode != 0
        verdict = f"found something: {log}" if ended.returncode else "nothing found"
        print(f"{name}: {runs} inputs, {branches} branches, {added} inputs kept; {verdict}")
    print(f"fuzz-coverage: {executed} inputs, {found} of {len(names)} targets with findings")
    return int(found > 0)


def fuzz_one(name: str, seconds: int, seed: int, folder: Path) -> None:
    """Fuzz one target until the time is over or something is found; does not return."""
    import atheris

    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        from .targets import TARGETS
    logging.getLogger().handlers = [logging.NullHandler()]
    target = TARGETS[name]
    corpus = folder / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for index, data in enumerate(target.seeds):
        (corpus / f"seed-{index}").write_bytes(data)

    def decode(data: bytes) -> None:
        target.accepts(data)

    settings = {
        "max_total_time": seconds,
        "seed": seed,
        "timeout": 10,
        "max_len": _LONGEST_INPUT,
        "rss_limit_mb": ROOM_BYTES >> 20,
        "artifact_prefix": f"{folder}/coverage-{name}-",
        "print_final_stats": 1,
    }
    words = _dictionary(folder / f"coverage-{name}.dict", target.words)
    options = [f"-{key}={value}" for key, value in settings.items()]
    atheris.Setup([sys.argv[0], *options, *words, str(corpus)], decode)
    atheris.Fuzz()


def _dictionary(path: Path, words: Sequence[bytes]) -> list[str]:
    """Write the words that a decoder knows, as libFuzzer reads them; return the option."""
    if not words:
        return []
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words]
    path.write_text("".join(line for line in lines if len(line) < 200))
    return [f"-dict={path}"]


def _told(log: str) -> tuple[int, int, int]:
    """Inputs, branches and inputs kept, as libFuzzer counts them; 0 where it did not say."""
    runs = branches = added = 0
    for line in log.splitlines():
        words = line.split()
        if line.startswith("stat::number_of_executed_units:"):
            runs = int(words[1])
        elif line.startswith("stat::new_units_added:"):
            added = int(words[1])
        elif line.startswith("#") and "cov:" in words:
            branches = int(words[words.index("cov:") + 1])
    return runs, branches, added


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz.coverage_guided", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer")
    parser.add_argument("--targets", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for corpus, logs and findings")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "SECONDS"), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    one = _parser().parse_args()
    if one.one:
        fuzz_one(one.one[0], int(one.one[1]), one.seed, one.folder)
    sys.exit(main())
