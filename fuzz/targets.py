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

"""All targets by name."""

from collections.abc import Mapping

from . import images, recordings, sound, states, tables
from .target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for module in (images, sound, states, recordings, tables)
    for target in module.TARGETS
}


def counts_of(inputs: int, names: list[str]) -> dict[str, int]:
    """Share inputs out among targets by their shares, at least one each; the first takes the rest.

    Returns:
        How many inputs each target gets; in all ``inputs``, or one for each target if that is more.
    """
    shares = {name: TARGETS[name].share for name in names}
    whole = sum(shares.values())
    counts = {name: max(1, inputs * share // whole) for name, share in shares.items()}
    counts[names[0]] += max(0, inputs - sum(counts.values()))
    return counts
