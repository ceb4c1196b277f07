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

"""A queue that serves its callers in turn, so that one who brings much keeps nobody waiting."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """First in, first out for each caller, and the callers one after the other."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[Item]] = OrderedDict()

    def put(self, caller: str, item: Item) -> None:
        """Add an item at the end of its caller's line."""
        self._lines.setdefault(caller, deque()).append(item)

    def take(self) -> Item | None:
        """Return the next item, and let the other callers come before the next of this one."""
        if not self._lines:
            return None
        caller, line = self._lines.popitem(last=False)
        item = line.popleft()
        if line:
            self._lines[caller] = line
        return item

    def remove(self, item: Item) -> bool:
        """Take an item out; return whether it was there."""
        for caller, line in self._lines.items():
            if item in line:
                line.remove(item)
                if not line:
                    del self._lines[caller]
                return True
        return False

    def __len__(self) -> int:
        """Items that wait."""
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Item]:
        """Items in the order in which they will be taken, if none is added."""
        lines = [list(line) for line in self._lines.values()]
        for turn in range(max(map(len, lines), default=0)):
            yield from (line[turn] for line in lines if turn < len(line))
