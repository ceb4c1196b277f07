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

"""``python -m emotion_recognition.nodes NODE [ROS arguments]`` runs a node as ``ros2 run`` does."""

import importlib
import sys

from emotion_recognition.imports import without_collection
from emotion_recognition.interrupt import end_at_signals


def run(node: str, arguments: list[str] | None = None) -> int:
    """Import the module of a node and run it; a signal ends it without a word, at any moment."""
    end_at_signals()
    with without_collection():
        main = importlib.import_module(f"emotion_recognition.nodes.{node}").main
    return int(main(arguments))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
