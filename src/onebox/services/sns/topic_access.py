"""Who may do what with a topic: the topic's ARN in a request, and the topic policy.

Within the topic's account the caller's own permissions decide (the gateway asked IAM), unless the policy denies;
callers of other accounts need a policy that allows them.
"""

from __future__ import annotations

from onebox.arn import find_arn
from onebox.services.context import RequestContext
from onebox.services.iam.policy import (
    Caller,
    Decision,
    Keys,
    PolicyRequest,
    condition_keys,
    evaluate,
    principal_caller,
    service_caller,
)
from onebox.services.iam.request_keys import find_request_keys
from onebox.services.registry import ConditionKeys
from onebox.services.sns.condition_keys import find_condition_keys
from onebox.services.sns.errors import (
    AuthorizationErrorException,
    InvalidParameterException,
    NotFoundException,
)
from onebox.services.sns.topic_cache import CachedTopic, TopicCache

_NO_KEYS: ConditionKeys = {}


def check_topic_arn(context: RequestContext, topic_arn: str, parameter: str = "TopicArn") -> None:
    """Raise InvalidParameter unless the text is an ARN of a topic in the request's region."""
    parts = topic_arn.split(":")
    if len(parts) < 6:
        raise InvalidParameterException(
            f"Invalid parameter: {parameter} Reason: An ARN must have at least 6 elements, not {len(parts)}"
        )
    arn = find_arn(topic_arn)
    if arn is None or arn.service != "sns" or arn.region != context.region or ":" in arn.resource:
        raise InvalidParameterException(f"Invalid parameter: {parameter}")


def load_topic(
    cache: TopicCache, context: RequestContext, topic_arn: str, action: str, extra_keys: ConditionKeys = _NO_KEYS
) -> CachedTopic:
    """The topic, if the caller may do ``action`` (``Publish``) with it.

    ``extra_keys`` are the request's own condition keys. Raises InvalidParameter, NotFound or AuthorizationError.
    """
    topic = cache.find(topic_arn)
    if topic is None or topic.region != context.region:
        check_topic_arn(context, topic_arn)
        if topic_arn.split(":")[4] != context.account:
            raise _refused(context.principal.arn, action, topic_arn, explicit=False)
        raise NotFoundException("Topic does not exist")
    if topic.statements is not None or topic.account != context.account:
        _check_policy(context, topic, action, extra_keys)
    return topic


def check_service(topic: CachedTopic, service: str, source_arn: str, source_account: str) -> None:
    """Raise AuthorizationError unless the topic's policy lets an AWS service publish for a resource of its own."""
    if topic.statements is None and source_account == topic.account:
        return
    keys = condition_keys(
        {
            "aws:SourceArn": source_arn,
            "aws:SourceAccount": source_account,
            "aws:SourceOwner": source_account,
        }
    )
    decision = _decide(topic, "Publish", service_caller(service), keys)
    if not decision.allowed:
        raise _refused(service, "Publish", topic.arn, decision.explicit)


def _check_policy(context: RequestContext, topic: CachedTopic, action: str, extra_keys: ConditionKeys) -> None:
    principal = context.principal
    keys = condition_keys(
        {
            **find_request_keys(context, topic.arn, dict(principal.session_tags)),
            "aws:SourceOwner": context.account,
            **find_condition_keys(topic.row.tags, {}),
            **extra_keys,
        }
    )
    decision = _decide(topic, action, principal_caller(principal), keys)
    if decision.explicit or (not decision.allowed and topic.account != context.account):
        raise _refused(principal.arn, action, topic.arn, decision.explicit)


def _decide(topic: CachedTopic, action: str, caller: Caller, keys: Keys) -> Decision:
    request = PolicyRequest(f"SNS:{action}", topic.arn, caller, keys)
    return evaluate(topic.statements or (), request)


def _refused(who: str, action: str, topic_arn: str, explicit: bool) -> AuthorizationErrorException:
    reason = (
        "with an explicit deny in a resource-based policy"
        if explicit
        else f"because no resource-based policy allows the SNS:{action} action"
    )
    return AuthorizationErrorException(
        f"User: {who} is not authorized to perform: SNS:{action} on resource: {topic_arn} {reason}"
    )
