"""The API of SQS: a thin function for each operation, by family, and the table of all of them."""

from __future__ import annotations

from onebox.services.registry import Operation, OperationTable, PollingOperation
from onebox.services.sqs.core import Core
from onebox.services.sqs.operations import in_flight, move_tasks, permissions, queues, receives, sends, tags

OPERATIONS: OperationTable[Core] = {
    "AddPermission": Operation(permissions.add_permission),
    "CancelMessageMoveTask": Operation(move_tasks.cancel_message_move_task),
    "ChangeMessageVisibility": Operation(in_flight.change_message_visibility),
    "ChangeMessageVisibilityBatch": Operation(
        in_flight.change_message_visibility_batch, action="ChangeMessageVisibility"
    ),
    "CreateQueue": Operation(queues.create_queue),
    "DeleteMessage": Operation(in_flight.delete_message),
    "DeleteMessageBatch": Operation(in_flight.delete_message_batch, action="DeleteMessage"),
    "DeleteQueue": Operation(queues.delete_queue),
    "GetQueueAttributes": Operation(queues.get_queue_attributes),
    "GetQueueUrl": Operation(queues.get_queue_url, reads_only=True),
    "ListDeadLetterSourceQueues": Operation(queues.list_dead_letter_source_queues, reads_only=True),
    "ListMessageMoveTasks": Operation(move_tasks.list_message_move_tasks, reads_only=True),
    "ListQueueTags": Operation(tags.list_queue_tags, reads_only=True),
    "ListQueues": Operation(queues.list_queues, reads_only=True),
    "PurgeQueue": Operation(queues.purge_queue),
    "ReceiveMessage": PollingOperation(receives.receive_message),
    "RemovePermission": Operation(permissions.remove_permission),
    "SendMessage": Operation(sends.send_message),
    "SendMessageBatch": Operation(sends.send_message_batch, action="SendMessage"),
    "SetQueueAttributes": Operation(queues.set_queue_attributes),
    "StartMessageMoveTask": Operation(move_tasks.start_message_move_task),
    "TagQueue": Operation(tags.tag_queue),
    "UntagQueue": Operation(tags.untag_queue),
}
