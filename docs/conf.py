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

"""Sphinx configuration: ``make docs`` builds this folder into build/docs/html."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sphinx.ext.autodoc.mock import _MockObject

# rosdoc2 runs this file out of a copy of this folder, whose conf.py names the original.
wrapped = re.search(r'exec\(open\("(.+?)"\)', Path(__file__).read_text(encoding="utf-8"))
DOCS = Path(wrapped[1] if wrapped else __file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]
rosdoc2_settings = {"enable_autodoc": False, "override_theme": False, "support_markdown": False}

from outside_pages import page_text  # noqa: E402 - found on the path above

import emotion_recognition  # noqa: E402

project = "emotion_recognition"
author = "the emotion_recognition authors"
version = release = emotion_recognition.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# rosdoc2 adds a page of every module and its own lists; reference/ has what is meant for others.
exclude_patterns = ["images", "emotion_recognition*.rst", "modules.rst", "__*.rst"]
exclude_patterns += ["interfaces", "standard*"]
myst_heading_anchors = 4

autodoc_default_options = {"members": True, "member-order": "bysource"}
autoclass_content = "both"
add_module_names = False
maximum_signature_line_length = 80
python_use_unqualified_type_names = True
# Neither ROS nor what it generates is needed to document the nodes; of the libraries only what is
# not installed is made up.
ROS = ["rclpy", "rcl_interfaces", "lifecycle_msgs", "std_msgs", "std_srvs", "sensor_msgs"]
ROS += ["diagnostic_msgs", "builtin_interfaces", "rosidl_runtime_py", "emotion_recognition.msg"]
LIBRARIES = ["cv2", "torch", "numpy", "scipy", "safetensors", "rosbags", "yaml", "tqdm", "av"]
autodoc_mock_imports = ROS + [name for name in LIBRARIES if find_spec(name) is None]
_MockObject.__or__ = _MockObject.__ror__ = lambda self, other: self  # for hints such as Time | None

# JSON with an ellipsis, and csv, which Pygments does not know, are shown as they are.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "Emotion recognition"
html_show_copyright = False
html_copy_source = False


def _fill(app: Any, name: str, source: list[str]) -> None:
    source[0] = page_text(name, source[0], DOCS.parent, Path(app.srcdir))


def setup(app: Any) -> None:
    """Let pages that lie elsewhere in the repository be read from there."""
    app.connect("source-read", _fill)
