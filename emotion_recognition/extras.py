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
