"""Tasks of a shop, with SQS as the broker. As a program: sends tasks and waits until the worker has written them."""

import os
import pathlib
import sys
import time

from celery import Celery

app = Celery("shop", broker="sqs://")
app.conf.broker_transport_options = {
    "region": "us-east-1",
    "visibility_timeout": 60,
    "polling_interval": 0.1,
    "queue_name_prefix": "shop-",
}
app.conf.task_acks_late = True
app.conf.worker_cancel_long_running_tasks_on_connection_loss = True
STORED = pathlib.Path(os.environ["STORED"])


@app.task(bind=True, max_retries=3)
def store(self, order):
    """Fails at the first try of every third order, and is retried after a second."""
    if order % 3 == 0 and self.request.retries == 0:
        raise self.retry(countdown=1)
    (STORED / str(order)).write_text(str(self.request.retries))


if __name__ == "__main__":
    orders = range(int(sys.argv[1]))
    for number in orders:
        store.delay(number)
    deadline = time.monotonic() + 120
    while len(list(STORED.iterdir())) < len(orders) and time.monotonic() < deadline:
        time.sleep(0.1)
    print(sorted((int(path.name), int(path.read_text())) for path in STORED.iterdir()))
