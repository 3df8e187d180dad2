"""Entry point of `python -m pipeline`; names the extra to install if a package is missing."""

import sys
from typing import Final

_EXTRAS: Final = {
    "spacy": "text", "wordfreq": "text", "pycrfsuite": "text",
    "transformers": "encoder", "tokenizers": "encoder", "safetensors": "encoder",
}  # fmt: skip
"""Extra that installs each package not needed by construction."""

try:
    from pipeline.cli import main

    main()
except ModuleNotFoundError as missing:
    package = (missing.name or "").partition(".")[0]
    if package in {"kg_builder", "pipeline"}:
        raise
    sys.exit(
        f"error: the package {package!r} is not installed "
        f"(pip install 'music-kg-recommender[{_EXTRAS.get(package, 'kg')}]')"
    )
