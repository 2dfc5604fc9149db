"""Amazon SQS, the class the engine builds: the table of operations, and the life of the background work."""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.registry import Access, Operation, OperationTable, WaitingOperation, access_to, bind
from onebox.services.sqs.access import parse_queue_url
from onebox.services.sqs.core import make_core
from onebox.services.sqs.errors import InvalidAddress
from onebox.services.sqs.internal import SqsInternal
from onebox.services.sqs.metrics import QueueMetrics
from onebox.services.sqs.moving import Mover
from onebox.services.sqs.operations import move_tasks, permissions, queues, receives, sends, settlements, tags
from onebox.services.sqs.operations.move_tasks import find_source_arn
from onebox.services.sqs.sweeping import Sweeper


class Sqs:
    """Queues and messages. ``internal`` is for other services; nothing else of this object is."""

    name = "sqs"

    def __init__(self, deps: Deps) -> None:
        self.operations = bind(OPERATIONS, self)
        self.deps = deps
        self.core = make_core(deps.storage, deps.clock, deps.ids, QueueMetrics(deps.metrics))
        self.internal = SqsInternal(self.core)
        self.sweeper = Sweeper(self.core, deps.log)
        self.mover = Mover(self.core, deps.log)
        self.is_stopping = False

    def required_access(self, context: RequestContext, operation: str, request: Wire) -> list[Access]:
        """The operation's action on each resource that the request names."""
        resources = self._resources(context, operation, request)
        return access_to("sqs", OPERATIONS, operation, resources)

    def _resources(self, context: RequestContext, operation: str, request: Wire) -> list[str]:
        """The queue's ARN, named by URL, name or ARN; ``*`` where AWS knows no resource."""
        if "QueueUrl" in request:
            try:
                account, name = parse_queue_url(request["QueueUrl"])
            except InvalidAddress:
                return ["*"]  # the operation says what is wrong with it
            return [make_arn("sqs", context.region, account, name)]
        if "QueueName" in request:
            account = request.get("QueueOwnerAWSAccountId") or context.account
            return [make_arn("sqs", context.region, account, request["QueueName"])]
        if "TaskHandle" in request:
            return [find_source_arn(request["TaskHandle"]) or "*"]
        return [request.get("SourceArn") or "*"]

    async def start(self) -> None:
        """Resume move tasks and sweeping."""
        self.sweeper.start()
        self.mover.start()

    async def stop(self) -> None:
        """End background work; long polls that wait return empty."""
        self.is_stopping = True
        self.mover.stop()
        self.sweeper.stop()
        self.core.watchers.notify_all()


OPERATIONS: OperationTable[Sqs] = {
    "AddPermission": Operation(permissions.add_permission),
    "CancelMessageMoveTask": Operation(move_tasks.cancel_message_move_task),
    "ChangeMessageVisibility": Operation(settlements.change_message_visibility),
    "ChangeMessageVisibilityBatch": Operation(
        settlements.change_message_visibility_batch, action="ChangeMessageVisibility"
    ),
    "CreateQueue": Operation(queues.create_queue),
    "DeleteMessage": Operation(settlements.delete_message),
    "DeleteMessageBatch": Operation(settlements.delete_message_batch, action="DeleteMessage"),
    "DeleteQueue": Operation(queues.delete_queue),
    "GetQueueAttributes": Operation(queues.get_queue_attributes),
    "GetQueueUrl": Operation(queues.get_queue_url, reads_only=True),
    "ListDeadLetterSourceQueues": Operation(queues.list_dead_letter_source_queues, reads_only=True),
    "ListMessageMoveTasks": Operation(move_tasks.list_message_move_tasks, reads_only=True),
    "ListQueueTags": Operation(tags.list_queue_tags, reads_only=True),
    "ListQueues": Operation(queues.list_queues, reads_only=True),
    "PurgeQueue": Operation(queues.purge_queue),
    "ReceiveMessage": WaitingOperation(receives.receive_message),
    "RemovePermission": Operation(permissions.remove_permission),
    "SendMessage": Operation(sends.send_message),
    "SendMessageBatch": Operation(sends.send_message_batch, action="SendMessage"),
    "SetQueueAttributes": Operation(queues.set_queue_attributes),
    "StartMessageMoveTask": Operation(move_tasks.start_message_move_task),
    "TagQueue": Operation(tags.tag_queue),
    "UntagQueue": Operation(tags.untag_queue),
}
