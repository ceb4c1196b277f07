"""Zstandard as ``rosbags`` has it: out of Python from 3.14 on, before as a backport."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["zstd"]
