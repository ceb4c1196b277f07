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

"""Point the CMake files of the ROS 2 wheels at the interpreter that runs this.

They name the Python of the machine that built them (``/opt/python/cp311-cp311/include/python3.11``
and NumPy's headers below it). Does nothing on files that are right already.
"""

import re
import sys
import sysconfig
from pathlib import Path

import numpy as np

BUILD_HOST = r"/opt/python/cp[^/;\" ]+"
NUMPY = re.compile(BUILD_HOST + r"/lib/python[^/;\" ]+/site-packages/numpy/(?:_core|core)/include")
PYTHON = re.compile(BUILD_HOST + r"/include/python[0-9.]+")


def relocate(text: str, python_include: str, numpy_include: str) -> str:
    """Return a CMake file's text with the build host's folders replaced."""
    return PYTHON.sub(python_include, NUMPY.sub(numpy_include, text))


def main() -> None:
    """Rewrite the files of the running virtual environment."""
    count = 0
    for path in Path(sys.prefix, "share").rglob("*.cmake"):
        old = path.read_text()
        new = relocate(old, sysconfig.get_path("include"), np.get_include())
        if new != old:
            path.write_text(new)
            count += 1
    print(f"relocated {count} CMake files")


if __name__ == "__main__":
    main()
