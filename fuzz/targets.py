"""All targets by name."""

from collections.abc import Mapping

from . import messages, recordings, tables
from .target import Target

TARGETS: Mapping[str, Target] = {
    target.name: target for target in (*messages.TARGETS, *recordings.TARGETS, *tables.TARGETS)
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
