"""``orders subscribe``: subscribe another endpoint to orders."""

from __future__ import annotations

import json

import click

from orders.aws.clients import Aws
from orders.cli.auditing import audit_log
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say
from orders.subscriptions.filters import make_filter_policy, show_filter
from orders.subscriptions.subscriptions import Subscribed, Subscriptions


@click.command(
    epilog="\b\nExamples:  orders subscribe sqs Paid --where status=paid\n"
    "           orders subscribe lambda Invoices --where status=paid --where 'total>=100'\n"
    "           orders subscribe email shop@example.com --where status=cancelled"
)
@click.argument("protocol", type=click.Choice(["sqs", "lambda", "https", "http", "email"]))
@click.argument("endpoint")
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help="Only orders that match this condition; repeatable, all must match.",
)
@click.option("--envelope", is_flag=True, help="Deliver SNS's envelope. Default: sqs and http(s) get the raw order.")
@json_option
@aws_options
def subscribe(aws: Aws, protocol: str, endpoint: str, where: tuple[str, ...], envelope: bool, as_json: bool) -> None:
    """Subscribe another ENDPOINT to orders: a queue, a function or an address. If it is subscribed already, change its
    conditions.

    ENDPOINT is the name or ARN of a queue or a function, a URL, or an e-mail address. A queue's policy and a
    function's permission for OrderTopic are added if missing; https, http and email endpoints must confirm first.
    docs/subscribers.md shows an example of each.

    Conditions are on status, country, currency (=, !=, and = with * at the end) and total (=, !=, >, >=, <, <=).
    Several = conditions on one field match any of them. An order without the field does not match.
    """
    policy = make_filter_policy(where)
    with audit_log(aws).change("subscribe", f"{protocol} {endpoint}", after={"filter": policy}) as change:
        done = Subscriptions(aws).subscribe(protocol, endpoint, policy, raw=not envelope)
        change.after = {"filter": policy, "subscription": done.subscription.arn}
    if as_json:
        print_json({**done.subscription._asdict(), "right_given": done.right, "policy_to_add": done.missing_policy})
        return
    _tell(done, is_onebox=aws.settings.is_onebox)


def _tell(done: Subscribed, *, is_onebox: bool) -> None:
    subscription = done.subscription
    say(f"{subscription.protocol} {subscription.endpoint} receives {show_filter(subscription.filter_policy)}")
    if subscription.arn is not None:
        say(f"subscription {subscription.arn}")
    if done.right is not None:
        say(done.right)
    if not subscription.confirmed:
        say(f"It receives nothing until it confirms: {_how_to_confirm(subscription.protocol, is_onebox=is_onebox)}")
        say("`orders subscriptions` shows whether it has confirmed.")
    if done.missing_policy is not None:
        say("The queue belongs to another account or region. Nothing arrives until its policy holds this statement:")
        say(json.dumps(done.missing_policy, indent=2))


def _how_to_confirm(protocol: str, *, is_onebox: bool) -> str:
    if protocol in ("http", "https"):
        return "SNS sends it a SubscriptionConfirmation; it must open the SubscribeURL."
    if is_onebox:
        return "onebox sends no mail; the link is in its log (see `orders up` or `onebox serve --log-level INFO`)."
    return "SNS sent a mail with a confirmation link."
