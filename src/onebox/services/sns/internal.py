"""What other services ask of SNS: publish a message, in their own transaction."""

from __future__ import annotations

from onebox.services.context import Deps, RequestContext
from onebox.services.sns.access import check_service
from onebox.services.sns.directory import TopicDirectory
from onebox.services.sns.errors import NotFoundException
from onebox.services.sns.fanout import Fanout, Tally
from onebox.services.sns.message import parse_message


class SnsInternal:
    """Publishing for AWS services (CloudWatch's alarms)."""

    def __init__(self, deps: Deps, directory: TopicDirectory, fanout: Fanout) -> None:
        self._deps = deps
        self._directory = directory
        self._fanout = fanout

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

        Raises NotFound, AuthorizationError (the topic's policy does not let the service publish) or InvalidParameter
        (a FIFO topic among them, to which services cannot publish without a message group).
        """
        topic = self._directory.find(topic_arn)
        if topic is None:
            raise NotFoundException("Topic does not exist")
        check_service(topic, source_service, source_arn, context.account)
        request = {"Message": message} if subject is None else {"Message": message, "Subject": subject}
        if topic.is_fifo:
            request |= {"MessageGroupId": topic_arn, "MessageDeduplicationId": self._deps.ids.uuid()}
        parsed = parse_message(request, self._deps.ids.uuid(), topic.max_message_bytes)
        tally = Tally()
        self._fanout.send(context, topic, [parsed], tally)
        tally.record(self._deps.metrics, topic, context.now_ms)
        return parsed.message_id
