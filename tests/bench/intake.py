"""``make bench-intake``: requests per second and latencies of the intake over HTTP, and what a request costs.

A onebox of its own with the template's defaults and Intake=Token. Clients keep their connections and send one request
after another: one real order with an idempotency key, or lists of real orders. Milliseconds are wall time of this
machine, clients included.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from orders.capacity.options import INTAKE, OptionLoad, option_costs
from orders.capacity.plan import load_prices
from tests.bench.orders import real_orders
from tests.bench.pipeline import REGION, deploy_ours, run_orders
from tests.peers.servers import Onebox, Peer

WARM_UP = 50
CLIENTS = 2


class Site(NamedTuple):
    """Where requests go, and with which headers."""

    port: int
    headers: dict[str, str]


class Measured(NamedTuple):
    """One way of sending."""

    name: str
    orders: int
    seconds: float
    latencies_ms: list[float]

    def row(self) -> str:
        requests = len(self.latencies_ms)
        p50, p99 = statistics.median(self.latencies_ms), statistics.quantiles(self.latencies_ms, n=100)[98]
        rates = f"{requests / self.seconds:,.0f} | {self.orders / self.seconds:,.0f}"
        return f"| {self.name} | {rates} | {p50:.1f} | {p99:.1f} |"


def deploy(peer: Peer) -> Site:
    """The system with its intake, and a caller's token."""
    deploy_ours(peer, "Intake=Token")
    token, url = run_orders(peer, "intake", "add", "bench"), run_orders(peer, "intake", "url")
    headers = {"Host": urlsplit(url).netloc, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return Site(peer.port, headers)


def send(site: Site, bodies: Sequence[str], key: str | None) -> list[float]:
    """Send all over one connection; the milliseconds of each."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=60)
    latencies = []
    for number, body in enumerate(bodies):
        headers = site.headers | ({"Idempotency-Key": f"{key}-{number}"} if key else {})
        began = time.perf_counter()
        connection.request("POST", "/orders", body.encode(), headers)
        answer = connection.getresponse()
        content = answer.read()
        latencies.append((time.perf_counter() - began) * 1_000)
        if answer.status != 202:
            raise RuntimeError(f"{answer.status}: {content[:500]!r}")
    connection.close()
    return latencies


def measure(site: Site, name: str, requests: int, orders_each: int, key: str | None = None) -> Measured:
    """Send requests from all clients at once."""
    orders = [text for _, text in real_orders(requests * orders_each, key or f"each{orders_each}")]
    groups = [orders[at : at + orders_each] for at in range(0, len(orders), orders_each)]
    bodies = [group[0] if orders_each == 1 else f"[{','.join(group)}]" for group in groups]
    shares = [bodies[client::CLIENTS] for client in range(CLIENTS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        sent = [pool.submit(send, site, share, key and f"{key}{client}") for client, share in enumerate(shares)]
        latencies = [one for future in sent for one in future.result()]
    return Measured(name, len(orders), time.perf_counter() - began, latencies)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-intake", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000)
    arguments = parser.parse_args()
    count = arguments.requests
    with Onebox() as server:
        site = deploy(server)
        measure(site, "warm up", WARM_UP, 1)
        found = [
            measure(site, "one order", count, 1),
            measure(site, "one order, with a key", count, 1, "k"),
            measure(site, "one order, the same keys again", count, 1, "k"),
            measure(site, "ten orders", count // 5, 10),
            measure(site, "a hundred orders", count // 50, 100),
        ]
    print(f"\nPython {platform.python_version()}, {CLIENTS} clients, {json.dumps(platform.machine())}\n")
    print("| a request holds | requests/s | orders/s | p50, ms | p99, ms |\n| --- | --- | --- | --- | --- |")
    for one in found:
        print(one.row())
    prices = {name: row["usd"] for name, row in load_prices()["regions"][REGION]["prices"].items()}
    print("\n| a million requests of one order, with keys | USD |\n| --- | --- |")
    for service, dollars in option_costs(INTAKE, OptionLoad(), prices).items():
        print(f"| {service} | {dollars:.3f} |")


if __name__ == "__main__":
    main()
