"""Goal: a message is accepted or refused as AWS does, with the words recorded from it."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.errors import AwsError
from onebox.services.sns.message import check_fifo_fields, content_dedup_id, parse_message

LIMIT = 262_144


def parse(**request: Any) -> Any:
    return parse_message({"Message": "hello", **request}, "m-1", LIMIT)


def refusal(**request: Any) -> Any:
    with pytest.raises(AwsError) as raised:
        parse(**request)
    return raised.value.wire_code, raised.value.message


def attribute(name: Any = "attr1", **value: Any) -> Any:
    return {"MessageAttributes": {name: value}}


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
        ({"Subject": ""}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Subject": "two\nlines"}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Subject": "x" * 101}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "x" * (LIMIT + 1)}, "InvalidParameter", "Invalid parameter: Message too long"),
        ({"Message": "£" * (LIMIT // 2 + 1)}, "InvalidParameter", "Invalid parameter: Message too long"),
        (
            {"Message": "x" * LIMIT, **attribute(DataType="String", StringValue="v")},
            "InvalidParameter",
            "Invalid parameter: Message too long",
        ),
        (
            {"MessageStructure": "json", "Message": "{"},
            "InvalidParameter",
            "Invalid parameter: Message Structure - JSON message body failed to parse",
        ),
        (
            {"MessageStructure": "json", "Message": '{"default": {"a": 1}}'},
            "InvalidParameter",
            "Invalid parameter: Message Structure - No default entry in JSON message body",
        ),
        (
            attribute(DataType="String", StringValue=""),
            "ParameterValueInvalid",
            "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type"
            " 'String'.",
        ),
        (
            attribute(DataType="String", BinaryValue=b"x"),
            "ParameterValueInvalid",
            "The message attribute 'attr1' with type 'String' must use field 'String'.",
        ),
        (
            attribute(DataType="Binary", StringValue="x"),
            "ParameterValueInvalid",
            "The message attribute 'attr1' with type 'Binary' must use field 'Binary'.",
        ),
        (
            attribute(DataType="Text", StringValue="x"),
            "ParameterValueInvalid",
            "The message attribute 'attr1' has an invalid message attribute type, the set of supported type prefixes is"
            " Binary, Number, and String.",
        ),
        (
            attribute(StringValue="x"),
            "ValidationError",
            "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' failed to satisfy"
            " constraint: Member must not be null",
        ),
        (
            attribute("a^b", DataType="String", StringValue="x"),
            "ParameterValueInvalid",
            "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include"
            " alphanumeric characters, hyphens, underscores, or dots.",
        ),
        (
            attribute(".a", DataType="String", StringValue="x"),
            "ParameterValueInvalid",
            "Invalid message attribute name starting with character '.' was found.",
        ),
        (
            attribute("a..b", DataType="String", StringValue="x"),
            "ParameterValueInvalid",
            "Message attribute name can not have successive '.' character.",
        ),
        (
            attribute("a" * 257, DataType="String", StringValue="x"),
            "ParameterValueInvalid",
            "Length of message attribute name must be less than 256 bytes.",
        ),
        (
            attribute(DataType="Number", StringValue="one"),
            "ParameterValueInvalid",
            "Could not cast message attribute 'attr1' value to number.",
        ),
    ],
)
def test_parse_message_invalid_is_refused_in_aws_words(request_: Any, code: Any, message: Any) -> None:
    assert refusal(**request_) == (code, message)


def test_parse_message_of_structure_json_has_a_text_per_protocol() -> None:
    parsed = parse(MessageStructure="json", Message='{"default": "d", "sqs": "q", "lambda": 5}')
    assert parsed.body_for("sqs") == "q"
    assert parsed.body_for("lambda") == "d"


def test_parse_message_counts_attributes_in_its_size() -> None:
    parsed = parse(**attribute("name", DataType="Number", StringValue="12"))
    assert parsed.body_bytes == len("hello") + len("name") + len("Number") + len("12")


@pytest.mark.parametrize(
    ("request_", "is_fifo", "words"),
    [
        ({}, True, "The MessageGroupId parameter is required for FIFO topics"),
        ({"MessageGroupId": "g"}, True, "The topic should either have ContentBasedDeduplication enabled or"),
        (
            {"MessageDeduplicationId": "d"},
            False,
            "MessageDeduplicationId parameter that is not valid for this topic type",
        ),
        ({"MessageGroupId": "g g"}, False, "MessageGroupId can only include alphanumeric and punctuation characters"),
    ],
)
def test_check_fifo_fields_wrong_for_the_topic_is_refused(request_: Any, is_fifo: Any, words: Any) -> None:
    with pytest.raises(AwsError, match=words):
        check_fifo_fields(request_, is_fifo=is_fifo, deduplicates_content=False)


def test_content_dedup_id_is_the_sha256_of_the_body() -> None:
    # Recorded from AWS for the message "Test".
    assert content_dedup_id({"Message": "Test"}) == "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25"
