"""The seed's Lambda code, word for word, as the text of one module."""

from pathlib import Path

SEED_CODE = (Path(__file__).parent / "api" / "seed_handler.py").read_text("utf-8")
