"""Things that become due in the next day, for the background parts of the services."""

from __future__ import annotations

from typing import Any

from onebox.testing import EngineThread


def leave_work(engine: EngineThread) -> None:
    """Items and objects that expire, events, a message, an alarm, a notification that nobody takes."""
    sqs = engine.client("sqs")
    sqs.send_message(QueueUrl=sqs.create_queue(QueueName="q")["QueueUrl"], MessageBody="m")
    _leave_expiring_items(engine.client("dynamodb"), engine.clock.now_ms() // 1000 + 3600)
    _leave_expiring_objects(engine.client("s3"))
    logs = engine.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": engine.clock.now_ms(), "message": "m"}]
    )
    topic_arn = engine.client("sns").create_topic(Name="t")["TopicArn"]
    # Nobody listens there: the confirmation is tried again later.
    engine.client("sns").subscribe(TopicArn=topic_arn, Protocol="http", Endpoint="http://127.0.0.1:9/")
    engine.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "q"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )


def _leave_expiring_items(dynamodb: Any, until_s: int) -> None:
    dynamodb.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.update_time_to_live(TableName="table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    dynamodb.put_item(TableName="table", Item={"id": {"S": "1"}, "until": {"N": str(until_s)}})


def _leave_expiring_objects(s3: Any) -> None:
    s3.create_bucket(Bucket="bucket")
    expiry = {"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket="bucket", LifecycleConfiguration={"Rules": [expiry]})
    s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 1_000_000)
