"""Exports to S3 and imports from it: onebox makes neither, and answers that there are none.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeExport.html and its neighbours
"""

from __future__ import annotations

from onebox.arn import find_arn
from onebox.errors import AccessDeniedException, ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import ExportNotFoundException, ImportNotFoundException


def describe_export(core: Core, context: RequestContext, request: Wire) -> Wire:
    """There is no such export."""
    arn = request["ExportArn"]
    _check_arn(arn, "export", context)
    raise ExportNotFoundException(f"Export not found: {arn}")


def list_exports(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Exports: none."""
    return {"ExportSummaries": []}


def describe_import(core: Core, context: RequestContext, request: Wire) -> Wire:
    """There is no such import."""
    arn = request["ImportArn"]
    _check_arn(arn, "import", context)
    raise ImportNotFoundException(f"Import not found: {arn}")


def list_imports(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Imports: none."""
    return {"ImportSummaryList": []}


def _check_arn(text: str, kind: str, context: RequestContext) -> None:
    arn = find_arn(text)
    parts = () if arn is None else tuple(arn.resource.split("/"))
    if arn is None or arn.service != "dynamodb" or len(parts) != 4 or (parts[0], parts[2]) != ("table", kind):
        raise ValidationException(f"Invalid {kind.capitalize()} ARN")
    if arn.account != context.account:
        raise AccessDeniedException("Access is denied")
