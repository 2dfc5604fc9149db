"""The lines that Lambda itself writes into a function's log, as text or JSON.

AWS: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html and
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from onebox.services.lambda_.platform_times import iso_milliseconds


@dataclass(frozen=True, slots=True)
class Report:
    """What REPORT says of one invocation."""

    request_id: str
    duration_ms: float
    memory_mb: int
    peak_memory_mb: int
    init_ms: float | None
    """None unless the environment was started for this invocation."""
    status: str
    """``success``, ``error`` or ``timeout``."""
    error_type: str | None

    @property
    def billed_ms(self) -> int:
        return max(1, math.ceil(self.duration_ms + (self.init_ms or 0)))


class TextLog:
    """The platform's lines in the classic text format."""

    def init_start(self, now_ms: int, runtime: str, description: str) -> str:
        return f"INIT_START Runtime Version: {_shown_runtime(runtime)}\t{description}\n"

    def start(self, now_ms: int, request_id: str, version: str) -> str:
        return f"START RequestId: {request_id} Version: {version}\n"

    def problem(self, now_ms: int, request_id: str, message: str, error_type: str) -> str:
        if error_type == "Sandbox.Timedout":
            return f"{iso_milliseconds(now_ms)} {request_id} {message.partition('Error: ')[2]}\n\n"
        return f"{message}\n{error_type}\n"

    def end(self, request_id: str) -> str | None:
        return f"END RequestId: {request_id}\n"

    def report(self, now_ms: int, report: Report) -> str:
        line = (
            f"REPORT RequestId: {report.request_id}\tDuration: {report.duration_ms:.2f} ms\t"
            f"Billed Duration: {report.billed_ms} ms\tMemory Size: {report.memory_mb} MB\t"
            f"Max Memory Used: {report.peak_memory_mb} MB\t"
        )
        if report.init_ms is not None:
            line += f"Init Duration: {report.init_ms:.2f} ms\t"
        if report.status != "success":
            line += f"Status: {report.status}\t"
            if report.error_type and report.status == "error":
                line += f"Error Type: {report.error_type}\t"
        return line + "\n"


class JsonLog:
    """The platform's lines as JSON objects (LoggingConfig.LogFormat JSON)."""

    def init_start(self, now_ms: int, runtime: str, description: str) -> str:
        record = {
            "initializationType": "on-demand",
            "phase": "init",
            "runtimeVersion": _shown_runtime(runtime),
            "runtimeVersionDescription": description,
        }
        return _event(now_ms, "platform.initStart", record)

    def start(self, now_ms: int, request_id: str, version: str) -> str:
        return _event(now_ms, "platform.start", {"requestId": request_id, "version": version})

    def problem(self, now_ms: int, request_id: str, message: str, error_type: str) -> str:
        record = {
            "timestamp": iso_milliseconds(now_ms),
            "level": "ERROR",
            "requestId": request_id,
            "errorType": error_type,
            "errorMessage": message.partition("Error: ")[2] or message,
        }
        return json.dumps(record) + "\n"

    def end(self, request_id: str) -> str | None:
        return None

    def report(self, now_ms: int, report: Report) -> str:
        metrics: dict[str, Any] = {
            "durationMs": round(report.duration_ms, 3),
            "billedDurationMs": report.billed_ms,
            "memorySizeMB": report.memory_mb,
            "maxMemoryUsedMB": report.peak_memory_mb,
        }
        if report.init_ms is not None:
            metrics["initDurationMs"] = round(report.init_ms, 3)
        record = {"requestId": report.request_id, "metrics": metrics, "status": report.status}
        if report.error_type:
            record["errorType"] = report.error_type
        return _event(now_ms, "platform.report", record)


def _event(now_ms: int, kind: str, record: dict[str, Any]) -> str:
    return json.dumps({"time": iso_milliseconds(now_ms), "type": kind, "record": record}) + "\n"


def _shown_runtime(runtime: str) -> str:
    """``python:3.13``, ``nodejs:22``, as INIT_START names runtimes."""
    return runtime.removesuffix(".x").replace("python", "python:").replace("nodejs", "nodejs:")
