"""The API operations of CloudFormation, a file for each family, and the table of all of them."""

from __future__ import annotations

from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.operations.change_sets import CHANGE_SET_OPERATIONS
from onebox.services.cloudformation.operations.drift import DRIFT_OPERATIONS
from onebox.services.cloudformation.operations.exports import EXPORT_OPERATIONS
from onebox.services.cloudformation.operations.history import HISTORY_OPERATIONS
from onebox.services.cloudformation.operations.rollbacks import ROLLBACK_OPERATIONS
from onebox.services.cloudformation.operations.settings import SETTINGS_OPERATIONS
from onebox.services.cloudformation.operations.stack_sets import STACK_SET_OPERATIONS
from onebox.services.cloudformation.operations.stacks import STACK_OPERATIONS
from onebox.services.cloudformation.operations.templates import TEMPLATE_OPERATIONS
from onebox.services.registry import OperationTable

OPERATIONS: OperationTable[Core] = {
    **STACK_OPERATIONS,
    **CHANGE_SET_OPERATIONS,
    **HISTORY_OPERATIONS,
    **TEMPLATE_OPERATIONS,
    **EXPORT_OPERATIONS,
    **SETTINGS_OPERATIONS,
    **ROLLBACK_OPERATIONS,
    **DRIFT_OPERATIONS,
    **STACK_SET_OPERATIONS,
}
