"""The ARNs of CloudWatch's resources. Pure."""

from __future__ import annotations

from onebox.arn import make_arn


def alarm_arn(account: str, region: str, name: str) -> str:
    """``arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME``."""
    return make_arn("cloudwatch", region, account, f"alarm:{name}")


def dashboard_arn(account: str, region: str, name: str) -> str:
    """``arn:aws:cloudwatch::ACCOUNT:dashboard/NAME``; ``region`` names the partition only."""
    return make_arn("cloudwatch", "", account, f"dashboard/{name}", partition_region=region)
