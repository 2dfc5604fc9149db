"""Alarms: when they change state, and what follows."""
