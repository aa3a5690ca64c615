"""Requests per second and CPU per request of the integrations that map or call functions.

Each subject has a peer in the same run that does as much of it as nginx can: answers by itself
(`return`), or passes the request to the same upstream (`proxy_pass`). Gateway and peer are pinned to
core 0, upstream and load generator to core 1, and the runs are interleaved.
"""

import contextlib
import json
import pathlib
import sys
import tempfile
import urllib.request

from system import Gatewright, Nginx, cpu_seconds, free_port, median, pin, wait_until, wrk

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 4
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5

ORDER = {
    "order": {"id": "o-1001", "total": 129.95, "currency": "EUR", "express": True},
    "customer": {"name": 'Ada "L" Love', "email": "ada@example.com", "tags": ["vip", "beta"]},
    "items": [
        {"sku": "A-1", "qty": 2, "price": 9.99, "name": "Pen"},
        {"sku": "B-2", "qty": 1, "price": 79.99, "name": "Lamp / desk"},
        {"sku": "C-3", "qty": 4, "price": 7.5, "name": "Cable"},
    ],
}

SMALL = '{"id": "$context.requestId", "stage": "$context.stage", "q": "$input.params(\'q\')"}'

# What people write: a good part of the request, put together anew.
TYPICAL = """#set($root = $input.path('$'))
#set($headers = $input.params().header)
{
  "requestId": "$context.requestId", "stage": "$context.stage",
  "sourceIp": "$context.identity.sourceIp", "resource": "$context.resourcePath",
  "agent": "$util.escapeJavaScript($headers.get('User-Agent'))",
  "order": {"id": "$root.order.id", "total": $root.order.total,
    "priority": #if($root.order.express && $root.order.total > 100)"high"#else"low"#end},
  "customer": {"name": "$util.escapeJavaScript($root.customer.name)",
    "tags": [#foreach($tag in $root.customer.tags)"$tag"#if($foreach.hasNext), #end#end]},
  "items": [
#foreach($item in $root.items)
    {"sku": "$item.sku", "quantity": $item.qty, "price": $item.price,
     "name": "$util.escapeJavaScript($item.name)"}#if($foreach.hasNext),#end

#end
  ],
  "count": $root.items.size(), "raw": $input.json('$.order')
}
"""

BACK = '{"id": $input.json(\'$.id\'), "ok": #if($input.path(\'$.ok\'))true#{else}false#end, "at": "$context.requestTime"}'

LAMBDA = ("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
          "arn:aws:lambda:us-east-1:000000000000:function:bench/invocations")


def operation(integration):
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration}


def document(upstream):
    answer = {"application/json": SMALL}
    status = {"application/json": '{"statusCode": 200}'}
    mapped = {
        "type": "http", "httpMethod": "POST", "uri": f"{upstream}/order",
        "requestTemplates": {"application/json": TYPICAL},
        "requestParameters": {"integration.request.header.X-Stage": "context.stage"},
        "responses": {"2\\d{2}": {"statusCode": "200", "responseTemplates": {"application/json": BACK}},
                      "default": {"statusCode": "500"}},
    }
    return {
        "openapi": "3.0.3", "info": {"title": "integrations", "version": "1"},
        "paths": {
            "/mock": {"get": operation({
                "type": "mock", "requestTemplates": status,
                "responses": {"default": {"statusCode": "200", "responseTemplates": answer}}})},
            "/mock-body": {"post": operation({
                "type": "mock",
                "requestTemplates": {"application/json":
                                     "#set($n = $input.path('$.items').size()){\"statusCode\": #if($n > 2)200#{else}400#end}"},
                "responses": {"default": {"statusCode": "200", "responseTemplates": answer}}})},
            "/http": {"post": operation(mapped)},
            "/lambda": {"get": operation({"type": "aws_proxy", "httpMethod": "POST", "uri": LAMBDA}),
                        "post": operation({"type": "aws_proxy", "httpMethod": "POST", "uri": LAMBDA})},
        },
    }


def servers(upstream_port, peer_port):
    """The upstream's and the peer's configuration."""
    function = json.dumps({"statusCode": 200, "headers": {"Content-Type": "application/json"},
                           "body": json.dumps({"hello": "world"})}).replace("\\", "\\\\")
    upstream = (f"server {{ listen 127.0.0.1:{upstream_port} backlog=4096; default_type application/json; "
                f"location /order {{ return 200 '{{\"id\":\"o-1001\",\"ok\":true}}'; }} "
                f"location /2015-03-31/ {{ return 200 '{function}'; }} }}")
    peer = (f"upstream u {{ server 127.0.0.1:{upstream_port}; keepalive 256; keepalive_requests 1000000000; }} "
            f"server {{ listen 127.0.0.1:{peer_port} backlog=4096; default_type application/json; "
            "location /return { return 200 '{\"hello\":\"world\"}'; } "
            "location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection \"\"; } }")
    return upstream, peer


def post(folder):
    """A wrk script that posts the order."""
    script = pathlib.Path(folder) / "post.lua"
    body = json.dumps(ORDER)
    script.write_text("wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n"
                      f"wrk.body = [==[{body}]==]\n")
    return str(script)


def expect(url, host, body, check):
    """Waits for a sound answer, so that nothing else is measured."""
    def sound():
        request = urllib.request.Request(url, data=body, headers={"Host": host} if host else {})
        if body:
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return check(json.loads(answer.read()))
    wait_until(url, sound)


def measure(stack):
    """Starts everything; answers {subject: (peer, rows, rows of the peer)}."""
    upstream_port, peer_port = free_port(), free_port()
    upstream_conf, peer_conf = servers(upstream_port, peer_port)
    upstream = Nginx("upstream", upstream_conf, cpu=1)
    stack.callback(upstream.stop)
    peer = Nginx("peer", peer_conf, cpu=0)
    stack.callback(peer.stop)
    base = f"http://127.0.0.1:{upstream_port}"
    gateway = Gatewright(nodes=1, cores=1, environment={
        "AWS_ENDPOINT_URL_LAMBDA": base, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"})
    stack.callback(gateway.stop)
    api = gateway.deploy(document(base), "p")
    node, host = gateway.info["node_urls"][0], f"{api}.execute-api.localhost"
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    script, order = post(folder), json.dumps(ORDER).encode()
    peer_url = f"http://127.0.0.1:{peer_port}"
    hello = lambda found: found == {"hello": "world"}
    # Name: path, body, what a sound answer is, the peer's path and name.
    table = {
        "MOCK, small template": ("/mock?q=blue", None, lambda f: f["q"] == "blue", "/return", "nginx return"),
        "MOCK that reads the body": ("/mock-body?q=b", order, lambda f: f["q"] == "b", "/return", "nginx return"),
        "HTTP, templates both ways": ("/http", order, lambda f: f["ok"] is True, "/order", "nginx proxy_pass"),
        "AWS_PROXY, GET": ("/lambda", None, hello, "/2015-03-31/x", "nginx proxy_pass"),
        "AWS_PROXY, POST": ("/lambda", order, hello, "/2015-03-31/x", "nginx proxy_pass"),
    }
    for path, body, check, _, _ in table.values():
        expect(f"{node}/p{path}", host, body, check)
    wait_until("nginx", lambda: urllib.request.urlopen(f"{peer_url}/return").status == 200)
    node_pids, peer_pids = gateway.node_pids(), peer.worker_pids()
    for pid in node_pids:
        pin(pid, 0)

    def once(url, host_name, pids, body):
        before = cpu_seconds(pids)
        run = wrk(url, SECONDS, cpu=1, host=host_name, script=script if body else None)
        if run["failed"]:
            raise SystemExit(f"{url}: {run['failed']} failed requests")
        used = cpu_seconds(pids) - before
        return used / run["requests"] * 1e6, run["requests"] / SECONDS, run["p99"]

    results = {name: (entry[4], [], []) for name, entry in table.items()}
    for round_number in range(ROUNDS + 1):
        for name, (path, body, _, peer_path, _) in table.items():
            theirs = once(f"{peer_url}{peer_path}", None, peer_pids, body)
            ours = once(f"{node}/p{path}", host, node_pids, body)
            # The first round warms both up.
            if round_number > 0:
                results[name][1].append(ours)
                results[name][2].append(theirs)
    return results


def main():
    with contextlib.ExitStack() as stack:
        results = measure(stack)
    print(f"{'subject':<28}{'CPU us/request':>16}{'requests/s':>14}{'p99':>10}   (medians of {ROUNDS} x {SECONDS} s)")
    for name, (peer, ours, theirs) in results.items():
        for label, rows in ((name, ours), (f"  {peer}", theirs)):
            print(f"{label:<28}{median([r[0] for r in rows]):>16.1f}{median([r[1] for r in rows]):>14.0f}{rows[-1][2]:>10}")
    for name, (peer, ours, theirs) in results.items():
        cpu = [mine[0] / other[0] for mine, other in zip(ours, theirs)]
        rate = [mine[1] / other[1] for mine, other in zip(ours, theirs)]
        print(f"{name} / {peer}: CPU {median(cpu):.2f} (min {min(cpu):.2f}, max {max(cpu):.2f}), "
              f"requests per second {median(rate):.2f}")


if __name__ == "__main__":
    main()
