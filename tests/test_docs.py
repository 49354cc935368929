"""README and docs say what is so: the picture, the walk, every name, path and command on a page."""

from __future__ import annotations

import picture


def test_the_picture_shows_the_prompts_of_today():
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    assert picture.text_of(drawn) == picture.text_of(picture.drawn(picture.run())), "run `uv run python scripts/picture.py`"
    assert "url(http" not in drawn
