#!/usr/bin/env python3
"""AWS_PROXY through real runtimes: what awslambdaric, aws-lambda-ric and
lambda_runtime are told of each shape of request, compared key by key with what
AWS sends, and what clients get of their answers."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.parse

import boto3

from story_support import node_client

HERE = pathlib.Path(__file__).parent
BINARIES = pathlib.Path(os.environ.get("GATEWRIGHT_BIN_DIR", "target/release"))
GATEWAY = "arn:aws:apigateway:us-east-1:lambda:path/"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
TRACE = "Root=1-5e5fa2e7-000000000000000000000000;Parent=0000000000000001;Sampled=1"


def integration(function, streams=False):
    path = f"2015-03-31/functions/{ARN}{function}/invocations"
    if streams:
        path = f"2021-11-15/functions/{ARN}{function}/response-streaming-invocations"
    made = {"type": "aws_proxy", "httpMethod": "POST", "uri": GATEWAY + path}
    if streams:
        made["responseTransferMode"] = "STREAM"
    return {"responses": {}, "x-amazon-apigateway-integration": made}


def document(function):
    anything = {"x-amazon-apigateway-any-method": integration(function)}
    return {
        "openapi": "3.0.1", "info": {"title": f"events of {function}", "version": "1"},
        "x-amazon-apigateway-binary-media-types": ["image/*", "application/octet-stream"],
        "paths": {
            "/": anything, "/{proxy+}": anything,
            "/pets/{id}/toys/{toy}": anything,
            "/alias": {"get": integration("python:${stageVariables.alias}")},
            "/stream": {"get": integration("rust", streams=True)},
            "/node-stream": {"get": integration("node-streams", streams=True)},
        },
    }


class Api:
    def __init__(self, client, port, function, kind):
        self.port, self.client = port, client
        made = client.import_rest_api(
            body=json.dumps(document(function)), parameters={"endpointConfigurationTypes": kind})
        self.id = made["id"]
        self.deployment = client.create_deployment(
            restApiId=self.id, stageName="dev", variables={"alias": "live"})["id"]
        self.resources = {
            r["path"]: r["id"] for r in client.get_resources(restApiId=self.id, limit=500)["items"]}
        self.host = f"{self.id}.execute-api.localhost"

    def send(self, verb, path, headers=(), body=b""):
        """Sends exactly these bytes of a head; nothing is added but the length."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.putrequest(verb, path, skip_host=True, skip_accept_encoding=True)
        for name, value in [("HOST", self.host), ("x-amzn-trace-id", TRACE), *headers]:
            line.putheader(name, value)
        if body or verb == "POST":
            line.putheader("content-length", str(len(body)))
        line.endheaders(body)
        return line.getresponse()


def merged(into, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merged(into[key], value)
        elif value is ...:
            del into[key]
        else:
            into[key] = value
    return into


def once(**named):
    """Both maps of headers that come once."""
    pairs = {name.replace("_", "-"): value for name, value in named.items()}
    return {"headers": pairs, "multiValueHeaders": {n: [v] for n, v in pairs.items()}}


def path(path, context, proxy):
    return {"path": path, "pathParameters": {"proxy": proxy}, "requestContext": {"path": context}}


def query(single, multi):
    return {"queryStringParameters": single, "multiValueQueryStringParameters": multi}


def elsewhere(resource, path, parameters):
    return {"resource": resource, "path": path, "pathParameters": parameters,
            "requestContext": {"path": "/dev" + path, "resourcePath": resource}}


def posted(changes):
    return merged({"httpMethod": "POST", "requestContext": {"httpMethod": "POST"}}, changes)


def typed(media, body, is_base64=False):
    return posted({**once(Content_Type=media), "body": body, "isBase64Encoded": is_base64})


# Verb, path behind the host, headers, body -> how the event differs from that
# of a plain GET /dev/proxy-value.
SHAPES = [
    ("GET", "/dev/proxy-value", [], b"", {}),
    ("GET", "/dev/proxy-value/", [], b"",
     path("/proxy-value/", "/dev/proxy-value/", "proxy-value")),
    ("GET", "/dev/proxy-value//double-slash", [], b"",
     path("/proxy-value//double-slash", "/dev/proxy-value//double-slash", "proxy-value//double-slash")),
    ("GET", "/dev//proxy-value", [], b"", path("/proxy-value", "/dev//proxy-value", "proxy-value")),
    ("GET", "/dev/test%2Balias@gmail.com", [], b"",
     path("/test%2Balias@gmail.com", "/dev/test%2Balias@gmail.com", "test%2Balias@gmail.com")),
    ("GET", "/dev/a%2Fb/%C3%A4", [], b"", path("/a%2Fb/%C3%A4", "/dev/a%2Fb/%C3%A4", "a%2Fb/%C3%A4")),
    ("GET", "/dev/pets/17/toys/ball", [], b"",
     elsewhere("/pets/{id}/toys/{toy}", "/pets/17/toys/ball", {"id": "17", "toy": "ball", "proxy": ...})),
    ("GET", "/dev/", [], b"", elsewhere("/", "/", None)),
    ("GET", "/dev", [], b"", merged(elsewhere("/", "/", None), {"requestContext": {"path": "/dev"}})),
    ("DELETE", "/dev/proxy-value", [], b"",
     {"httpMethod": "DELETE", "requestContext": {"httpMethod": "DELETE"}}),
    ("GET", "/dev/proxy-value?a=1&b=2&a=3", [], b"",
     query({"a": "3", "b": "2"}, {"a": ["1", "3"], "b": ["2"]})),
    ("GET", "/dev/proxy-value?t=2023-06-01T00:00:00%2B00:00&u=x+y", [], b"",
     query({"t": "2023-06-01T00:00:00+00:00", "u": "x y"},
           {"t": ["2023-06-01T00:00:00+00:00"], "u": ["x y"]})),
    ("GET", "/dev/proxy-value?empty=&none", [], b"",
     query({"empty": "", "none": ""}, {"empty": [""], "none": [""]})),
    ("GET", "/dev/proxy-value?%C3%A4=%22%5C%F0%9F%98%80;b=1", [], b"",
     query({"ä": "\"\\😀", "b": "1"}, {"ä": ["\"\\😀"], "b": ["1"]})),
    ("GET", "/dev/proxy-value?", [], b"", {}),
    ("GET", "/dev/proxy-value", [("aCCept", "*/*"), ("X-CusTom", "a, b")], b"",
     once(aCCept="*/*", X_CusTom="a, b")),
    ("GET", "/dev/proxy-value", [("x-M", "one"), ("other", "o"), ("x-M", "two")], b"",
     {"headers": {"x-M": "two", "other": "o"}, "multiValueHeaders": {"x-M": ["one", "two"], "other": ["o"]}}),
    ("GET", "/dev/proxy-value", [("user-agent", "test/1")], b"",
     {**once(User_Agent="test/1"), "requestContext": {"identity": {"userAgent": "test/1"}}}),
    ("GET", "/dev/proxy-value", [("authorization", "Bearer t")], b"", once(Authorization="Bearer t")),
    ("GET", "/dev/proxy-value", [("AUTHORIZATION", "AWS4-HMAC-SHA256 Credential=x")], b"", {}),
    ("GET", "/dev/proxy-value",
     [("Connection", "keep-alive"), ("TE", "trailers"), ("Content-MD5", "x"), ("Max-Forwards", "1"),
      ("Via", "1.1 proxy"), ("Referer", "r")], b"", once(Via="1.1 proxy", Referer="r")),
    ("GET", "/dev/proxy-value", [("x-forwarded-for", "203.0.113.7"), ("X-Forwarded-Proto", "no")], b"",
     once(X_Forwarded_For="203.0.113.7, 127.0.0.1")),
    ("GET", "/dev/proxy-value", [("Cookie", "a=1; b=2")], b"", once(Cookie="a=1; b=2")),
    ("POST", "/dev/proxy-value", [("Content-Type", "application/json")],
     '{"a": "ä\\n",\n\t"b": 1}\x01'.encode(), typed("application/json", '{"a": "ä\\n",\n\t"b": 1}\x01')),
    ("POST", "/dev/proxy-value", [], b"plain", posted({"body": "plain"})),
    ("POST", "/dev/proxy-value", [], b"", posted({})),
    ("POST", "/dev/proxy-value", [("Content-Type", "image/png")], b"\x89PNG\0\xff",
     typed("image/png", "iVBORwD/", True)),
    ("POST", "/dev/proxy-value", [("Content-Type", "application/octet-stream; x=y")], b"abc",
     typed("application/octet-stream; x=y", "YWJj", True)),
    ("POST", "/dev/proxy-value", [("Content-Type", "text/plain")], b"a\xff\xfeb",
     typed("text/plain", "a\ufffd\ufffdb")),
    ("POST", "/dev/proxy-value", [("Content-Type", "text/plain")], b"x" * 300_000,
     typed("text/plain", "x" * 300_000)),
]


def plain(api):
    context = {
        "accountId": "000000000000", "apiId": api.id, "deploymentId": api.deployment,
        "domainName": api.host, "domainPrefix": api.id, "httpMethod": "GET",
        "identity": dict.fromkeys([
            "accessKey", "accountId", "caller", "cognitoAuthenticationProvider",
            "cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId",
            "principalOrgId", "user", "userAgent", "userArn"]),
        "path": "/dev/proxy-value", "protocol": "HTTP/1.1", "resourcePath": "/{proxy+}", "stage": "dev",
    }
    context["identity"]["sourceIp"] = "127.0.0.1"
    event = {
        "resource": "/{proxy+}", "path": "/proxy-value", "httpMethod": "GET",
        "queryStringParameters": None, "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": "proxy-value"}, "stageVariables": {"alias": "live"},
        "requestContext": context, "body": None, "isBase64Encoded": False,
    }
    ours = {"Host": api.host, "X-Amzn-Trace-Id": TRACE, "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Port": str(api.port), "X-Forwarded-Proto": "http"}
    return {**event, "headers": ours, "multiValueHeaders": {n: [v] for n, v in ours.items()}}


def check_shape(api, verb, target, headers, body, changes):
    before = time.time() * 1000
    answer = api.send(verb, target, headers, body)
    text = answer.read()
    assert answer.status == 200, (target, answer.status, text)
    event = json.loads(text)["event"]
    context = event["requestContext"]
    assert context.pop("requestId") == answer.headers["x-amzn-RequestId"]
    assert context.pop("extendedRequestId") == answer.headers["x-amz-apigw-id"]
    assert before - 2 <= context["requestTimeEpoch"] <= time.time() * 1000
    stamp = time.gmtime(context.pop("requestTimeEpoch") / 1000)
    assert context.pop("requestTime") == time.strftime("%d/%b/%Y:%H:%M:%S +0000", stamp)
    wanted = merged(plain(api), changes)
    assert context.pop("resourceId") == api.resources[wanted["resource"]]
    assert event == wanted, f"{verb} {target} {headers}:\n{event}\n{wanted}"
    assert answer.headers["X-Amzn-Trace-Id"] == TRACE


def check_answers(api, runtime):
    def ask(answer, accept="*/*"):
        target = "/dev/x?answer=" + urllib.parse.quote(json.dumps(answer))
        got = api.send("GET", target, [("Accept", accept)])
        return got.status, got.headers, got.read()

    internal = b'{"message": "Internal server error"}'
    status, headers, body = ask({"statusCode": "201", "headers": {"X-A": True}, "body": "é"})
    assert (status, headers["x-a"], body) == (201, "true", "é".encode())
    assert headers["content-type"] == "application/json"
    status, headers, _ = ask({"headers": {"a": "solo"}, "multiValueHeaders": {"A": ["m1", "m2"]}})
    assert status == 200 and headers.get_all("a") == ["m1", "m2", "solo"]
    coded = {"body": "/wA=", "isBase64Encoded": True}
    assert ask(coded)[2] == b"/wA=" and ask(coded, "image/png")[2] == b"\xff\0"
    for bad in [{"statusCode": 200, "wrong": 1}, ["x"], "x", 5, None, {"body": {}}, {"statusCode": "x"}]:
        status, headers, body = ask(bad)
        assert (status, body) == (502, internal), bad
        assert headers["x-amzn-ErrorType"] == "InternalServerErrorException"
    got = api.send("GET", "/dev/x?fail=1")
    assert (got.status, got.read()) == (502, internal)
    print(f"  answers: {runtime}")


def check_streams(api):
    for path, status, by in [("/dev/stream", 200, "rust"), ("/dev/node-stream", 201, "node")]:
        with tempfile.TemporaryDirectory() as folder:
            until = pathlib.Path(folder) / "go on"
            got = api.send("GET", f"{path}?until=" + urllib.parse.quote(str(until)))
            assert (got.status, got.headers["x-by"]) == (status, by), got.headers
            assert got.headers.get_all("set-cookie") == ["a=b", "c=d"]
            assert got.headers["transfer-encoding"] == "chunked"
            assert got.read(4) == b"one,", "before the rest is written"
            until.touch()
            assert got.read() == b"two,three"
    got = api.send("GET", "/dev/node-stream?fail=midway")
    try:
        raise AssertionError(f"an end to {got.read()}")
    except http.client.IncompleteRead as cut:
        assert cut.partial == b"one,two,", cut.partial
    for query, status in [("fail=early", 502), ("bare=1", 500)]:
        got = api.send("GET", "/dev/node-stream?" + query)
        assert (got.status, got.read()) == (status, b'{"message": "Internal server error"}'), query
    print("  streamed: metadata, chunks as they come, errors: lambda_runtime, aws-lambda-ric")


def check_alias(api):
    told = json.loads(api.send("GET", "/dev/alias").read())
    assert told["version"] == "1" and told["official"], told
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=[
        {"op": "replace", "path": "/variables/alias", "value": "latest"}])
    told = json.loads(api.send("GET", "/dev/alias").read())
    assert told["version"] == "$LATEST", told
    api.client.update_stage(restApiId=api.id, stageName="dev", patchOperations=[
        {"op": "replace", "path": "/variables/alias", "value": "nobody"}])
    assert api.send("GET", "/dev/alias").status == 502, "no such alias"
    print("  stage variables choose the alias")


def check_edge(api):
    told = json.loads(api.send("GET", "/dev/x", [("x-cusTom", "1"), ("aCCept", "*/*")]).read())
    names = set(told["event"]["headers"])
    assert {"X-Custom", "Accept", "Host"} <= names, names
    print("  edge-optimised: names of headers are capitalised")


def main():
    state = tempfile.mkdtemp()
    os.chmod(state, 0o755)
    place = ["--state-dir", f"{state}/s"]
    environment = dict(os.environ, CARGO_TARGET_DIR=str(
        pathlib.Path("target/ecosystem-functions").absolute()))
    environment["NODE_PATH"] = node_client()
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"]:
        environment.pop(name, None)
    up = subprocess.run(
        [BINARIES / "gwctl", "up", "--detach", *place, "--nodes", "1", "--admin-port", "0",
         "--fleet-port", "0", "--traffic-port", "0", "--metrics-port", "0", "--output", "json",
         "--functions", HERE / "lambda", "--functions-port", "0"],
        check=True, stdout=subprocess.PIPE, env=environment)
    try:
        up = json.loads(up.stdout)
        port = int(re.search(r":(\d+)", up["traffic_url"][6:]).group(1))
        client = boto3.client(
            "apigateway", endpoint_url=up["admin_url"], region_name="us-east-1",
            aws_access_key_id=up["access_key_id"], aws_secret_access_key=up["secret_access_key"])
        for runtime in ["python", "node", "rust"]:
            api = Api(client, port, runtime, "REGIONAL")
            answer = api.send("GET", "/dev/x")
            assert answer.headers["x-by"] == runtime
            assert json.loads(answer.read()).get("official", runtime == "rust"), "AWS's client"
            for shape in SHAPES:
                check_shape(api, *shape)
            print(f"  {len(SHAPES)} shapes of events: {runtime}")
            check_answers(api, runtime)
        check_streams(api)
        check_alias(api)
        check_edge(Api(client, port, "python", "EDGE"))
    except BaseException:
        logs = subprocess.run([BINARIES / "gwctl", "logs", "functions", *place], capture_output=True)
        print(logs.stdout.decode()[-4000:])
        raise
    finally:
        subprocess.run([BINARIES / "gwctl", "down", *place], capture_output=True)
        subprocess.run(["rm", "-rf", state])
    print("lambda story: done")


if __name__ == "__main__":
    main()
