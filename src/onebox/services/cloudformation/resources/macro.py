"""AWS::CloudFormation::Macro: the name of a function that transforms templates.

The macro is the resource itself: ``transforms/expand.py`` finds it among the stacks' resources.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-macro.html
"""

from __future__ import annotations

from onebox.services.cloudformation.resources.shapes import TEXT, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
)
from onebox.services.context import Wire

MACRO_TYPE = "AWS::CloudFormation::Macro"


class _Macro:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.properties["Name"])
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        """The macro ends with its resource."""

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        return old.properties


MACRO = ResourceType(
    name=MACRO_TYPE,
    schema=Record(
        {"Description": TEXT, "FunctionName": TEXT, "LogGroupName": TEXT, "LogRoleARN": TEXT, "Name": TEXT},
        required=("FunctionName", "Name"),
    ),
    lifecycle=_Macro(),
    create_only=frozenset({"Name"}),
    naming=Naming("Name"),
)
