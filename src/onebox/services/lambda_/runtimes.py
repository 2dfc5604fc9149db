"""The runtimes that functions may name, and what each runs on. Pure.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html"""

from __future__ import annotations

import hashlib

RUNTIMES = (
    *("nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x", "java25"),
    *("python3.10", "python3.11", "java21", "ruby3.3", "ruby3.4", "ruby3.2", "python3.8", "python3.9", "java17"),
    *("nodejs16.x", "dotnet10", "dotnet8", "java11", "dotnet6", "nodejs18.x", "provided.al2", "java8.al2"),
)
"""In AWS's order, which goes into the error's words."""

ENDED_RUNTIMES = (
    *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x"),
    *("java8", "python2.7", "python3.6", "python3.7", "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1"),
    *("dotnetcore3.1", "go1.x", "ruby2.5", "ruby2.7", "provided"),
)
"""What AWS no longer makes functions of, but what layers may still be looked for by."""


def runtime_version_arn(region: str, runtime: str) -> str:
    """RuntimeVersionConfig's ARN: the same for every function on a runtime."""
    return f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(runtime.encode()).hexdigest()}"


def supports_snap_start(runtime: str) -> bool:
    """Whether SnapStart may be switched on."""
    if runtime.startswith("python3."):
        return int(runtime.removeprefix("python3.")) >= 12
    return runtime in ("java11", "java17", "java21", "java25", "dotnet8", "dotnet10")
