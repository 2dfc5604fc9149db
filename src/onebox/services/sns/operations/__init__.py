"""The API of SNS: a thin function for each operation, by family, and the table of all of them."""

from __future__ import annotations

from onebox.services.registry import Operation, OperationTable, PollingOperation, WaitingOperation
from onebox.services.sns.core import Core
from onebox.services.sns.operations import data_protection, permissions, publishing, subscriptions, tags, topics

OPERATIONS: OperationTable[Core] = {
    "Publish": PollingOperation(publishing.publish),
    "PublishBatch": PollingOperation(publishing.publish_batch, action="Publish"),
    "CreateTopic": WaitingOperation(topics.create_topic),
    "DeleteTopic": Operation(topics.delete_topic),
    "ListTopics": Operation(topics.list_topics, reads_only=True),
    "GetTopicAttributes": Operation(topics.get_topic_attributes, reads_only=True),
    "SetTopicAttributes": WaitingOperation(topics.set_topic_attributes),
    "AddPermission": Operation(permissions.add_permission),
    "RemovePermission": Operation(permissions.remove_permission),
    "PutDataProtectionPolicy": Operation(data_protection.put_data_protection_policy),
    "GetDataProtectionPolicy": Operation(data_protection.get_data_protection_policy, reads_only=True),
    "Subscribe": WaitingOperation(subscriptions.subscribe),
    "ConfirmSubscription": Operation(subscriptions.confirm_subscription, anonymous=True),
    "Unsubscribe": Operation(subscriptions.unsubscribe, anonymous=True),
    "ListSubscriptions": Operation(subscriptions.list_subscriptions, reads_only=True),
    "ListSubscriptionsByTopic": Operation(subscriptions.list_subscriptions_by_topic, reads_only=True),
    "GetSubscriptionAttributes": Operation(subscriptions.get_subscription_attributes, reads_only=True),
    "SetSubscriptionAttributes": Operation(subscriptions.set_subscription_attributes),
    "TagResource": Operation(tags.tag_resource),
    "UntagResource": Operation(tags.untag_resource),
    "ListTagsForResource": Operation(tags.list_tags_for_resource, reads_only=True),
}
