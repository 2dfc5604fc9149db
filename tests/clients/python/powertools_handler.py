"""A processor with Powertools for AWS Lambda: batches with partial failures, idempotency, metrics, structured logs."""

import json
import os

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function

logger = Logger(service="orders")
metrics = Metrics(namespace="Shop", service="orders")
processor = BatchProcessor(event_type=EventType.SQS)
layer = DynamoDBPersistenceLayer(table_name=os.environ["IDEMPOTENCY"])
config = IdempotencyConfig(event_key_jmespath="orderId")


@idempotent_function(data_keyword_argument="order", persistence_store=layer, config=config)
def store(order):
    logger.info("stored", extra={"orderId": order["orderId"]})
    metrics.add_metric(name="Stored", unit=MetricUnit.Count, value=1)
    return {"orderId": order["orderId"]}


def process(record):
    store(order=json.loads(record.body))


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event, context):
    config.register_lambda_context(context)
    return process_partial_response(event=event, record_handler=process, processor=processor, context=context)
