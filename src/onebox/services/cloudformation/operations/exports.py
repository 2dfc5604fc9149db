"""ListExports and ListImports.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-core-stack-exports.html
"""

from __future__ import annotations

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.lookup import name_start, next_page, page_start
from onebox.services.cloudformation.views import without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token
from onebox.services.registry import Operation, OperationTable


def list_exports(core: Core, context: RequestContext, request: Wire) -> Wire:
    """All exported outputs of the account and region, by name."""
    after = name_start(request)
    found = core.store.exports.page(context.account, context.region, after, limits.PAGE_ITEMS + 1)
    page = found[: limits.PAGE_ITEMS]
    exports = [{"ExportingStackId": stack_id, "Name": name, "Value": value} for name, value, stack_id in page]
    more = make_token(page[-1][0]) if len(found) > limits.PAGE_ITEMS else None
    return without_none({"Exports": exports, "NextToken": more})


def list_imports(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Names of the stacks that import an export. Raises ValidationError if there is none."""
    name = request["ExportName"]
    if core.store.exports.find(context.account, context.region, name) is None:
        raise ValidationError(f"Export '{name}' does not exist.")
    importers = core.store.exports.importers(context.account, context.region, name)
    if not importers:
        raise ValidationError(f"Export '{name}' is not imported by any stack.")
    start = page_start(request)
    page = importers[start : start + limits.PAGE_ITEMS]
    return without_none({"Imports": page, "NextToken": next_page(start, len(importers) - start)})


EXPORT_OPERATIONS: OperationTable[Core] = {
    "ListExports": Operation(list_exports, reads_only=True),
    "ListImports": Operation(list_imports, reads_only=True),
}
