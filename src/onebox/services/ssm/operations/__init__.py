"""The operations of the Parameter Store: a file for each family, and the table."""

from __future__ import annotations

from onebox.services.registry import Operation, OperationTable
from onebox.services.ssm.core import Core
from onebox.services.ssm.operations import labels, listing, reading, tags, writing

OPERATIONS: OperationTable[Core] = {
    "PutParameter": Operation(writing.put_parameter),
    "DeleteParameter": Operation(writing.delete_parameter),
    "DeleteParameters": Operation(writing.delete_parameters),
    "GetParameter": Operation(reading.get_parameter, reads_only=True),
    "GetParameters": Operation(reading.get_parameters, reads_only=True),
    "GetParameterHistory": Operation(reading.get_parameter_history, reads_only=True),
    "GetParametersByPath": Operation(listing.get_parameters_by_path, reads_only=True),
    "DescribeParameters": Operation(listing.describe_parameters, reads_only=True),
    "LabelParameterVersion": Operation(labels.label_parameter_version),
    "UnlabelParameterVersion": Operation(labels.unlabel_parameter_version),
    "AddTagsToResource": Operation(tags.add_tags_to_resource),
    "RemoveTagsFromResource": Operation(tags.remove_tags_from_resource),
    "ListTagsForResource": Operation(tags.list_tags_for_resource, reads_only=True),
}
