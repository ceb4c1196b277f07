"""The packages that the server needs beside those of the running node: the extra ``dashboard``."""

import importlib.util

PACKAGES = ("fastapi", "jinja2", "python_multipart", "uvicorn", "websockets")


def need_server() -> None:
    """Raise RuntimeError, with what to type, where the extra is not installed."""
    absent = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if absent:
        raise RuntimeError(
            f"needs {', '.join(absent)}: pip install 'emotion_recognition[dashboard]', or in a "
            "checkout: pip install -r requirements/dashboard.txt"
        )
