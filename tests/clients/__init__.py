"""Tools that people bring: each runs against a onebox of its own where the tool is present, and is skipped elsewhere."""
