"""Run onebox inside a test: an engine on a thread of its own, on a clock moved by hand if wanted."""

from onebox.testing.engine import EngineThread
from onebox.testing.manual_clock import ManualClock, ManualSource

__all__ = ["EngineThread", "ManualClock", "ManualSource"]
