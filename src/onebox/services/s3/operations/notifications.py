"""Event notifications of a bucket.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.destinations import Destinations
from onebox.services.s3.errors import InvalidArgument
from onebox.services.s3.event_records import bucket_arn, make_test_event
from onebox.services.s3.events import SETTING
from onebox.services.s3.model import Bucket
from onebox.services.s3.notification_rules import checked_configuration, parse_rules


def get_bucket_notification_configuration(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The configuration; an empty one where there is none."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    document: Wire = core.buckets.find_setting(bucket.name, SETTING) or {}
    return document


async def put_bucket_notification_configuration(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Replace the configuration. Every queue and topic in it gets a test event; all succeed, or nothing is changed."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    document = checked_configuration(request["NotificationConfiguration"], bucket.region, core.deps.ids.uuid)
    destinations = None
    if document and not request.get("SkipDestinationValidation"):
        destinations = await core.load_destinations()

    def put() -> Wire:
        bucket = core.objects.load_bucket(request["Bucket"], context.account)
        if destinations is not None:
            _check_destinations(destinations, context, bucket, document)
        if document:
            core.buckets.put_setting(bucket.name, SETTING, document)
        else:
            core.buckets.delete_setting(bucket.name, SETTING)
        return {}

    return await core.deps.storage.write(put)


def _check_destinations(destinations: Destinations, context: RequestContext, bucket: Bucket, document: Wire) -> None:
    """Raises InvalidArgument that names every destination to which S3 cannot deliver."""
    message, source_arn = make_test_event(context, bucket.name), bucket_arn(bucket.name, bucket.region)
    objections: dict[str, str] = {}
    for rule in parse_rules(document):
        objection = destinations.find_objection(context, rule.destination_arn, message, source_arn)
        if objection is not None:
            number = len(objections) // 2 + 1
            objections[f"ArgumentName{number}"], objections[f"ArgumentValue{number}"] = objection
    if objections:
        raise InvalidArgument("Unable to validate the following destination configurations", **objections)
