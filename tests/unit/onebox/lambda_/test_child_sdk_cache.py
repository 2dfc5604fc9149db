"""Goal: a function's SDK sends the same requests whether or not its pure functions are cached; caching spares calls."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import onebox.services.lambda_.child

CHILD_FOLDER = str(Path(onebox.services.lambda_.child.__file__).parent)

# In a process of its own, as in a function's: what is cached stays cached.
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from sdk_cache import cache_sdk_functions
cache_sdk_functions()  # the SDK is not imported yet: nothing to do, and no harm
import boto3, botocore.auth, botocore.awsrequest, botocore.useragent, urllib3.poolmanager

def send(sent):
    def answer(request, **_):
        headers = {name: value for name, value in request.headers.items() if name != "amz-sdk-invocation-id"}
        sent.append([request.method, request.url, str(request.body), {n: str(v) for n, v in headers.items()}])
        return botocore.awsrequest.AWSResponse(request.url, 200, {}, None)
    botocore.awsrequest.AWSResponse.content = b"{}"
    def client(service):
        made = boto3.client(service, region_name="eu-west-1", endpoint_url="http://localhost:4566",
                            aws_access_key_id="a", aws_secret_access_key="b")
        made.meta.events.register("before-send", answer)
        return made
    client("dynamodb").put_item(TableName="Orders", Item={"orderId": {"S": "1"}})
    client("dynamodb").batch_get_item(RequestItems={"Orders": {"Keys": [{"orderId": {"S": "\u00e9"}}]}})
    client("sqs").send_message(QueueUrl="http://localhost:4566/000000000000/queue", MessageBody="body")
    botocore.awsrequest.AWSResponse.content = b"<PublishResponse><PublishResult/></PublishResponse>"
    client("sns").publish(TopicArn="arn:aws:sns:eu-west-1:000000000000:topic", Message="a message & more")

import datetime
now = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)
botocore.auth.get_current_datetime = lambda *_, **__: now
plain, kept = [], []
send(plain)
plainly = [urllib3.poolmanager.parse_url(url) for url in ("http://localhost:4566/x?y", "https://[::1]/")]
cache_sdk_functions()
send(kept)
send(kept)
found = [urllib3.poolmanager.parse_url(url) for url in ("http://localhost:4566/x?y", "https://[::1]/")]
hits = [botocore.auth._host_from_url.cache_info().hits,
        botocore.useragent.sanitize_user_agent_string_component.cache_info().hits]
print(json.dumps({"plain": plain, "kept": kept, "same_urls": plainly == found, "hits": hits}))
"""


def test_a_request_is_the_same_to_the_byte_when_functions_of_the_sdk_are_cached() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT, CHILD_FOLDER], capture_output=True, text=True, check=True)
    seen = json.loads(run.stdout)
    assert [request[1].rpartition(":")[2] for request in seen["plain"]] == ["4566/"] * 4
    assert seen["kept"] == seen["plain"] * 2
    assert "Authorization" in seen["plain"][0][3]
    assert seen["same_urls"]
    assert all(hits > 0 for hits in seen["hits"])
