"""Sphinx configuration: `make docs` builds the pages of this folder into build/docs/html."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "emotion_recognition"
author = "the emotion_recognition authors"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
]
root_doc = "index"
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["images/**"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "emotion_recognition"
