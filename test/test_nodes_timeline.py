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

import itertools

from emotion_recognition.nodes.timeline import Run, timeline


def every_quarter(text: str) -> list[tuple[float, str]]:
    words = {"s": "sad", "h": "happy", "n": "neutral"}
    return [(0.25 * (index + 1), words[letter]) for index, letter in enumerate(text)]


def test_equal_labels_make_one_run():
    runs = timeline(every_quarter("s" * 8 + "h" * 8))
    assert runs == [Run(0.25, 2.0, "sad"), Run(2.0, 4.0, "happy")]
    assert str(runs[1]) == "2-4 s happy"


def test_a_short_run_joins_its_longer_neighbour():
    runs = timeline(every_quarter("s" * 20 + "n" + "h" * 8))
    assert [run.label for run in runs] == ["sad", "happy"]
    assert runs[0].end_s == runs[1].start_s == 5.25


def test_a_flicker_inside_a_run_disappears():
    runs = timeline(every_quarter("s" * 8 + "h" + "s" * 8))
    assert runs == [Run(0.25, 4.25, "sad")]


def test_the_runs_cover_the_whole_time():
    runs = timeline(every_quarter("nsnshnhshsnnnnnnnnhhhhhhhhsh"))
    assert runs[0].start_s == 0.25
    assert runs[-1].end_s == 7.0
    assert all(a.end_s == b.start_s for a, b in itertools.pairwise(runs))


def test_few_estimates_are_one_run_and_none_are_none():
    assert timeline([(3.0, "happy")]) == [Run(3.0, 3.0, "happy")]
    assert timeline([]) == []
