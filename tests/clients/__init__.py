"""Tools that people bring: each runs against a onebox of its own where the tool is present, else it is skipped."""
