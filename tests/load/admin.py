"""The management API on an API of 1,000 resources: calls per second, p50 and p99,
and processor time of control plane and database, with few and with many other
APIs beside it. Processor time is what a busy machine does not blur.

usage: admin.py [OTHER_APIS,...] [CALLS]     (10,2000 and 300)
"""

import concurrent.futures
import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.parse

from system import Gatewright, cpu_seconds, median, percentile

OTHERS = [int(n) for n in (sys.argv[1] if len(sys.argv) > 1 else "10,2000").split(",")]
CALLS = int(sys.argv[2]) if len(sys.argv) > 2 else 300
RESOURCES = 1000
CLIENTS = 8
MOCK = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}


def document(title, paths):
    operation = {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200",
                                      "responseTemplates": {"application/json": title}}}}}
    return {"openapi": "3.0.3", "info": {"title": title, "version": "1"},
            "paths": {path: {"get": operation} for path in paths}}


class Client(threading.local):
    """One kept connection for each thread."""

    def __init__(self, gateway):
        self.address = urllib.parse.urlsplit(gateway.info["admin_url"])
        self.headers = {"authorization": f"Bearer {gateway.token}", "accept": "application/json",
                        "content-type": "application/json"}
        self.connection = http.client.HTTPConnection(self.address.hostname, self.address.port)

    def call(self, method, path, body=None):
        data = json.dumps(body) if body is not None else None
        self.connection.request(method, path, body=data, headers=self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text else None


class Meter:
    """Times calls, and the processor time of what answers them."""

    def __init__(self, gateway, others):
        run = json.loads((gateway.folder / "state" / "run.json").read_text())
        self.pids = {one["name"]: one["process"]["pid"] for one in run["children"]}
        self.others = others
        self.costs = {}

    def used(self):
        """Seconds of the control plane, and of Postgres with its children."""
        database = self.pids["postgres"]
        return cpu_seconds([self.pids["control-plane"]]), cpu_seconds(family(database))

    def measure(self, name, calls):
        """Makes the calls one after another and tells what they took."""
        before, times = self.used(), []
        for call in calls:
            start = time.perf_counter()
            call()
            times.append((time.perf_counter() - start) * 1e3)
        plane, database = ((now - then) / len(times) * 1e3 for now, then in zip(self.used(), before))
        rate = len(times) / sum(times) * 1e3
        print(f"{self.others:>6} other APIs  {name:<44}{rate:>7.0f} calls/s  p50 {median(times):>7.2f} ms  "
              f"p99 {percentile(times, 0.99):>7.2f} ms  CPU {plane:>6.2f} + {database:>6.2f} ms", flush=True)
        self.costs[name] = (median(times), plane + database)


def family(pid):
    """A process and its children."""
    out = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [pid, *map(int, out.stdout.split())]


def large(client):
    """The API that is measured: its id, the root's id, and ids of 1,000 resources."""
    body = document("large", [f"/group{n % 20}/item{n}" for n in range(RESOURCES - 21)])
    made = client.call("POST", "/restapis?mode=import", body)
    api = made["id"]
    client.call("POST", f"/restapis/{api}/deployments", {"stageName": "p"})
    found = client.call("GET", f"/restapis/{api}/resources?limit=500")
    ids = [one["id"] for one in found["item"] if "resourceMethods" in one]
    root = client.call("GET", f"/restapis/{api}")["rootResourceId"]
    return api, root, ids


def pages(client, api):
    """Reads the whole tree with its methods."""
    position, seen = "", 0
    while True:
        page = client.call("GET", f"/restapis/{api}/resources?embed=methods&limit=500{position}")
        seen += len(page["item"])
        if "position" not in page:
            return seen
        position = f"&position={page['position']}"


def measure(client, meter):
    api, root, ids = large(client)
    base = f"/restapis/{api}"
    made = []

    def create(n):
        made.append(client.call("POST", f"{base}/resources/{root}", {"pathPart": f"new{n}"})["id"])

    def put(n):
        method = f"{base}/resources/{ids[n % len(ids)]}/methods/GET"
        client.call("PUT", f"{method}/integration", MOCK)

    def deploy(n):
        where = f"{base}/resources/{ids[0]}/methods/GET/integration/responses/200"
        client.call("PUT", where, {"responseTemplates": {"application/json": str(n)}})
        client.call("POST", f"{base}/deployments", {"stageName": "p"})

    few = max(CALLS // 10, 10)
    meter.measure("CreateResource", (lambda n=n: create(n) for n in range(CALLS)))
    for one in made:
        client.call("DELETE", f"{base}/resources/{one}")
    meter.measure("PutIntegration", (lambda n=n: put(n) for n in range(CALLS)))
    meter.measure("GetResources, embed=methods, all pages", (lambda: pages(client, api) for _ in range(few)))
    meter.measure("CreateDeployment", (
        lambda: client.call("POST", f"{base}/deployments", {}) for _ in range(few)))
    meter.measure("one change and CreateDeployment to a stage", (lambda n=n: deploy(n) for n in range(few)))
    client.call("DELETE", base)


def together(client, others):
    """Several clients, each with an API of its own."""
    def work(_):
        made = client.call("POST", "/restapis", {"name": "together"})
        api, root, count = made["id"], made["rootResourceId"], CALLS // 4
        for n in range(count):
            one = client.call("POST", f"/restapis/{api}/resources/{root}", {"pathPart": f"r{n}"})["id"]
            method = f"/restapis/{api}/resources/{one}/methods/GET"
            client.call("PUT", method, {"authorizationType": "NONE"})
            client.call("PUT", f"{method}/integration", MOCK)
            client.call("GET", f"/restapis/{api}/resources/{one}")
        client.call("DELETE", f"/restapis/{api}")
        return count * 4 + 2

    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        calls = sum(pool.map(work, range(CLIENTS)))
    rate = calls / (time.perf_counter() - start)
    print(f"{others:>6} other APIs  {CLIENTS} clients, an API each: {rate:.0f} calls/s", flush=True)


def main():
    gateway = Gatewright(nodes=2, cores=1)
    try:
        client, made, results = Client(gateway), 0, []
        for others in OTHERS:
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
                small = lambda n: gateway.deploy(document(f"other-{n}", ["/", "/items/{id}"]), "p")
                for _ in pool.map(small, range(made, others)):
                    pass
            made = others
            meter = Meter(gateway, others)
            measure(client, meter)
            together(client, others)
            results.append(meter.costs)
        for name, (wall, cpu) in results[0].items():
            more, most = results[-1][name]
            print(f"{name}: with {OTHERS[-1]} other APIs, times what it is with {OTHERS[0]}: "
                  f"p50 {more / wall:.2f}, CPU {most / cpu:.2f}")
    finally:
        gateway.stop()


main()
