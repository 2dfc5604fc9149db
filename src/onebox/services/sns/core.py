"""What every part of the service works with: its stores, its cache of topics, its ways to deliver."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.clock import Clock
from onebox.ids import Ids
from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps
from onebox.services.iam.internal import IamInternal
from onebox.services.logs.internal import LogsInternal
from onebox.services.sns.delivery_status import DeliveryStatusLog
from onebox.services.sns.fanout import Fanout
from onebox.services.sns.fanout_turns import FanoutTurns
from onebox.services.sns.http_outbox import HttpOutbox
from onebox.services.sns.neighbours import Functions, Queues
from onebox.services.sns.signatures import Signatures
from onebox.services.sns.store.fifo_messages import FifoMessageStore
from onebox.services.sns.store.http_deliveries import HttpDeliveryStore
from onebox.services.sns.store.signing_key import SigningKeyStore
from onebox.services.sns.store.subscriptions import SubscriptionStore
from onebox.services.sns.store.topics import TopicStore
from onebox.services.sns.topic_cache import TopicCache
from onebox.storage.database import Storage


@dataclass(frozen=True, slots=True)
class Core:
    """Built once by :class:`onebox.services.sns.service.Sns`."""

    storage: Storage
    clock: Clock
    ids: Ids
    metrics: MetricBuffer
    queues: Queues
    topics: TopicStore
    subscriptions: SubscriptionStore
    fifo_messages: FifoMessageStore
    http_deliveries: HttpDeliveryStore
    cache: TopicCache
    http: HttpOutbox
    status_log: DeliveryStatusLog
    signatures: Signatures
    fanout: Fanout
    fanout_turns: FanoutTurns


def make_core(deps: Deps, queues: Queues, functions: Functions, logs: LogsInternal, iam: IamInternal) -> Core:
    """The parts, put together."""
    topics, subscriptions = TopicStore(deps.storage), SubscriptionStore(deps.storage)
    http_deliveries = HttpDeliveryStore(deps.storage)
    signatures = Signatures(deps.storage, SigningKeyStore(deps.storage), deps.clock)
    http = HttpOutbox(deps.storage, http_deliveries, deps.ids, deps.clock, signatures)
    status_log = DeliveryStatusLog(logs, iam, deps.ids)
    return Core(
        storage=deps.storage,
        clock=deps.clock,
        ids=deps.ids,
        metrics=deps.metrics,
        queues=queues,
        topics=topics,
        subscriptions=subscriptions,
        fifo_messages=FifoMessageStore(deps.storage),
        http_deliveries=http_deliveries,
        cache=TopicCache(topics, subscriptions),
        http=http,
        status_log=status_log,
        signatures=signatures,
        fanout=Fanout(queues, functions, http, status_log, signatures),
        fanout_turns=FanoutTurns(deps.storage, deps.clock),
    )
