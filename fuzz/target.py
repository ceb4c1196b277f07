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

"""What is fuzzed: a decoder, the inputs that it gets, and how it may refuse them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from .mutate import mutated


@dataclass(frozen=True)
class Target:
    """A decoder of bytes that others wrote. It is pickled: its functions are those of modules.

    Attributes:
        name: without blanks; names files.
        share: how many of 1000 inputs it gets.
        take: decodes an input, and checks what comes out of it.
        rejects: the exceptions by which an input is refused, as documented. Any other is a crash.
        make_seeds: valid inputs, the same in each run.
        invent: an input whose fields are random, but whose form is right; None: there is no such.
        words: byte strings that mean something to the decoder.
    """

    name: str
    share: int
    take: Callable[[bytes], None]
    rejects: tuple[type[Exception], ...]
    make_seeds: Callable[[], Sequence[bytes]]
    invent: Callable[[Random], bytes] | None = None
    words: Sequence[bytes] = ()

    @cached_property
    def seeds(self) -> Sequence[bytes]:
        """Valid inputs."""
        return self.make_seeds()

    def input(self, seed: int, index: int) -> bytes:
        """Return the input with a number: the same for the same seed and number.

        The valid ones come first. Of the others half are invented, where the target can, and of
        those every second one is mutated, too; the rest are mutated valid ones.
        """
        if index < len(self.seeds):
            return self.seeds[index]
        rng = Random(f"{seed} {self.name} {index}")
        if self.invent is None or index % 2:
            return mutated(rng, rng.choice(self.seeds), self.seeds, self.words)
        invented = self.invent(rng)
        return mutated(rng, invented, self.seeds, self.words) if index % 4 else invented

    def accepts(self, data: bytes) -> bool:
        """Decode an input; return False where it was refused as documented.

        Raises:
            Exception: a crash.
        """
        try:
            self.take(data)
        except self.rejects:
            return False
        return True
