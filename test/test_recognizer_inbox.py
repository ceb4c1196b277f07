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

from emotion_recognition.recognizer.inbox import Inbox, Item


def image(name: str) -> Item:
    return Item("image", name, 0, 0.0)


def sound(name: str, arrived_s: float = 0.0) -> Item:
    return Item("audio", name, 0, arrived_s)


def names(inbox: Inbox) -> list[str]:
    taken = inbox.take()
    assert taken is not None
    return [item.message for item in taken[0]]


def test_messages_come_out_in_order_of_arrival():
    inbox = Inbox(max_images=4, max_audio_s=10)
    for item in (
        image("i1"),
        sound("a1"),
        image("i2"),
        sound("a2"),
        Item("audio_info", "n", 0, 0.0),
    ):
        inbox.put(item)
    assert names(inbox) == ["i1", "a1", "i2", "a2", "n"]


def test_the_newest_images_win():
    inbox = Inbox(max_images=2, max_audio_s=10)
    for index in range(5):
        inbox.put(image(f"i{index}"))
    assert inbox.dropped_images == {"": 3}
    assert names(inbox) == ["i3", "i4"]


def test_a_quick_camera_does_not_push_the_images_of_a_slow_one_out():
    inbox = Inbox(max_images=2, max_audio_s=10)
    inbox.put(Item("image", "slow", 0, 0.0, "rear"))
    for index in range(4):
        inbox.put(Item("image", f"i{index}", 0, 0.0, "front"))
    assert inbox.dropped_images == {"front": 2}
    assert names(inbox) == ["slow", "i2", "i3"]


def test_sound_is_bounded_in_time():
    inbox = Inbox(max_images=2, max_audio_s=1.0)
    for index in range(30):
        inbox.put(sound(f"a{index}", 0.1 * index))
    kept = names(inbox)
    assert kept[-1] == "a29"
    assert len(kept) in (10, 11)
    assert inbox.dropped_audio == 30 - len(kept)


def test_the_description_of_the_sound_is_never_dropped():
    inbox = Inbox(max_images=2, max_audio_s=1.0)
    inbox.put(Item("audio_info", "old format", 0, 0.0))
    inbox.put(Item("audio_info", "format", 0, 0.0))
    for now in (0.0, 5.0):
        inbox.put(sound(f"at {now:g} s", now))
    assert names(inbox) == ["format", "at 5 s"]
    assert inbox.dropped_audio == 1


def test_images_do_not_push_sound_out():
    inbox = Inbox(max_images=1, max_audio_s=10)
    inbox.put(sound("a1"))
    for index in range(100):
        inbox.put(image(f"i{index}"))
    assert names(inbox) == ["a1", "i99"]


def test_take_waits_for_a_message():
    inbox = Inbox(max_images=1, max_audio_s=10)
    timer = threading.Timer(0.05, inbox.put, [image("late")])
    timer.start()
    assert names(inbox) == ["late"]


def test_it_tells_whether_a_message_waits():
    inbox = Inbox(max_images=1, max_audio_s=10)
    assert not inbox.waits
    inbox.put(image("first"))
    assert inbox.waits
    inbox.take()
    assert not inbox.waits


def test_a_noted_silence_is_handed_out_once():
    inbox = Inbox(max_images=1, max_audio_s=10)
    inbox.note_silence(1)
    inbox.note_silence(2)
    assert inbox.take() == ([], 2)
    inbox.put(image("i"))
    assert inbox.take() == ([image("i")], None)


def test_a_closed_inbox_ends_the_wait():
    inbox = Inbox(max_images=1, max_audio_s=10)
    timer = threading.Timer(0.05, inbox.close)
    timer.start()
    assert inbox.take() is None
    inbox.put(image("i"))
    assert inbox.take() is None
