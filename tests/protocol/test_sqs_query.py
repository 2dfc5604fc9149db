"""Goal: SQS's older query form, which SDKs before 2023 send, means the same as its JSON form and is answered in XML.

The requests are those of the examples in AWS's API reference, where each operation has one.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from onebox.errors import AwsError
from onebox.gateway.message import Request
from onebox.gateway.protocols.codec import OperationCodec
from onebox.gateway.protocols.protocols import find_codec, find_error_encoder

QUEUE = "http://sqs.us-east-1.amazonaws.com/123456789012/MyQueue"
NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


def _codec(operation: str) -> OperationCodec:
    codec = find_codec("sqs", "query", operation)
    assert codec is not None
    return codec


def _decoded(operation: str, query: str, path: str = "/") -> dict[str, Any]:
    return _codec(operation).decode(Request("GET", path, f"Action={operation}&{query}", {"host": "localhost"}, b""))


@pytest.mark.parametrize(
    ("operation", "query", "members"),
    [
        ("CreateQueue", "QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=40&Tag.1.Key=a&Tag.1.Value=b",
         {"QueueName": "q", "Attributes": {"VisibilityTimeout": "40"}, "tags": {"a": "b"}}),
        ("SetQueueAttributes", f"QueueUrl={QUEUE}&Attribute.Name=DelaySeconds", AwsError),
        ("GetQueueAttributes", f"QueueUrl={QUEUE}&AttributeName.1=All&AttributeName.2=Policy",
         {"QueueUrl": QUEUE, "AttributeNames": ["All", "Policy"]}),
        ("SendMessage", f"QueueUrl={QUEUE}&MessageBody=This+is+a+test%21&DelaySeconds=45"
         "&MessageAttribute.1.Name=n&MessageAttribute.1.Value.StringValue=v&MessageAttribute.1.Value.DataType=String",
         {"QueueUrl": QUEUE, "MessageBody": "This is a test!", "DelaySeconds": 45,
          "MessageAttributes": {"n": {"StringValue": "v", "DataType": "String"}}}),
        ("SendMessageBatch", f"QueueUrl={QUEUE}&SendMessageBatchRequestEntry.1.Id=a"
         "&SendMessageBatchRequestEntry.1.MessageBody=x&SendMessageBatchRequestEntry.10.Id=c"
         "&SendMessageBatchRequestEntry.10.MessageBody=z&SendMessageBatchRequestEntry.2.Id=b"
         "&SendMessageBatchRequestEntry.2.MessageBody=y",
         {"QueueUrl": QUEUE, "Entries": [{"Id": "a", "MessageBody": "x"}, {"Id": "b", "MessageBody": "y"},
                                         {"Id": "c", "MessageBody": "z"}]}),
        ("ReceiveMessage", f"QueueUrl={QUEUE}&MaxNumberOfMessages=5&AttributeName=All&AttributeName.1=All"
         "&MessageAttributeName.1=.*",
         {"QueueUrl": QUEUE, "MaxNumberOfMessages": 5, "AttributeNames": ["All"], "MessageAttributeNames": [".*"]}),
        ("DeleteMessageBatch", f"QueueUrl={QUEUE}&DeleteMessageBatchRequestEntry.1.Id=a"
         "&DeleteMessageBatchRequestEntry.1.ReceiptHandle=r",
         {"QueueUrl": QUEUE, "Entries": [{"Id": "a", "ReceiptHandle": "r"}]}),
        ("ChangeMessageVisibilityBatch", f"QueueUrl={QUEUE}&ChangeMessageVisibilityBatchRequestEntry.1.Id=a"
         "&ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle=r"
         "&ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout=45",
         {"QueueUrl": QUEUE, "Entries": [{"Id": "a", "ReceiptHandle": "r", "VisibilityTimeout": 45}]}),
        ("AddPermission", f"QueueUrl={QUEUE}&Label=l&AWSAccountId.1=125074342641&ActionName.1=SendMessage",
         {"QueueUrl": QUEUE, "Label": "l", "AWSAccountIds": ["125074342641"], "Actions": ["SendMessage"]}),
        ("TagQueue", f"QueueUrl={QUEUE}&Tag.1.Key=k&Tag.1.Value=v", {"QueueUrl": QUEUE, "Tags": {"k": "v"}}),
        ("UntagQueue", f"QueueUrl={QUEUE}&TagKey.1=k", {"QueueUrl": QUEUE, "TagKeys": ["k"]}),
        ("ListQueues", "QueueNamePrefix=M", {"QueueNamePrefix": "M"}),
    ],
)  # fmt: skip
def test_decode_documented_form_gives_the_json_models_members(operation: str, query: str, members: Any) -> None:
    if members is AwsError:
        with pytest.raises(AwsError):
            _decoded(operation, query)
    else:
        assert _decoded(operation, query) == members


def test_decode_queue_in_the_path_stands_for_the_queue_url() -> None:
    decoded = _decoded("SendMessage", "MessageBody=x", "/123456789012/MyQueue")

    assert decoded["QueueUrl"] == "http://localhost/123456789012/MyQueue"


def _encoded(operation: str, result: dict[str, Any]) -> ElementTree.Element:
    response = _codec(operation).encode(result, "request-1")
    assert dict(response.headers)["Content-Type"] == "text/xml"
    return ElementTree.fromstring(response.body)


def _texts(root: ElementTree.Element, path: str) -> list[str | None]:
    return [element.text for element in root.findall("/".join(NAMESPACE + part for part in path.split("/")))]


def test_encode_receive_message_writes_flat_messages_and_attributes() -> None:
    root = _encoded(
        "ReceiveMessage",
        {
            "Messages": [
                {
                    "MessageId": "m1",
                    "Body": 'a < b & \r\n"c"',
                    "Attributes": {"SenderId": "s"},
                    "MessageAttributes": {"n": {"StringValue": "v", "DataType": "String"}},
                },
                {"MessageId": "m2", "Body": ""},
            ]
        },
    )

    assert root.tag == NAMESPACE + "ReceiveMessageResponse"
    message = "ReceiveMessageResult/Message"
    assert _texts(root, f"{message}/MessageId") == ["m1", "m2"]
    assert _texts(root, f"{message}/Body") == ['a < b & \r\n"c"', None]
    assert _texts(root, f"{message}/Attribute/Name") == ["SenderId"]
    assert _texts(root, f"{message}/Attribute/Value") == ["s"]
    assert _texts(root, f"{message}/MessageAttribute/Name") == ["n"]
    assert _texts(root, f"{message}/MessageAttribute/Value/StringValue") == ["v"]
    assert _texts(root, "ResponseMetadata/RequestId") == ["request-1"]


def test_encode_lists_are_flat_under_their_elements_names() -> None:
    batch = _encoded("SendMessageBatch", {"Successful": [{"Id": "a"}], "Failed": [{"Id": "b"}, {"Id": "c"}]})
    queues = _encoded("ListQueues", {"QueueUrls": ["u1", "u2"]})
    sources = _encoded("ListDeadLetterSourceQueues", {"queueUrls": ["u1"]})
    tags = _encoded("ListQueueTags", {"Tags": {"k": "v"}})

    assert _texts(batch, "SendMessageBatchResult/SendMessageBatchResultEntry/Id") == ["a"]
    assert _texts(batch, "SendMessageBatchResult/BatchResultErrorEntry/Id") == ["b", "c"]
    assert _texts(queues, "ListQueuesResult/QueueUrl") == ["u1", "u2"]
    assert _texts(sources, "ListDeadLetterSourceQueuesResult/QueueUrl") == ["u1"]
    assert _texts(tags, "ListQueueTagsResult/Tag/Key") == ["k"]


def test_encode_operation_without_output_has_metadata_alone() -> None:
    root = _encoded("DeleteMessage", {})

    assert [child.tag for child in root] == [NAMESPACE + "ResponseMetadata"]


def test_encode_error_missing_queue_has_the_older_code() -> None:
    error = type("QueueDoesNotExist", (AwsError,), {})("The specified queue does not exist.")
    response = find_error_encoder("sqs", "query")(error, "request-1")
    root = ElementTree.fromstring(response.body)

    assert response.status == 400
    assert _texts(root, "Error/Type") == ["Sender"]
    assert _texts(root, "Error/Code") == ["AWS.SimpleQueueService.NonExistentQueue"]
    assert _texts(root, "RequestId") == ["request-1"]
