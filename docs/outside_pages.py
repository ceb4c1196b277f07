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

"""Pages of the site that lie elsewhere in the repository: the README, model cards, examples.

Each has an empty page ``beside/NAME.md`` here, which is filled with the file's text when the site
is built. Links between them and the pages of this folder then lead from page to page, and links to
other files of the repository give the file.
"""

import os
import re
from pathlib import Path

PAGES = {
    "README.md": "readme",
    "MODEL_CARD.md": "model-card",
    "emotion_recognition/weights/emotion_network.md": "emotion-network",
    "emotion_recognition/weights/frame_encoder.md": "frame-encoder",
    "emotion_recognition/weights/landmarks.md": "landmarks-card",
    "examples/README.md": "examples",
}
"""Files of the repository, and the names of their pages in ``beside/``."""

_LINK = re.compile(r"(?P<opens>\]\(|\{literalinclude\} )(?P<path>[^)#\s:]+)(?=[)#\s])")


def page_text(name: str, text: str, root: Path, built_from: Path) -> str:
    """Return the text of a page as Sphinx is to read it.

    Args:
        name: Of the page, such as ``training`` or ``beside/readme``.
        text: As its file has it.
        root: The repository.
        built_from: Its folder ``docs``, or a copy of that.
    """
    docs = root / "docs"
    files = {f"beside/{beside}": root / file for file, beside in PAGES.items()}
    source = files.get(name, docs / name)
    if name in files:
        text = source.read_text(encoding="utf-8")

    def link(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / match["path"]))
        beside = PAGES.get(os.path.relpath(target, root))
        if beside:
            target = built_from / "beside" / f"{beside}.md"
        elif target.is_relative_to(docs):
            target = built_from / target.relative_to(docs)
        if target.is_dir():  # which cannot be given: what it is built by, or read first
            target = next(iter(sorted(target.glob("*.xml")) or sorted(target.iterdir())))
        page = target.suffix in (".md", ".rst")
        kind = "path:" if page and not target.is_relative_to(built_from) else ""
        return match["opens"] + kind + os.path.relpath(target, (built_from / name).parent)

    return _LINK.sub(link, text)
