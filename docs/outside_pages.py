"""Pages of the site that lie elsewhere in the repository: the README, model cards, examples.

Each has an empty page ``beside/NAME.md`` here, which is filled with the file's text when the site
is built. Links between them and the pages of this folder then lead from page to page.
"""

import os
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

PAGES = {
    "README.md": "readme",
    "MODEL_CARD.md": "model-card",
    "emotion_recognition/weights/emotion_network.md": "emotion-network",
    "emotion_recognition/weights/frame_encoder.md": "frame-encoder",
    "emotion_recognition/weights/landmarks.md": "landmarks-card",
    "examples/README.md": "examples",
}
"""Files of the repository, and the names of their pages in ``beside/``."""

_LINK = re.compile(r"\]\((?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")


def page_text(name: str, text: str) -> str:
    """Return the text of a page as Sphinx is to read it.

    Args:
        name: Of the page, such as ``training`` or ``beside/readme``.
        text: As its file has it.
    """
    page = DOCS / f"{name}.md"
    source = next(
        (ROOT / file for file, beside in PAGES.items() if name == f"beside/{beside}"), page
    )
    if source != page:
        text = source.read_text(encoding="utf-8")

    def link(match: re.Match[str]) -> str:
        target = (source.parent / match["path"]).resolve()
        inside = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
        if inside in PAGES:
            target = DOCS / "beside" / f"{PAGES[inside]}.md"
        return f"]({os.path.relpath(target, page.parent)}{match['anchor'] or ''})"

    return _LINK.sub(link, text)
