"""Numbered SQL scripts, each run once per database, in order of their numbers."""
