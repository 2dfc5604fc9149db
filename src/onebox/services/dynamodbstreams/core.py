"""The parts that every operation works with: DynamoDB's streams."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.clock import Clock
from onebox.errors import ValidationException
from onebox.services.context import RequestContext
from onebox.services.dynamodb.internal import DynamoDbInternal, Stream, parse_stream_arn
from onebox.services.dynamodbstreams.errors import stream_not_found


@dataclass(frozen=True, slots=True)
class Core:
    """DynamoDB, as it shows its streams to other services, and the time."""

    dynamodb: DynamoDbInternal
    clock: Clock

    def load_stream(self, context: RequestContext, arn: str) -> Stream:
        """The caller's stream. Raises ValidationException for what is no ARN, ResourceNotFoundException."""
        check_arn(arn, "StreamArn")
        stream = self.dynamodb.find_stream(arn)
        if stream is None or (stream.account, stream.region) != (context.account, context.region):
            raise stream_not_found(arn)
        return stream


def check_arn(arn: str, member: str) -> tuple[str, str, str, str]:
    """Account, region, table and label of a stream's ARN. Raises ValidationException."""
    parsed = parse_stream_arn(arn)
    if parsed is None:
        raise ValidationException(f"Invalid {member}: {arn[:1024]} is not the ARN of a stream")
    return parsed
