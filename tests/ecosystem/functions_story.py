#!/usr/bin/env python3
"""Lambda functions on this machine: awslambdaric, lambda_runtime and
aws-lambda-ric as runtimes, boto3 as the caller, all unmodified."""

import base64
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from story_support import node_client

HERE = pathlib.Path(__file__).parent
BINARIES = pathlib.Path(os.environ.get("GATEWRIGHT_BIN_DIR", "target/release"))
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


class Run:
    """A running `gwctl functions run`, with what it logs."""

    def __init__(self, *flags):
        self.log = tempfile.NamedTemporaryFile("r", suffix=".log")
        command = [BINARIES / "gwctl", "functions", "run", HERE / "functions", "--port", "0",
                   "--output", "json", "--region", "us-east-1", *flags]
        environment = dict(os.environ, CARGO_TARGET_DIR=str(
            pathlib.Path("target/ecosystem-functions").absolute()), NODE_PATH=node_client())
        environment.pop("AWS_ENDPOINT_URL", None)
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=open(self.log.name, "a"))
        line = self.process.stdout.readline()
        assert line, self.logged()
        self.ready = json.loads(line)

    def logged(self):
        return pathlib.Path(self.log.name).read_text()

    def client(self):
        return boto3.client(
            "lambda", endpoint_url=self.ready["url"], region_name="us-east-1",
            config=Config(retries={"max_attempts": 0}, read_timeout=60))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.logged()


def invoke(client, name, event=None, **more):
    if event is not None:
        more["Payload"] = json.dumps(event)
    answer = client.invoke(FunctionName=name, **more)
    body = answer["Payload"].read()
    return answer, json.loads(body) if body else None


def refused(call, code, status):
    try:
        call()
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error.response
        return error.response
    raise AssertionError(f"{code} expected")


def lives(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def sync(client, official):
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    answer, told = invoke(client, "python", {"x": [1, "é"]}, LogType="Tail", ClientContext=context)
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer
    assert answer["ExecutedVersion"] == "$LATEST"
    assert told["event"] == {"x": [1, "é"]} and told["custom"] == {"k": "v"}
    assert told["arn"] == ARN + "python" and told["version"] == "$LATEST"
    assert told["variable"] == "cats" and told["region"] == "us-east-1"
    assert 0 < told["left"] <= 3000
    assert told["id"] == answer["ResponseMetadata"]["RequestId"]
    log = base64.b64decode(answer["LogResult"]).decode()
    for part in [f"START RequestId: {told['id']} Version: $LATEST\n", "hello from python\n",
                 "logged\n", f"END RequestId: {told['id']}\n", "Memory Size: 256 MB", "Init Duration"]:
        assert part in log, (part, log)
    answer, again = invoke(client, ARN + "python:live")
    assert answer["ExecutedVersion"] == "1" and again["version"] == "1"
    assert again["event"] == {} and again["arn"] == ARN + "python:live"
    assert again["pid"] != told["pid"], "a version has processes of its own"
    assert invoke(client, "python", {})[1]["pid"] == told["pid"], "warm"
    for name in ["node", "rust"]:
        answer, told = invoke(client, name, {"x": 1}, LogType="Tail")
        assert told["event"] == {"x": 1} and told["arn"] == ARN + name, told
        assert f"hello from {name}" in base64.b64decode(answer["LogResult"]).decode()
        assert invoke(client, name, {})[1]["pid"] == told["pid"], "warm"
    print(f"  sync: python and node ({official}), rust")


def failures(client):
    answer, error = invoke(client, "python", {"do": "fail"})
    assert answer["FunctionError"] == "Unhandled" and answer["StatusCode"] == 200
    assert error["errorType"] == "KeyError" and error["errorMessage"] == "'no cat'", error
    assert any("in handler" in line for line in error["stackTrace"]), error
    _, error = invoke(client, "node", {"do": "fail"})
    assert (error["errorType"], error["errorMessage"]) == ("TypeError", "no dog"), error
    answer, error = invoke(client, "rust", {"do": "fail"})
    assert answer["FunctionError"] == "Unhandled" and error["errorMessage"] == "no cat", error
    answer, error = invoke(client, "rust", {"do": "panic"})
    assert answer["FunctionError"] == "Unhandled" and "on purpose" in error["errorMessage"], error
    for name in ["python", "node", "rust"]:
        answer, error = invoke(client, name, {"do": "exit"})
        id = answer["ResponseMetadata"]["RequestId"]
        text = f"RequestId: {id} Error: Runtime exited with error: exit status 3"
        assert error == {"errorType": "Runtime.ExitError", "errorMessage": text}, error
    for name in ["python", "node", "rust"]:
        pid = invoke(client, name, {})[1]["pid"]
        since = time.time()
        answer, error = invoke(client, name, {"do": "sleep"})
        id = answer["ResponseMetadata"]["RequestId"]
        assert answer["FunctionError"] == "Unhandled" and 2.9 < time.time() - since < 20
        text = f"RequestId: {id} Error: Task timed out after 3.00 seconds"
        assert error == {"errorType": "Sandbox.Timedout", "errorMessage": text}, error
        assert not lives(pid), "killed"
        assert invoke(client, name, {})[1]["pid"] != pid, "cold again"
    print("  failures: raised, panicked, exited, timed out")


def refusals(client):
    body = refused(lambda: invoke(client, "nope"), "ResourceNotFoundException", 404)
    assert body["Error"]["Message"] == f"Function not found: {ARN}nope", body
    refused(lambda: invoke(client, "python:test"), "ResourceNotFoundException", 404)
    refused(lambda: client.invoke(FunctionName="python", Payload=b"{"),
            "InvalidRequestContentException", 400)
    refused(lambda: client.invoke(FunctionName="python", Payload=b'"' + b"x" * 6291456 + b'"'),
            "RequestTooLargeException", 413)
    assert client.invoke(FunctionName="python", InvocationType="DryRun")["StatusCode"] == 204
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(invoke, client, "python", {"do": "sleep", "s": 1.5}) for _ in range(3)]
        time.sleep(0.7)
        body = refused(lambda: invoke(client, "python"), "TooManyRequestsException", 429)
        assert body["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded", body
        assert len({call.result()[1]["pid"] for call in waiting}) == 3, "three at once"
    print("  refusals: 404, 400, 413, 429")


def asynchronous(client):
    with tempfile.NamedTemporaryFile("r") as file:
        answer = client.invoke(FunctionName="python", InvocationType="Event",
                               Payload=json.dumps({"do": "note", "file": file.name}))
        assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
        until = time.time() + 30
        while file.read().count("\n") != 3:
            assert time.time() < until, "three tries"
            file.seek(0)
            time.sleep(0.1)
        file.seek(0)
        assert set(file.read().split()) == {answer["ResponseMetadata"]["RequestId"]}
    print("  asynchronous: accepted, tried three times under one id")


def streamed(client, name, event, until=None):
    """What comes, and how it ended; `until` is told that the first has come."""
    answer = client.invoke_with_response_stream(
        FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    body, end = b"", None
    for event in answer["EventStream"]:
        if "PayloadChunk" in event:
            body += event["PayloadChunk"]["Payload"]
            if until and b"one," in body and not until.exists():
                assert b"two" not in body, "as they come"
                until.touch()
        else:
            end = event["InvokeComplete"]
    return body, end


def streaming(client):
    for name, event, status in [("streams", {}, 201), ("rust", {"do": "stream"}, None)]:
        with tempfile.TemporaryDirectory() as folder:
            until = pathlib.Path(folder) / "go on"
            body, end = streamed(client, name, {**event, "until": str(until)}, until)
        prelude, text = body.split(b"\0" * 8)
        assert text == b"one,two,three", body
        assert json.loads(prelude).get("statusCode", 200) == (status or 200), prelude
        assert "ErrorCode" not in end and "START" in base64.b64decode(end["LogResult"]).decode()
        body, end = streamed(client, name, {**event, "fail": True})
        if name == "rust":
            # lambda_runtime 1.5 writes its trailers as data, so they are data.
            text = body.split(b"\0" * 8)[1]
            assert text.startswith(b"one,two,threeLambda-Runtime-Function-Error-Type: "), body
        else:
            assert body.endswith(b"three") and end["ErrorCode"] == "Error", (body, end)
            assert "midway" in end["ErrorDetails"], end
        # Whole, for who asks so.
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
        assert answer["Payload"].read().endswith(b"\0one,two,three")
    body, end = streamed(client, "python", {"x": 1})
    assert json.loads(body)["event"] == {"x": 1} and "ErrorCode" not in end
    _, end = streamed(client, "python", {"do": "exit"})
    assert end["ErrorCode"] == "Runtime.ExitError", end
    print("  streaming: node, rust; whole answers as one chunk; failures at the end")


def reads(client):
    names = [f["FunctionName"] for f in client.list_functions()["Functions"]]
    assert names == ["node", "python", "rust", "streams"], names
    assert client.get_paginator("list_functions").paginate(
        PaginationConfig={"PageSize": 1}).build_full_result()["Functions"][3]["Handler"] == "index.streams"
    function = client.get_function(FunctionName="python", Qualifier="live")
    assert function["Configuration"]["Version"] == "1"
    assert function["Concurrency"]["ReservedConcurrentExecutions"] == 3
    configuration = client.get_function_configuration(FunctionName="python")
    assert configuration["Runtime"].startswith("python3.") and configuration["Timeout"] == 3
    assert configuration["Environment"]["Variables"] == {"TABLE": "cats"}
    aliases = client.list_aliases(FunctionName="python")["Aliases"]
    assert [(a["Name"], a["FunctionVersion"]) for a in aliases] == [("live", "1")]
    assert client.get_alias(FunctionName="python", Name="live")["AliasArn"] == ARN + "python:live"
    versions = client.list_versions_by_function(FunctionName="python")["Versions"]
    assert [v["Version"] for v in versions] == ["$LATEST", "1"]
    refused(lambda: client.get_function(FunctionName="nope"), "ResourceNotFoundException", 404)
    print("  reads: functions, versions, aliases")


def command_line(url):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        said = subprocess.run(
            ["aws", "lambda", "invoke", "--function-name", "node:$LATEST", "--payload", '{"by":"cli"}',
             "--endpoint-url", url, "--region", "us-east-1", str(out)],
            check=True, capture_output=True, text=True)
        assert json.loads(said.stdout) == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}, said
        assert json.loads(out.read_text())["event"] == {"by": "cli"}
        event = pathlib.Path(folder) / "event.json"
        event.write_text('{"do":"fail"}')
        said = subprocess.run(
            [BINARIES / "gwctl", "functions", "invoke", "python", "--event", event, "--url", url],
            capture_output=True, text=True)
        assert said.returncode == 1 and json.loads(said.stdout)["errorType"] == "KeyError", said
        assert "START RequestId" in said.stderr, said
    print("  command lines: aws lambda invoke, gwctl functions invoke")


def warm_times(client):
    for name in ["python", "node", "rust"]:
        invoke(client, name, {})
        since = time.time()
        for _ in range(100):
            invoke(client, name, {})
        print(f"  warm {name}: {(time.time() - since) * 10:.2f} ms a call, boto3's part included")


def main():
    run = Run("--runtime-client", "auto")
    try:
        assert run.ready["functions"] == ["node", "python", "rust", "streams"]
        logged = run.logged()
        assert "with awslambdaric" in logged and "with aws-lambda-ric" in logged, logged
        client = run.client()
        sync(client, "AWS's clients")
        failures(client)
        refusals(client)
        asynchronous(client)
        streaming(client)
        reads(client)
        command_line(run.ready["url"])
        warm_times(client)
        pids = [invoke(client, name, {})[1]["pid"] for name in ["python", "node", "rust"]]
        run.stop()
        assert not any(lives(pid) for pid in pids), "nothing is left"
        run = Run("--runtime-client", "own")
        sync(run.client(), "our clients")
        pids = [invoke(run.client(), name, {})[1]["pid"] for name in ["python", "node", "rust"]]
        run.process.kill()
        run.process.wait()
        until = time.time() + 10
        while any(lives(pid) for pid in pids):
            assert time.time() < until, "a runtime outlives a killed server"
            time.sleep(0.05)
    except BaseException:
        print(run.logged()[-6000:])
        raise
    finally:
        run.process.kill()
    print("functions story: done")


if __name__ == "__main__":
    main()
