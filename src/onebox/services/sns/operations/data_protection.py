"""Data protection policies of topics: kept and shown. Messages are neither audited nor masked by them.

AWS: https://docs.aws.amazon.com/sns/latest/dg/message-data-protection.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.sns.core import Core
from onebox.services.sns.errors import InvalidParameterException
from onebox.services.sns.limits import DATA_PROTECTION_POLICY_BYTES_MAX
from onebox.services.sns.topic_access import load_topic
from onebox.text.documents import parse_object


def put_data_protection_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Set a standard topic's policy; an empty text removes it. Raises InvalidParameter or NotFound."""
    topic = load_topic(core.cache, context, request["ResourceArn"], "PutDataProtectionPolicy")
    policy = request["DataProtectionPolicy"]
    check_data_protection_policy(policy, is_fifo=topic.is_fifo)
    core.topics.set_data_protection_policy(topic.arn, policy or None)
    return {}


def get_data_protection_policy(core: Core, context: RequestContext, request: Wire) -> Wire:
    """A topic's policy, to the character; no member where there is none."""
    topic = load_topic(core.cache, context, request["ResourceArn"], "GetDataProtectionPolicy")
    policy = core.topics.find_data_protection_policy(topic.arn)
    return {} if policy is None else {"DataProtectionPolicy": policy}


def check_data_protection_policy(policy: str, *, is_fifo: bool) -> None:
    """Raise InvalidParameter unless the text is a JSON object of at most 30 KiB, for a standard topic."""
    if is_fifo:
        raise InvalidParameterException("Invalid parameter: DataProtectionPolicy is not supported for FIFO topics")
    if not policy:
        return
    try:
        parse_object(policy, bytes_max=DATA_PROTECTION_POLICY_BYTES_MAX)
    except ValueError as error:
        raise InvalidParameterException(f"Invalid parameter: DataProtectionPolicy Reason: {error}") from error
