"""The subscriptions of OrderTopic in SNS, and the permissions that their endpoints must grant it.

Promises: subscribing again changes the filter and makes no second subscription; a queue's policy is added to, and
what others wrote there stays; OrderQueue's own subscription cannot be filtered, since orders would be lost.
AWS: https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from orders.aws.clients import Aws, error_code
from orders.errors import MISSING_PART_ADVICE, OperatorError

RAW_PROTOCOLS = ("sqs", "http", "https")
UNCONFIRMED = ("PendingConfirmation", "pending confirmation")


class Subscription(NamedTuple):
    """A subscription of OrderTopic; ``arn`` is None until its owner confirms it."""

    arn: str | None
    protocol: str
    endpoint: str
    filter_policy: str | None
    raw: bool
    confirmed: bool


class Subscribed(NamedTuple):
    """What subscribing did. ``right`` says which right was given to the topic; ``missing_policy`` is the statement
    that somebody else must add, because the queue is another account's.
    """

    subscription: Subscription
    right: str | None
    missing_policy: dict[str, Any] | None


class Subscriptions:
    """The subscriptions of OrderTopic."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._sns = aws.client("sns")
        self._topic, self._queue = aws.names.topic, aws.names.queue
        self._topic_arn = aws.arn("sns", self._topic)
        self._statement = f"orders-{self._topic}"

    def subscribe(self, protocol: str, endpoint: str, policy: dict[str, Any], *, raw: bool) -> Subscribed:
        """Subscribe an endpoint, or change its filter. Raises OperatorError."""
        endpoint = self._full_endpoint(protocol, endpoint)
        if endpoint == self._aws.arn("sqs", self._queue):
            raise OperatorError(
                f"{self._queue} is subscribed by `orders deploy`, to all orders",
                "A filter would prevent orders from being stored. Subscribe another queue.",
            )
        self._check_there(protocol, endpoint)
        right, missing = self._give_right(protocol, endpoint)
        attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
        if raw and protocol in RAW_PROTOCOLS:
            attributes["RawMessageDelivery"] = "true"
        there = self._find(protocol, endpoint)
        if there is None or there.arn is None:
            arn = self._subscribe(protocol, endpoint, attributes, missing)
        else:
            arn = there.arn
            self._change(arn, protocol, policy, raw=raw)
        return Subscribed(self._describe(arn, protocol, endpoint), right, missing)

    def list(self) -> Iterator[Subscription]:
        """All subscriptions of OrderTopic."""
        for row in self._rows():
            yield self._describe(row["SubscriptionArn"], row["Protocol"], row["Endpoint"])

    def find_by_arn(self, arn: str) -> Subscription:
        """The subscription with this ARN. Raises OperatorError if OrderTopic has no such subscription."""
        for row in self._rows():
            if row["SubscriptionArn"] == arn:
                return self._describe(arn, row["Protocol"], row["Endpoint"])
        raise OperatorError(
            f"{self._topic} has no subscription {arn}", "`orders subscriptions` lists the subscriptions."
        )

    def unsubscribe(self, arn: str) -> None:
        self._sns.unsubscribe(SubscriptionArn=arn)

    def is_order_queue(self, subscription: Subscription) -> bool:
        return subscription.endpoint == self._aws.arn("sqs", self._queue)

    # --- Reading ------------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[dict[str, Any]]:
        from botocore.exceptions import ClientError

        pages = self._sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self._topic_arn)
        try:
            for page in pages:
                yield from page["Subscriptions"]
        except ClientError as error:
            if error_code(error) in ("NotFound", "NotFoundException"):
                raise OperatorError(f"there is no topic {self._topic}", MISSING_PART_ADVICE) from error
            raise

    def _find(self, protocol: str, endpoint: str) -> Subscription | None:
        for row in self._rows():
            if (row["Protocol"], row["Endpoint"]) == (protocol, endpoint):
                return self._describe(row["SubscriptionArn"], protocol, endpoint)
        return None

    def _describe(self, arn: str, protocol: str, endpoint: str) -> Subscription:
        if arn in UNCONFIRMED:
            return Subscription(None, protocol, endpoint, None, raw=False, confirmed=False)
        attributes = self._sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        return Subscription(
            arn,
            protocol,
            endpoint,
            attributes.get("FilterPolicy"),
            raw=attributes.get("RawMessageDelivery") == "true",
            confirmed=attributes.get("PendingConfirmation") != "true",
        )

    # --- Changing -----------------------------------------------------------------------------------------------------

    def _subscribe(
        self, protocol: str, endpoint: str, attributes: dict[str, str], missing: dict[str, Any] | None
    ) -> str:
        from botocore.exceptions import ClientError

        try:
            answer = self._sns.subscribe(
                TopicArn=self._topic_arn,
                Protocol=protocol,
                Endpoint=endpoint,
                Attributes=attributes,
                ReturnSubscriptionArn=True,
            )
        except ClientError as error:
            if "already exists with different attributes" in str(error):
                raise OperatorError(
                    f"{endpoint} is subscribed with other conditions and has not confirmed yet",
                    "Repeat the same conditions to resend the confirmation, or change them after it has confirmed.",
                ) from error
            if missing is None or "AccessDenied" not in error_code(error):
                raise
            raise OperatorError(
                f"{endpoint} belongs to another account or region and does not let {self._topic} send to it",
                f"Its owner must add this statement to the policy:\n{json.dumps(missing, indent=2)}",
            ) from error
        return str(answer["SubscriptionArn"])

    def _change(self, arn: str, protocol: str, policy: dict[str, Any], *, raw: bool) -> None:
        wanted = {"FilterPolicyScope": "MessageAttributes", "FilterPolicy": json.dumps(policy)}
        if protocol in RAW_PROTOCOLS:
            wanted["RawMessageDelivery"] = "true" if raw else "false"
        for name, value in wanted.items():
            self._sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    def _full_endpoint(self, protocol: str, endpoint: str) -> str:
        """The endpoint as SNS requires it: converts a queue name or URL, or a function name, to the ARN."""
        if protocol not in ("sqs", "lambda") or endpoint.startswith("arn:"):
            return endpoint
        if protocol == "sqs":
            return self._aws.arn("sqs", urlsplit(endpoint).path.rpartition("/")[2])
        return self._aws.arn("lambda", f"function:{endpoint}")

    def _is_ours(self, arn: str) -> bool:
        parts = arn.split(":")
        return len(parts) > 5 and (parts[3], parts[4]) == (self._aws.region, self._aws.account)

    def _check_there(self, protocol: str, endpoint: str) -> None:
        scheme = urlsplit(endpoint).scheme
        if protocol in ("http", "https") and scheme != protocol:
            raise OperatorError(f"{endpoint} is no {protocol} address", f"It must begin with {protocol}://.")
        if protocol == "email" and "@" not in endpoint:
            raise OperatorError(f"{endpoint} is no e-mail address")

    def _give_right(self, protocol: str, endpoint: str) -> tuple[str | None, dict[str, Any] | None]:
        if protocol == "sqs":
            statement = self._queue_statement(endpoint)
            if not self._is_ours(endpoint):
                return None, statement
            return self._allow_queue(endpoint, statement), None
        if protocol == "lambda":
            return self._allow_function(endpoint), None
        return None, None

    def _queue_statement(self, queue_arn: str) -> dict[str, Any]:
        return {
            "Sid": self._statement,
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self._topic_arn}},
        }

    def _allow_queue(self, queue_arn: str, statement: dict[str, Any]) -> str | None:
        from botocore.exceptions import ClientError

        sqs = self._aws.client("sqs")
        name = queue_arn.rpartition(":")[2]
        try:
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        except ClientError as error:
            if "NonExistentQueue" in error_code(error) or "QueueDoesNotExist" in error_code(error):
                raise OperatorError(
                    f"there is no queue {name}", f"Create it first: aws sqs create-queue --queue-name {name}"
                ) from error
            raise
        text = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")
        policy: dict[str, Any] = json.loads(text) if text else {"Version": "2012-10-17", "Statement": []}
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        if statement in statements:
            return None
        policy["Statement"] = [one for one in statements if one.get("Sid") != self._statement] + [statement]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        return f"{self._topic} may now send to {name}: statement {self._statement} of its policy"

    def _allow_function(self, function_arn: str) -> str | None:
        from botocore.exceptions import ClientError

        try:
            self._aws.client("lambda").add_permission(
                FunctionName=function_arn,
                StatementId=self._statement,
                Action="lambda:InvokeFunction",
                Principal="sns.amazonaws.com",
                SourceArn=self._topic_arn,
            )
        except ClientError as error:
            if error_code(error) == "ResourceConflictException":
                return None  # the topic already has permission
            if error_code(error) == "ResourceNotFoundException":
                raise OperatorError(f"there is no function {function_arn.rpartition(':')[2]}") from error
            raise
        return f"{self._topic} may now call {function_arn.rpartition(':')[2]}"
