"""The management API on an API of 1,000 resources: calls per second, p50 and p99,
and processor time of control plane and database, in a system with few and in one
with many other APIs, by turns. Processor time is what a busy machine blurs least.

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


class Subject:
    """A system with so many other APIs, and the API in it that is measured."""

    def __init__(self, others):
        self.others = others
        self.gateway = Gatewright(nodes=2, cores=1)
        run = json.loads((self.gateway.folder / "state" / "run.json").read_text())
        self.pids = {one["name"]: one["process"]["pid"] for one in run["children"]}
        self.client = Client(self.gateway)
        self.costs = {}
        self.made = []

    def fill(self):
        small = lambda n: self.gateway.deploy(document(f"other-{n}", ["/", "/items/{id}"]), "p")
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for _ in pool.map(small, range(self.others)):
                pass
        body = document("large", [f"/group{n % 20}/item{n}" for n in range(RESOURCES - 21)])
        api = self.client.call("POST", "/restapis?mode=import", body)["id"]
        self.base = f"/restapis/{api}"
        self.client.call("POST", f"{self.base}/deployments", {"stageName": "p"})
        self.root = self.client.call("GET", self.base)["rootResourceId"]
        found = self.client.call("GET", f"{self.base}/resources?limit=500")["item"]
        self.ids = [one["id"] for one in found if "resourceMethods" in one]

    def used(self):
        """Seconds of the control plane, and of Postgres with its children."""
        return cpu_seconds([self.pids["control-plane"]]), cpu_seconds(family(self.pids["postgres"]))

    # What is measured.

    def create(self, n):
        where = f"{self.base}/resources/{self.root}"
        self.made.append(self.client.call("POST", where, {"pathPart": f"new{n}"})["id"])

    def put(self, n):
        method = f"{self.base}/resources/{self.ids[n % len(self.ids)]}/methods/GET"
        self.client.call("PUT", f"{method}/integration", MOCK)

    def pages(self, _):
        """Reads the whole tree with its methods."""
        position = ""
        while True:
            where = f"{self.base}/resources?embed=methods&limit=500{position}"
            page = self.client.call("GET", where)
            if "position" not in page:
                return
            position = f"&position={page['position']}"

    def freeze(self, _):
        self.client.call("POST", f"{self.base}/deployments", {})

    def deploy(self, n):
        where = f"{self.base}/resources/{self.ids[0]}/methods/GET/integration/responses/200"
        self.client.call("PUT", where, {"responseTemplates": {"application/json": str(n)}})
        self.client.call("POST", f"{self.base}/deployments", {"stageName": "p"})

    def forget(self):
        for one in self.made:
            self.client.call("DELETE", f"{self.base}/resources/{one}")


def family(pid):
    """A process and its children."""
    out = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [pid, *map(int, out.stdout.split())]


def measure(subjects, name, count, call):
    """Makes calls of all systems in turns, so that drift of the machine meets each."""
    times = {subject: [] for subject in subjects}
    used = {subject: [0.0, 0.0] for subject in subjects}
    batch = max(count // 12, 1)
    for start in range(0, count, batch):
        for subject in subjects:
            before = subject.used()
            for n in range(start, min(start + batch, count)):
                began = time.perf_counter()
                call(subject, n)
                times[subject].append((time.perf_counter() - began) * 1e3)
            for part, (then, now) in enumerate(zip(before, subject.used())):
                used[subject][part] += now - then
    for subject in subjects:
        found = times[subject]
        plane, database = (seconds / len(found) * 1e3 for seconds in used[subject])
        print(f"{subject.others:>6} other APIs  {name:<42}{len(found) / sum(found) * 1e3:>6.0f} calls/s  "
              f"p50 {median(found):>7.2f} ms  p99 {percentile(found, 0.99):>7.2f} ms  "
              f"CPU {plane:>6.2f} + {database:>6.2f} ms", flush=True)
        subject.costs[name] = (median(found), plane + database)


def together(subject):
    """Several clients, each with an API of its own."""
    client = subject.client

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
    print(f"{subject.others:>6} other APIs  {CLIENTS} clients, an API each: {rate:.0f} calls/s", flush=True)


def main():
    few, subjects = max(CALLS // 10, 12), []
    try:
        for others in OTHERS:
            subjects.append(Subject(others))
            subjects[-1].fill()
        measure(subjects, "CreateResource", CALLS, Subject.create)
        for subject in subjects:
            subject.forget()
        measure(subjects, "PutIntegration", CALLS, Subject.put)
        measure(subjects, "GetResources, embed=methods, all pages", few, Subject.pages)
        measure(subjects, "CreateDeployment", few, Subject.freeze)
        measure(subjects, "a change and CreateDeployment to a stage", few, Subject.deploy)
        for subject in subjects:
            together(subject)
        for name, (wall, cpu) in subjects[0].costs.items():
            more, most = subjects[-1].costs[name]
            print(f"{name}: with {OTHERS[-1]} other APIs, times what it is with {OTHERS[0]}: "
                  f"p50 {more / wall:.2f}, CPU {most / cpu:.2f}")
    finally:
        for subject in subjects:
            subject.gateway.stop()


main()
