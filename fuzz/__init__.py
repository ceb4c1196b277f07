"""Fuzzing: random and mutated inputs for everything that decodes what others wrote.

``make fuzz`` runs it all; ``make fuzz-coverage`` lets coverage guide the mutations.
"""

from pathlib import Path

FOLDER = Path("build/fuzz")
"""Where inputs that crash or hang are saved, unless told."""
ROOM_BYTES = 3 << 30
"""Address space that decoding may take beyond what its process begins with."""
