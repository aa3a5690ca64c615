"""CPU per request of a node and of nginx `proxy_pass`, in front of the same upstream.

Both proxies are pinned to core 0, upstream and load generator to core 1, and
the runs are interleaved, so that drift of the machine's speed meets both.
"""

import contextlib
import socket
import sys
import urllib.parse
import urllib.request

from system import Gatewright, Nginx, cpu_seconds, free_port, median, pin, resident_bytes, wait_until, wrk

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 4
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5


def document(upstream):
    return {
        "openapi": "3.0.3", "info": {"title": "bench", "version": "1"},
        "paths": {
            "/proxy": {"get": {"x-amazon-apigateway-integration": {
                "type": "http_proxy", "httpMethod": "GET", "uri": f"{upstream}/hello"}}},
            "/mock": {"get": {
                "responses": {"200": {"description": "ok"}},
                "x-amazon-apigateway-integration": {
                    "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
                    "responses": {"default": {"statusCode": "200", "responseTemplates": {
                        "application/json": '{"hello":"world"}'}}}}}},
        },
    }


IDLE = 2000


def idle_bytes(node_url, pid):
    """Memory that one idle keep-alive connection costs a node, after a request on it."""
    address = urllib.parse.urlsplit(node_url)
    before, open_connections = resident_bytes(pid), []
    try:
        for _ in range(IDLE):
            connection = socket.create_connection((address.hostname, address.port))
            open_connections.append(connection)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: idle\r\n\r\n")
            if not connection.recv(4096).startswith(b"HTTP/1.1 403"):
                raise SystemExit("an unknown API is not 403")
        return (resident_bytes(pid) - before) / IDLE
    finally:
        for connection in open_connections:
            connection.close()


def measure(stack):
    """Starts everything; answers (results by subject, bytes per idle connection)."""
    upstream_port, nginx_port = free_port(), free_port()
    upstream = Nginx("upstream", f"server {{ listen 127.0.0.1:{upstream_port} backlog=4096; "
                     "location / { default_type application/json; return 200 '{\"hello\":\"world\"}'; } }", cpu=1)
    stack.callback(upstream.stop)
    peer = Nginx("peer", f"upstream u {{ server 127.0.0.1:{upstream_port}; keepalive 256; keepalive_requests 1000000000; }} "
                 f"server {{ listen 127.0.0.1:{nginx_port} backlog=4096; location / {{ proxy_pass http://u; "
                 "proxy_http_version 1.1; proxy_set_header Connection \"\"; } }", cpu=0)
    stack.callback(peer.stop)
    gateway = Gatewright(nodes=1, cores=1)
    stack.callback(gateway.stop)
    api = gateway.deploy(document(f"http://127.0.0.1:{upstream_port}"), "p")
    node_url = gateway.info["node_urls"][0]
    base = f"{node_url}/_aws/execute-api/{api}/p"
    host = f"{api}.execute-api.localhost"
    wait_until("node", lambda: urllib.request.urlopen(f"{base}/proxy").status == 200)
    wait_until("nginx", lambda: urllib.request.urlopen(f"http://127.0.0.1:{nginx_port}/hello").status == 200)
    node_pids = gateway.node_pids()
    for pid in node_pids:
        pin(pid, 0)
    subjects = {
        "nginx proxy_pass": (f"http://127.0.0.1:{nginx_port}/hello", None, peer.worker_pids()),
        "gatewright HTTP_PROXY": (f"{node_url}/p/proxy", host, node_pids),
        "gatewright MOCK": (f"{node_url}/p/mock", host, node_pids),
    }
    for url, host_name, _ in subjects.values():
        wrk(url, 1, cpu=1, host=host_name)
    results = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, (url, host_name, pids) in subjects.items():
            before = cpu_seconds(pids)
            run = wrk(url, SECONDS, cpu=1, host=host_name)
            used = cpu_seconds(pids) - before
            if run["failed"]:
                raise SystemExit(f"{name}: {run['failed']} failed requests")
            results[name].append((used / run["requests"] * 1e6, run["requests"] / SECONDS, run["p99"]))
    return results, idle_bytes(node_url, node_pids[0])


def main():
    with contextlib.ExitStack() as stack:
        results, idle = measure(stack)
    print(f"{'subject':<24}{'CPU us/request':>16}{'requests/s':>14}{'p99':>10}   (medians of {ROUNDS} x {SECONDS} s)")
    for name, rows in results.items():
        print(f"{name:<24}{median([r[0] for r in rows]):>16.1f}{median([r[1] for r in rows]):>14.0f}{rows[-1][2]:>10}")
    peer_cost = [row[0] for row in results["nginx proxy_pass"]]
    for name in ("gatewright HTTP_PROXY", "gatewright MOCK"):
        ratios = [ours[0] / theirs for ours, theirs in zip(results[name], peer_cost)]
        print(f"{name} / nginx proxy_pass: {median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})")
    print(f"memory of an idle keep-alive connection: {idle:.0f} bytes (mean of {IDLE})")


main()
