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

import io
import math

import pytest

pytest.importorskip("emotion_recognition.msg", reason="the interfaces are not built: colcon build")

from emotion_recognition.msg import EmotionState
from rich.console import Console

from emotion_recognition.emotions import EMOTIONS
from emotion_recognition.nodes.live.terminal import COLOURS, LiveView, flag_names, line, strip
from emotion_recognition.nodes.ros.convert import duration_message


def happy(**changes) -> EmotionState:
    values = {
        "labels": list(EMOTIONS),
        "probabilities": [0.02, 0.02, 0.8, 0.04, 0.04, 0.02, 0.02, 0.04],
        "emotion": "happy",
        "confidence": 0.8,
        "valence": 0.5,
        "arousal": 0.25,
        "video_weight": 0.75,
        "audio_weight": 0.25,
        "latency": duration_message(42_000_000),
    }
    return EmotionState(**{**values, **changes})


def drawn(view: LiveView) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(view)
    return console.file.getvalue()


def test_the_view_names_every_class_and_figure():
    view = LiveView("clip.mp4", state=happy(), elapsed_s=12.5, latencies_ms=[40.0, 42.0])
    text = drawn(view)
    assert all(label in text for label in EMOTIONS)
    assert all(words in text for words in ("clip.mp4", "12.5 s", "0.80", "0.75", "0.25", "42 ms"))


def test_the_longest_bar_is_the_most_probable_class():
    rows = {
        label: row.count("█")
        for row in drawn(LiveView("clip", state=happy())).splitlines()
        for label in EMOTIONS
        if row.strip("│ ").startswith(label)
    }
    assert max(rows, key=rows.__getitem__) == "happy"
    assert rows["happy"] == round(22 * 0.8)


@pytest.mark.parametrize(
    ("valence", "arousal"), [(-1, -1), (1, 1), (0, 0), (-1, 1), (3, -3)], ids=str
)
def test_the_dot_stays_in_the_plane(valence, arousal):
    text = drawn(LiveView("clip", state=happy(valence=float(valence), arousal=float(arousal))))
    assert text.count("●") == 1


def test_unknown_valence_has_no_dot():
    assert "●" not in drawn(LiveView("clip", state=happy(valence=math.nan)))


def test_before_the_first_estimate_it_says_so():
    assert "waiting" in drawn(LiveView("clip"))


def test_an_outage_takes_the_bars_away_but_keeps_the_past():
    gone = EmotionState(flags=EmotionState.VIDEO_STALE, valence=math.nan, arousal=math.nan)
    text = drawn(LiveView("clip", state=gone, history=[(1.0, "sad")], latencies_ms=[40.0]))
    assert "no estimate" in text
    assert "video stale" in text
    assert "●" not in text
    assert text.count("█") == 1


def test_a_line_holds_the_estimate():
    text = line(happy(flags=EmotionState.NO_SPEECH), 12.25)
    assert text.split()[:4] == ["12.25", "s", "happy", "0.80"]
    assert "latency   42 ms" in text
    assert text.endswith("no speech")


def test_a_line_without_an_estimate_says_why():
    gone = EmotionState(flags=EmotionState.AUDIO_STALE | EmotionState.VIDEO_STALE)
    assert line(gone, 3.0) == "  3.00 s  no estimate: audio stale, video stale"


def test_a_line_names_the_subject():
    assert line(happy(subject="front/3"), 1.0).split()[2:4] == ["#front/3", "happy"]


def test_every_person_of_a_window_is_named_and_the_speaker_is_drawn():
    view = LiveView("clip")
    people = [
        happy(subject="1", audio_weight=0.0, video_weight=1.0),
        happy(subject="2", emotion="sad", confidence=0.61, audio_weight=0.4),
    ]
    for state in people:
        view.note(state)
    text = drawn(view)
    assert view.state is people[1] and view.people == people
    assert [words in text for words in ("#1", "#2", "0.61", "voice 0.40")] == [True] * 4
    later = happy(subject="1")
    later.header.stamp.sec = 1
    view.note(later)
    assert view.people == [later] and "#2" not in drawn(view)


def test_a_voice_without_a_face_stands_beside_the_faces():
    view = LiveView("clip")
    for state in (happy(subject="1", audio_weight=0.0), happy(audio_weight=1.0)):
        view.note(state)
    assert "unseen" in drawn(view)


def test_flags_are_named():
    assert flag_names(0) == ""
    assert flag_names(EmotionState.NO_FACE | EmotionState.WITHHELD) == "no face, withheld"


def test_every_class_has_a_colour():
    assert set(COLOURS) == set(EMOTIONS)


def test_the_strip_shows_the_past_from_left_to_right():
    cells = strip([(1.0, "sad"), (19.0, "happy")], width=20).plain.split()[-1]
    assert cells.index("█") == 0
    assert cells.rindex("█") == 18
