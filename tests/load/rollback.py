"""Time of a rollback, from the call to the last receipt, idle and at half load."""

import json
import subprocess
import sys
import time

from system import Gatewright, median, percentile

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 200


def document(body):
    return {"openapi": "3.0.3", "info": {"title": "rollback", "version": "1"}, "paths": {"/": {"get": {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": body}}}}}}}}


def measure(gateway, api, rounds):
    """Alternates between two releases; every call returns after the last receipt."""
    times, settled = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        _, _, answer = gateway.call("POST", f"/gatewright/v1/restapis/{api}/stages/p/rollback", {})
        times.append((time.perf_counter() - start) * 1e3)
        if not answer["settled"]:
            raise SystemExit(f"rollback answered before the last receipt: {json.dumps(answer)}")
        settled.append(answer["settledMs"])
    return times


def main():
    gateway = Gatewright(nodes=2, cores=1)
    load = None
    try:
        api = gateway.deploy(document('{"release":"a"}'), "p")
        gateway.call("PUT", f"/restapis/{api}?mode=overwrite", raw=json.dumps(document('{"release":"b"}')).encode())
        gateway.call("POST", f"/restapis/{api}/deployments", {"stageName": "p"})
        measure(gateway, api, 10)
        idle = measure(gateway, api, ROUNDS)
        print(f"rollback, idle:      median {median(idle):.1f} ms, p99 {percentile(idle, 0.99):.1f} ms ({ROUNDS} rollbacks, 2 nodes)")
        # Half load: a closed loop of few connections keeps the two cores about half busy.
        load = subprocess.Popen(
            ["wrk", "-t1", "-c1", "-d600s", f"{gateway.info['traffic_url']}/_aws/execute-api/{api}/p/"],
            stdout=subprocess.DEVNULL)
        time.sleep(1)
        busy = measure(gateway, api, ROUNDS)
        print(f"rollback, half load: median {median(busy):.1f} ms, p99 {percentile(busy, 0.99):.1f} ms")
    finally:
        if load:
            load.terminate()
            load.wait()
        gateway.stop()


main()
