"""All SQL of CloudFormation, a file for each table family. Writes belong inside ``storage.write``."""

from __future__ import annotations

from onebox.services.cloudformation.store.callbacks import CallbackStore
from onebox.services.cloudformation.store.change_sets import ChangeSetStore
from onebox.services.cloudformation.store.cleanup_items import CleanupStore
from onebox.services.cloudformation.store.detections import DetectionStore
from onebox.services.cloudformation.store.events import EventStore
from onebox.services.cloudformation.store.exports import ExportStore
from onebox.services.cloudformation.store.resources import ResourceStore
from onebox.services.cloudformation.store.stacks import StackStore
from onebox.storage.database import Storage

# All tables that refer to a stack; the stack itself last.
_TABLES = (
    "cloudformation_resources",
    "cloudformation_cleanup_items",
    "cloudformation_events",
    "cloudformation_change_sets",
    "cloudformation_exports",
    "cloudformation_imports",
    "cloudformation_drift_detections",
    "cloudformation_callbacks",
    "cloudformation_stacks",
)


class Store:
    """The stores of all tables."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.stacks = StackStore(storage)
        self.resources = ResourceStore(storage)
        self.cleanup_items = CleanupStore(storage)
        self.events = EventStore(storage)
        self.change_sets = ChangeSetStore(storage)
        self.exports = ExportStore(storage)
        self.callbacks = CallbackStore(storage)
        self.detections = DetectionStore(storage)

    def forget_deleted_stacks(self, deleted_before_ms: int, limit: int) -> None:
        """Remove the oldest deleted stacks with all their rows."""
        for stack_id in self.stacks.list_deleted(deleted_before_ms, limit):
            for table in _TABLES:
                self._storage.execute(f"DELETE FROM {table} WHERE stack_id = ?", (stack_id,))
