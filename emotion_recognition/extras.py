"""The optional parts of the package, and what to type where one of them is not installed."""

import importlib.util

_PACKAGES = {
    "dashboard": ("fastapi", "jinja2", "python_multipart", "uvicorn", "websockets"),
    "training": ("pytorch_lightning", "tensorboardX"),
}


def need_extra(name: str) -> None:
    """Raise RuntimeError, with what to type, where an extra of setup.py is not installed.

    Args:
        name: ``dashboard`` or ``training``.
    """
    absent = [each for each in _PACKAGES[name] if importlib.util.find_spec(each) is None]
    if absent:
        raise RuntimeError(
            f"needs {', '.join(absent)}: pip install 'emotion_recognition[{name}]', or in a "
            f"checkout: pip install -r requirements/{name}.txt"
        )
