"""Goal: HTTP endpoints are asked to confirm, get notifications, get them again after failures, and are given up."""

from __future__ import annotations

import json
import queue
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from onebox.storage.faults import DatabaseBusy
from onebox.testing import EngineThread
from tests.api.sns_world import SnsWorld
from tests.polling import PATIENCE_S, until

ACCOUNT = "111111111111"


class Endpoint:
    """An HTTP server that keeps what it is sent and answers with the next of ``statuses``, else 200."""

    def __init__(self) -> None:
        self.requests: queue.Queue[Any] = queue.Queue()
        self.statuses: list[int] = []
        self.versions: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = outer.statuses.pop(0) if outer.statuses else 200
                self.protocol_version = outer.versions.pop(0) if outer.versions else "HTTP/1.1"
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                outer.requests.put((dict(self.headers.items()), body, status))

            def log_message(self, *arguments: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/notify?a=b"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def next(self) -> Any:
        """The next request: headers, body, and the status it was answered with."""
        return self.requests.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Any]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def world(timed: EngineThread) -> SnsWorld:
    return SnsWorld(lambda service, **config: timed.client(service, account=ACCOUNT, **config), ACCOUNT)


def subscribe(world: SnsWorld, topic: Any, endpoint: Any, **attributes: Any) -> Any:
    """Subscribe the endpoint and follow the link it receives; the subscription's ARN."""
    answer = world.sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=endpoint.url, Attributes=attributes, ReturnSubscriptionArn=True
    )
    _, body, _ = endpoint.next()
    urllib.request.urlopen(json.loads(body)["SubscribeURL"]).close()
    return answer["SubscriptionArn"]


def retried(timed: EngineThread, endpoint: Any, wanted: Any) -> Any:
    """The statuses of the next ``wanted`` requests, and the seconds the clock had to be moved for them, 20 a time."""
    statuses, seconds = [], 0

    def all_came() -> Any:
        nonlocal seconds
        try:
            statuses.append(endpoint.requests.get(timeout=0.1)[2])
        except queue.Empty:
            timed.clock.advance(20)
            seconds += 20
        return len(statuses) == wanted

    until(all_came, f"{wanted} requests")
    return statuses, seconds


def test_subscribe_http_sends_a_confirmation_as_aws_does(world: SnsWorld, endpoint: Any) -> None:
    topic = world.topic()
    answer = world.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    assert answer["SubscriptionArn"] == "pending confirmation"
    headers, body, _ = endpoint.next()
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert headers["x-amz-sns-topic-arn"] == topic
    assert headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert headers["User-Agent"] == "Amazon Simple Notification Service Agent"
    message = json.loads(body)
    assert message["Type"] == "SubscriptionConfirmation"
    arn = world.sns.confirm_subscription(TopicArn=topic, Token=message["Token"])["SubscriptionArn"]
    attributes = world.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["PendingConfirmation"] == "false"
    assert json.loads(attributes["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]["numRetries"] == 3


def test_publish_to_http_endpoint_posts_the_envelope(world: SnsWorld, endpoint: Any) -> None:
    topic = world.topic()
    arn = subscribe(world, topic, endpoint)
    message_id = world.sns.publish(TopicArn=topic, Message="hello")["MessageId"]
    headers, body, _ = endpoint.next()
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert headers["x-amz-sns-message-id"] == message_id
    assert headers["x-amz-sns-subscription-arn"] == arn
    assert json.loads(body)["Message"] == "hello"


def test_publish_raw_to_http_endpoint_posts_the_text_in_its_content_type(world: SnsWorld, endpoint: Any) -> None:
    topic = world.topic()
    policy = json.dumps({"requestPolicy": {"headerContentType": "text/csv"}})
    subscribe(world, topic, endpoint, RawMessageDelivery="true", DeliveryPolicy=policy)
    world.sns.publish(TopicArn=topic, Message="a,b")
    headers, body, _ = endpoint.next()
    assert (headers["Content-Type"], headers["x-amz-sns-rawdelivery"], body) == ("text/csv", "true", "a,b")


def test_failing_http_endpoint_is_tried_again_after_twenty_seconds(
    world: SnsWorld, endpoint: Any, timed: EngineThread
) -> None:
    topic = world.topic()
    subscribe(world, topic, endpoint)
    endpoint.statuses = [500, 429]
    world.sns.publish(TopicArn=topic, Message="hello")
    statuses, seconds = retried(timed, endpoint, 3)
    assert statuses == [500, 429, 200]
    assert seconds >= 40  # the first attempt needs no wait, each repetition its 20 seconds


def test_outcome_waits_for_another_program_s_lock(
    world: SnsWorld, endpoint: Any, timed: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = world.topic()
    subscribe(world, topic, endpoint)
    storage = timed._engine._storage
    write, refusals = storage.write, [DatabaseBusy(), DatabaseBusy()]

    async def refuse_outcomes(job: Any) -> Any:
        if "HttpSender" in job.__qualname__ and refusals:
            raise refusals.pop()
        return await write(job)

    monkeypatch.setattr(storage, "write", refuse_outcomes)
    endpoint.statuses = [500]
    world.sns.publish(TopicArn=topic, Message="hello")
    assert retried(timed, endpoint, 2)[0] == [500, 200]
    assert not refusals


def test_an_answer_in_another_version_of_http_is_none(world: SnsWorld, endpoint: Any, timed: EngineThread) -> None:
    topic = world.topic()
    subscribe(world, topic, endpoint)
    endpoint.versions = ["HTTP/2.0", "HTTP/1.2", "HTTP/1.0"]
    world.sns.publish(TopicArn=topic, Message="hello")
    assert retried(timed, endpoint, 3)[0] == [200, 200, 200], "sent until it is answered"


def test_http_endpoint_failing_for_good_leaves_the_message_to_the_dead_letter_queue(
    world: SnsWorld, endpoint: Any, timed: EngineThread
) -> None:
    topic, dead = world.topic(), world.queue("Dead")
    subscribe(world, topic, endpoint, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    endpoint.statuses = [500] * 4
    world.sns.publish(TopicArn=topic, Message="hello")
    statuses, _ = retried(timed, endpoint, 4)
    assert statuses == [500] * 4
    assert [json.loads(body)["Message"] for body in arrived(world, dead)] == ["hello"]


def test_http_endpoint_refusing_with_4xx_is_not_asked_again(world: SnsWorld, endpoint: Any) -> None:
    topic, dead = world.topic(), world.queue("Dead")
    subscribe(world, topic, endpoint, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    endpoint.statuses = [400]
    world.sns.publish(TopicArn=topic, Message="hello")
    assert endpoint.next()[2] == 400
    assert [json.loads(body)["Message"] for body in arrived(world, dead)] == ["hello"]
    assert endpoint.requests.empty()


def test_delivery_not_yet_made_is_made_after_a_restart(tmp_path: Path, endpoint: Any) -> None:
    with EngineThread(tmp_path, manual_clock=True) as engine:
        world = SnsWorld(lambda service, **config: engine.client(service, account=ACCOUNT, **config), ACCOUNT)
        topic = world.topic()
        subscribe(world, topic, endpoint)
        endpoint.statuses = [500]
        world.sns.publish(TopicArn=topic, Message="hello")
        assert endpoint.next()[2] == 500
    with EngineThread(tmp_path, manual_clock=True) as engine:
        engine.clock.advance(20)
        _, body, status = endpoint.next()
    assert (json.loads(body)["Message"], status) == ("hello", 200)


def arrived(world: SnsWorld, queue_arn: Any) -> Any:
    """The bodies in the queue; the long poll ends with the first."""
    url = world.sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
    messages = world.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    return [message["Body"] for message in messages]
