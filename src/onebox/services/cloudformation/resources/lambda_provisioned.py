"""The property ProvisionedConcurrencyConfig of AWS::Lambda::Version and AWS::Lambda::Alias.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-alias-provisionedconcurrencyconfiguration.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import means_gone
from onebox.services.cloudformation.resources.shapes import INTEGER, Record
from onebox.services.cloudformation.resources.types import Client, PlainFailure, pick
from onebox.services.context import Wire

PROPERTY = "ProvisionedConcurrencyConfig"
_AMOUNT = "ProvisionedConcurrentExecutions"
SHAPE = Record({_AMOUNT: INTEGER}, required=(_AMOUNT,))


async def apply_provisioned(client: Client, function: str, qualifier: str, before: Wire, properties: Wire) -> None:
    """Make the provisioned concurrency of a version or alias what ``properties`` say, and wait until it is ready."""
    of_version = {"FunctionName": function, "Qualifier": qualifier}
    config = properties.get(PROPERTY)
    if config is None:
        if PROPERTY in before:
            await client.call("lambda", "DeleteProvisionedConcurrencyConfig", of_version)
        return
    await client.call("lambda", "PutProvisionedConcurrencyConfig", of_version | pick(config, _AMOUNT))
    while True:
        live = await client.call("lambda", "GetProvisionedConcurrencyConfig", of_version)
        if live["Status"] == "FAILED":
            raise PlainFailure(f"Provisioned concurrency could not be allocated: {live.get('StatusReason', '')}")
        if live["Status"] == "READY":
            return
        await client.pause()


async def read_provisioned(client: Client, function: str, qualifier: str) -> Wire:
    """The property as it is live; empty if there is none."""
    try:
        live = await client.call(
            "lambda", "GetProvisionedConcurrencyConfig", {"FunctionName": function, "Qualifier": qualifier}
        )
    except AwsError as error:
        if means_gone(error):
            return {}
        raise
    return {PROPERTY: {_AMOUNT: live[f"Requested{_AMOUNT}"]}}
