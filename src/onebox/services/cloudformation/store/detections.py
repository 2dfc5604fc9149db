"""Drift detections."""

from __future__ import annotations

from onebox.services.cloudformation.model import DriftDetection
from onebox.services.cloudformation.store.rows import save_row
from onebox.storage.database import Storage

_DETECTION = "detection_id, stack_id, status, status_reason, stack_drift_status, drifted_count, at_ms"


class DetectionStore:
    """The rows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, detection_id: str) -> DriftDetection | None:
        row = self._storage.first(
            f"SELECT {_DETECTION} FROM cloudformation_drift_detections WHERE detection_id = ?", (detection_id,)
        )
        return (
            None
            if row is None
            else DriftDetection(
                detection_id=row[0],
                stack_id=row[1],
                status=row[2],
                status_reason=row[3],
                stack_drift_status=row[4],
                drifted_count=row[5],
                at_ms=row[6],
            )
        )

    def save(self, detection: DriftDetection) -> None:
        values = (
            detection.detection_id,
            detection.stack_id,
            detection.status,
            detection.status_reason,
            detection.stack_drift_status,
            detection.drifted_count,
            detection.at_ms,
        )
        save_row(self._storage, "cloudformation_drift_detections", _DETECTION, "detection_id", values)

    def fail_open(self, reason: str) -> None:
        """Mark detections that a restart interrupted as failed."""
        self._storage.execute(
            "UPDATE cloudformation_drift_detections SET status = 'DETECTION_FAILED', status_reason = ? "
            "WHERE status = 'DETECTION_IN_PROGRESS'",
            (reason,),
        )
