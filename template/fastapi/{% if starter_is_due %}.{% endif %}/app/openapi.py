"""Writes the OpenAPI document: `python -m app.openapi openapi.json`."""

import json
import sys
from pathlib import Path

from app.main import app

if __name__ == "__main__":
    text = json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
