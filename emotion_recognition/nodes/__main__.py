"""``python -m emotion_recognition.nodes NODE [ROS arguments]`` runs a node as ``ros2 run`` does."""

import importlib
import sys

from emotion_recognition.interrupt import end_at_signals


def run(node: str, arguments: list[str] | None = None) -> int:
    """Import the module of a node and run it; a signal ends it without a word, at any moment."""
    end_at_signals()
    main = importlib.import_module(f"emotion_recognition.nodes.{node}").main
    return int(main(arguments))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
