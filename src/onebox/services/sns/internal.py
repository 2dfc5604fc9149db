"""What other services ask of SNS: publish a message, in their own transaction; and the certificate of signatures."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.sns.core import Core
from onebox.services.sns.errors import NotFoundException
from onebox.services.sns.fanout import PublishMetrics
from onebox.services.sns.message import parse_message
from onebox.services.sns.topic_access import check_service


class SnsInternal:
    """Publishing for AWS services (CloudWatch's alarms, Lambda's destinations), and the certificate for the gateway."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def publish(
        self,
        context: RequestContext,
        topic_arn: str,
        subject: str | None,
        message: str,
        *,
        source_service: str = "cloudwatch.amazonaws.com",
        source_arn: str = "",
    ) -> str:
        """Publish as an AWS service for the context's account; the message's id.

        Raises NotFound, AuthorizationError (the topic's policy does not let the service publish) or InvalidParameter.
        """
        core = self._core
        topic = core.cache.find(topic_arn)
        if topic is None:
            raise NotFoundException("Topic does not exist")
        check_service(topic, source_service, source_arn, context.account)
        request = {"Message": message} if subject is None else {"Message": message, "Subject": subject}
        if topic.is_fifo:
            request |= {"MessageGroupId": topic_arn, "MessageDeduplicationId": core.ids.uuid()}
        parsed = parse_message(request, core.ids.uuid(), topic.max_message_bytes)
        metrics = PublishMetrics()
        core.fanout.send_all(context, topic, [parsed], metrics)
        metrics.record(core.storage, core.metrics, topic, context.now_ms)
        return parsed.message_id

    def publish_as_caller(self, context: RequestContext, topic_arn: str, message: str, attributes: Wire) -> None:
        """Publish as the context's principal, whose rights were checked. Raises NotFound or InvalidParameter."""
        core = self._core
        topic = core.cache.find(topic_arn)
        if topic is None:
            raise NotFoundException("Topic does not exist")
        request: Wire = {"Message": message, "MessageAttributes": attributes}
        if topic.is_fifo:
            request |= {"MessageGroupId": topic_arn, "MessageDeduplicationId": core.ids.uuid()}
        metrics = PublishMetrics()
        parsed = parse_message(request, core.ids.uuid(), topic.max_message_bytes)
        core.fanout.send_all(context, topic, [parsed], metrics)
        metrics.record(core.storage, core.metrics, topic, context.now_ms)

    def find_certificate(self, path: str) -> bytes | None:
        """The certificate that a SigningCertURL of this path means, PEM; None if it is none of ours."""
        return self._core.signatures.find_certificate(path)
