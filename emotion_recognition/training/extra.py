"""The packages that training needs beside those of the running node: the extra ``training``."""

import importlib.util

PACKAGES = ("pytorch_lightning", "tensorboardX")


def need_lightning() -> None:
    """Raise RuntimeError, with what to type, where the extra is not installed."""
    absent = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if absent:
        raise RuntimeError(
            f"needs {', '.join(absent)}: pip install 'emotion_recognition[training]', or in a "
            "checkout: pip install -r requirements/training.txt"
        )
