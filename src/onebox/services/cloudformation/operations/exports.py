"""ListExports and ListImports.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.operations.lookup import next_page, page_start
from onebox.services.cloudformation.views import without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable

if TYPE_CHECKING:
    from onebox.services.cloudformation.service import CloudFormation


def list_exports(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """All exported outputs of the account and region, by name."""
    after = request.get("NextToken", "")
    found = cfn.store.list_exports(context.account, context.region, after, limits.PAGE_ITEMS + 1)
    page = found[: limits.PAGE_ITEMS]
    exports = [{"ExportingStackId": stack_id, "Name": name, "Value": value} for name, value, stack_id in page]
    more = page[-1][0] if len(found) > limits.PAGE_ITEMS else None
    return without_none({"Exports": exports, "NextToken": more})


def list_imports(cfn: CloudFormation, context: RequestContext, request: Wire) -> Wire:
    """Names of the stacks that import an export. Raises ValidationError if there is none."""
    name = request["ExportName"]
    if cfn.store.find_export(context.account, context.region, name) is None:
        raise ValidationError(f"Export '{name}' does not exist.")
    importers = cfn.store.importers(context.account, context.region, name)
    if not importers:
        raise ValidationError(f"Export '{name}' is not imported by any stack.")
    start = page_start(request)
    page = importers[start : start + limits.PAGE_ITEMS]
    return without_none({"Imports": page, "NextToken": next_page(start, len(importers) - start)})


EXPORT_OPERATIONS: OperationTable[CloudFormation] = {
    "ListExports": Operation(list_exports, reads_only=True),
    "ListImports": Operation(list_imports, reads_only=True),
}
