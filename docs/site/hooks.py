"""Hooks of MkDocs: bring files from outside docs/ into the site, and point links at them.

README, CONTRIBUTING, CHANGELOG and the notebooks stay where readers of the repository find them.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "data/processed/README.md": "processed-folder.md",
    "examples/README.md": "examples/index.md",
}
_WORKER: Final = "site/iframe-worker-1.0.4.js"
_LINK: Final = re.compile(
    r"(?<!!)\[(?P<text>[^\]\[]*)\]\((?P<target>[^)#:\s]+)(?P<anchor>#[^)\s]*)?\)"
)


def _pages() -> dict[Path, str]:
    """Files outside docs/ and the pages that they become."""
    found = {ROOT / source: page for source, page in PAGES.items()}
    for notebook in sorted((ROOT / "examples").glob("*.ipynb")):
        found[notebook] = f"examples/{notebook.stem}.md"
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for source, page in _pages().items():
        text = source.read_text(encoding="utf-8")
        content = _markdown(json.loads(text)) if source.suffix == ".ipynb" else text
        files.append(File.generated(config, page, content=content))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Load the script that search in a folder needs from the site, not from a public server."""
    address = os.path.relpath(_WORKER, Path(page.file.dest_uri).parent)
    return output.replace("https://unpkg.com/iframe-worker/shim", address)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to files of the repository at their pages; a file without one is left as text."""
    sources = _pages()
    source_of = {name: path for path, name in sources.items()}
    here = source_of.get(page.file.src_uri, Path(config.docs_dir) / page.file.src_uri)

    def redirect(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(here.parent / link["target"]))
        if target in sources:
            name = sources[target]
        elif target.is_relative_to(config.docs_dir):
            name = target.relative_to(config.docs_dir).as_posix()
        elif target.exists():
            return link["text"]
        else:
            return link[0]  # MkDocs reports it
        address = os.path.relpath(name, Path(page.file.src_uri).parent)
        return f"[{link['text']}]({address}{link['anchor'] or ''})"

    return _LINK.sub(redirect, markdown)


def _markdown(notebook: dict[str, Any]) -> str:
    """A notebook with its kept outputs as a page."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            parts += _output(output)
    return "\n\n".join(parts) + "\n"


def _output(output: dict[str, Any]) -> list[str]:
    data = output.get("data", {"text/plain": output.get("text", "")})
    if "text/html" in data:
        table = "".join(data["text/html"]).replace(' border="1" class="dataframe"', "")
        return [re.sub(r"<style.*?</style>|^\s+", "", table, flags=re.DOTALL | re.MULTILINE)]
    text = "".join(data["text/plain"]).rstrip()
    return [f"```{{.text .output}}\n{text}\n```"] if text else []
