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

import threading

from emotion_recognition.nodes.ros.complaints import Complaints


class FakeTime:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_cause_is_said_once_a_period_with_the_number_left_unsaid():
    said: list[str] = []
    clock = FakeTime()
    complain = Complaints(said.append, period_s=5.0, now=clock)
    for step in (3, 4, 5):
        complain(f"step {step} is too short")
    assert said == ["step 3 is too short"]
    clock.now = 5.0
    complain("step 6 is too short")
    assert said[1:] == ["step 6 is too short (2 more since the last warning)"]
    clock.now = 10.0
    complain("step 7 is too short")
    assert said[2:] == ["step 7 is too short"]


def test_each_cause_has_its_own_turn():
    said: list[str] = []
    complain = Complaints(said.append, now=FakeTime())
    complain("image dropped: empty")
    complain("audio dropped: mp3")
    complain("image dropped: empty")
    assert said == ["image dropped: empty", "audio dropped: mp3"]


def test_texts_out_of_messages_do_not_fill_the_memory():
    said: list[str] = []
    complain = Complaints(said.append, now=FakeTime())
    names = [chr(ord("a") + index % 26) * (1 + index // 26) for index in range(1000)]
    for name in names:
        complain(f"encoding {name}")
    assert len(said) == 1000
    assert len(complain._next_at) <= 64


def test_threads_may_complain_at_once():
    said: list[str] = []
    complain = Complaints(said.append, now=FakeTime())
    threads = [
        threading.Thread(target=lambda: [complain("again") for _ in range(200)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["again"]
