"""Memory of a node and time of one more deployment, as the number of small APIs grows."""

import concurrent.futures
import json
import sys
import time

from system import Gatewright, median, resident_bytes

STEPS = [int(n) for n in (sys.argv[1] if len(sys.argv) > 1 else "10,1000,5000,10000").split(",")]


def document(n):
    mock = {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {
                "application/json": json.dumps({"api": n})}}}}
    operation = {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": mock}
    return {"openapi": "3.0.3", "info": {"title": f"small-{n}", "version": "1"},
            "paths": {"/": {"get": operation}, "/items/{id}": {"get": operation, "put": operation}}}


def main():
    gateway = Gatewright(nodes=1, cores=1)
    try:
        made = 0
        for step in STEPS:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for _ in pool.map(lambda n: gateway.deploy(document(n), "p"), range(made, step)):
                    pass
            made = step
            api = gateway.deploy(document(step), "p")
            made += 1
            times = []
            for _ in range(15):
                start = time.perf_counter()
                gateway.call("POST", f"/restapis/{api}/deployments", {"stageName": "p"})
                times.append((time.perf_counter() - start) * 1e3)
            memory = resident_bytes(gateway.node_pids()[0]) / 2**20
            print(f"{step:>6} APIs: one more deployment {median(times):6.1f} ms median, node memory {memory:7.1f} MiB", flush=True)
    finally:
        gateway.stop()


main()
