#!/usr/bin/env python3
"""Functions on AWS's own clients for Node and Python, aws-lambda-ric and
awslambdaric, and then on ours: the same functions, the same answers, streams,
errors and log lines."""

import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import urllib.parse

import boto3
from botocore.config import Config

from functions_story import lives
from story_support import node_client

HERE = pathlib.Path(__file__).parent
BINARIES = pathlib.Path(os.environ.get("GATEWRIGHT_BIN_DIR", "target/release"))
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
TRACE = "Root=1-5e5fa2e7-000000000000000000000000;Parent=0000000000000001;Sampled=1"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
STREAM = r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}"
METADATA = b'{"statusCode":201,"headers":{"x-by":"node"},"cookies":["a=b"]}' + b"\0" * 8
MOST = 6_291_556
UNFIT, UNABLE = "Runtime.MarshalError", "Unable to marshal response: "
UNHEARD = "Runtime.UnhandledPromiseRejection"
TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({MOST} bytes)."
EXIT = "RequestId: ID Error: Runtime exited with error: exit status 3"

# Function, event -> what is answered, bytes or JSON, or type and message of the
# error.
CALLS = [
    ("does", {"x": [1, "é\U0001f600"]}, {"x": [1, "é\U0001f600"]}),
    ("does", {"pad": "x" * 5_000_000}, {"pad": "x" * 5_000_000}),
    ("does", {"do": "fail"}, ("TypeError", "no dög\nat all")),
    ("does", {"do": "text"}, ("string", "text")),
    ("does", {"do": "later"}, ("RangeError", "later")),
    ("does", {"do": "unheard"}, (UNHEARD, "Error: unheard")),
    ("does", {"do": "exit"}, ("Runtime.ExitError", EXIT)),
    ("does", {"do": "circle"}, ("Error", "Unable to stringify response body")),
    ("does", {"do": "nothing"}, None),
    ("does", {"do": "bytes", "n": MOST}, "x" * (MOST - 2)),
    ("does", {"do": "bytes", "n": MOST + 1}, ("Function.ResponseSizeTooLarge", TOO_LARGE)),
    ("does", {"do": "bytes", "n": 4 * MOST}, ("Function.ResponseSizeTooLarge", TOO_LARGE)),
    ("older", {}, "done"),
    ("older", {"fail": "called back"}, ("Error", "called back")),
    ("older", {"wait": True}, {"wait": True, "waited": True}),
    ("older", {"wait": False}, {"wait": False}),
    ("silent", {}, None),
    ("nested", {"x": 1}, {"deep": {"x": 1}}),
    ("unnamed", {}, ("Runtime.MalformedHandlerName", "Bad handler")),
    ("nohandler", {}, ("Runtime.HandlerNotFound", "index.nothing is undefined or not exported")),
    ("nofile", {}, ("Runtime.ImportModuleError", "Error: Cannot find module 'nofile'...")),
    ("syntax", {}, ("Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected token '}'")),
    ("missing", {}, ("Runtime.ImportModuleError", "Error: Cannot find module 'no-such-module'...")),
    ("module", {}, ("Error", "Cannot find package 'no-such-module' imported from ...")),
    ("throws", {}, ("RangeError", "at load")),
    ("py", {"x": [1, "é\U0001f600"]}, {"x": [1, "é\U0001f600"]}),
    ("py", {"pad": "x" * 5_000_000}, {"pad": "x" * 5_000_000}),
    ("py", {"do": "fail"}, ("KeyError", "'no cat'")),
    ("py", {"do": "exit"}, ("Runtime.ExitError", EXIT)),
    ("py", {"do": "bytes", "n": MOST}, "x" * (MOST - 2)),
    ("py", {"do": "bytes", "n": 4 * MOST}, ("Function.ResponseSizeTooLarge", TOO_LARGE)),
    ("py", {"do": "raw"}, b"no json"),
    ("py", {"do": "nan"}, b"NaN"),
    ("py", {"do": "decimals"}, b"[1.10, 1E+3, NaN]"),
    ("py", {"do": "pair"}, b'{"pair": {"left": 1, "right": "two"}, "tuple": [1], "3": null}'),
    ("py", {"do": "text"}, "é\U0001f600\""),
    ("py", {"do": "set"}, (UNFIT, UNABLE + "Object of type set is not JSON serializable")),
    ("py", {"do": "date"}, (UNFIT, UNABLE + "Object of type datetime is not JSON serializable")),
    ("py", {"do": "circle"}, (UNFIT, UNABLE + "Circular reference detected")),
    ("py-nested", {"x": 1}, {"deep": {"x": 1}}),
    ("py-unnamed", {}, ("Runtime.MalformedHandlerName",
                        "Bad handler 'app': not enough values to unpack (expected 2, got 1)")),
    ("py-nohandler", {}, ("Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'app'")),
    ("py-nofile", {}, ("Runtime.ImportModuleError",
                       "Unable to import module 'nofile': No module named 'nofile'")),
    ("py-builtin", {}, ("Runtime.BuiltInModuleConflict",
                        "Cannot use built-in module time as a handler module")),
    ("py-missing", {}, ("Runtime.ImportModuleError",
                        "Unable to import module 'missing': No module named 'no_such_module'")),
    ("py-throws", {}, ("RuntimeError", "at load")),
    ("py-broken", {}, ("Runtime.UserCodeSyntaxError", "Syntax error in module 'broken': ...")),
]

# Function, event -> the bytes that come, and type and message of the error.
STREAMS = [
    ("streams", {}, METADATA + b"one,two,three", None),
    ("streams", {"do": "fail"}, METADATA + b"one,two,three", ("Error", "midway")),
    ("streams", {"do": "early"}, b"", ("Error", "early")),
    ("streams", {"do": "none"}, b"", None),
    ("streams", {"do": "bare"}, b"no metadata", None),
    ("streams", {"do": "late"}, b'{"by":"object"}, late', None),
    ("streams", {"do": "type"}, METADATA + b"one,two,three",
     ("Runtime.InvalidStreamingOperation", "Cannot set content-type, too late.")),
    ("streams", {"do": "exit"}, METADATA + b"one,two,three",
     ("Runtime.TruncatedResponse|Runtime.ExitError", "RequestId: ID Error: ...")),
    ("streams", {"do": "mebibytes", "n": 20}, METADATA + b"x" * (20 << 20), None),
    # An error after the end is for the log.
    ("plain", {"end": True}, b"plain", None),
    ("plain", {}, b"", ("string", "Streaming does not support non-async handlers.")),
    ("open", {}, b"open", ("Sandbox.Timedout", "RequestId: ID Error: Task timed out after 4.00 seconds")),
    ("does", {"x": 1}, b'{"x":1}', None),
    ("does", {"do": "fail"}, b"", ("TypeError", "no dög\nat all")),
    ("nohandler", {}, b"", ("Runtime.HandlerNotFound", "index.nothing is undefined or not exported")),
]


class Run:
    """A running `gwctl functions run`, with what it logs."""

    def __init__(self, runtime_client, node_path):
        self.log = tempfile.NamedTemporaryFile("r", suffix=".log")
        command = [BINARIES / "gwctl", "functions", "run", HERE / "clients", "--port", "0",
                   "--output", "json", "--region", "us-east-1", "--runtime-client", runtime_client]
        environment = dict(os.environ, NODE_PATH=node_path)
        environment.pop("AWS_ENDPOINT_URL", None)
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=open(self.log.name, "a"))
        line = self.process.stdout.readline()
        assert line, self.logged()
        self.url = json.loads(line)["url"]
        self.client = boto3.client(
            "lambda", endpoint_url=self.url, region_name="us-east-1",
            config=Config(retries={"max_attempts": 0}, read_timeout=120))

    def logged(self):
        return pathlib.Path(self.log.name).read_text()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.logged()


def agrees(said, wanted, id):
    """Whether a message is the wanted one; what stands for `...` may be anything."""
    parts = [re.escape(part) for part in wanted.replace("ID", id).split("...")]
    return re.fullmatch(".*".join(parts), said, re.DOTALL) is not None


def check_error(what, error, wanted, id):
    assert error["errorType"] in wanted[0].split("|"), (what, error)
    assert agrees(error["errorMessage"], wanted[1], id), (what, error)


def check_call(client, name, event, wanted):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    body, what = answer["Payload"].read(), (name, str(event)[:60])
    if isinstance(wanted, tuple):
        assert answer.get("FunctionError") == "Unhandled", (what, body)
        check_error(what, json.loads(body), wanted, answer["ResponseMetadata"]["RequestId"])
    else:
        told = body if isinstance(wanted, bytes) else json.loads(body)
        assert "FunctionError" not in answer and told == wanted, (what, str(told)[:600])
    return base64.b64decode(answer["LogResult"]).decode()


def check_stream(client, name, event, wanted, error):
    answer = client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event))
    body, end = b"", None
    for piece in answer["EventStream"]:
        if "PayloadChunk" in piece:
            body += piece["PayloadChunk"]["Payload"]
        else:
            end = piece["InvokeComplete"]
    assert body == wanted, (name, event, body[:300], len(body))
    assert ("ErrorCode" in end) == bool(error), (name, event, end)
    if error:
        assert end["ErrorCode"] in error[0].split("|"), (name, event, end)
        id = answer["ResponseMetadata"]["RequestId"]
        check_error((name, event), json.loads(end["ErrorDetails"]), error, id)


def call(run, name):
    """An answer and its log, of a call with a context and a trace."""
    custom = base64.b64encode(json.dumps({"custom": {"k": "é"}}).encode()).decode()
    line = http.client.HTTPConnection(urllib.parse.urlparse(run.url).netloc, timeout=120)
    line.request("POST", f"/2015-03-31/functions/{name}/invocations", b'{"x": 1}', {
        "X-Amzn-Trace-Id": TRACE, "X-Amz-Client-Context": custom, "X-Amz-Log-Type": "Tail"})
    answer = line.getresponse()
    whole, id = json.loads(answer.read()), answer.headers["x-amzn-RequestId"]
    assert whole["event"] == {"x": 1} and whole["trace"] == TRACE, whole
    assert 0 < whole["left"] <= 30_000, whole
    return whole["told"], id, base64.b64decode(answer.headers["x-amz-log-result"]).decode()


def logs(log, id, *parts):
    for part in [rf"START RequestId: {id} Version: \$LATEST\n", *parts, f"END RequestId: {id}\n",
                 rf"REPORT RequestId: {id}\tDuration: .*Memory Size: 256 MB.*Init Duration: "]:
        assert re.search(part, log), (part, log)


def check_contexts(run):
    told, id, log = call(run, "context")
    assert re.fullmatch(STREAM, told.pop("logStreamName")), told
    assert told == {
        "callbackWaitsForEmptyEventLoop": True, "functionName": "context",
        "functionVersion": "$LATEST", "memoryLimitInMB": "256",
        "logGroupName": "/aws/lambda/context", "clientContext": {"custom": {"k": "é"}},
        "invokedFunctionArn": ARN + "context", "awsRequestId": id}, told
    logs(log, id, rf"{STAMP}\t{id}\tINFO\thello {{ from: 'node' }}\n",
         rf"{STAMP}\t{id}\tERROR\ttwo\rlines\n")
    told, id, log = call(run, "py-context")
    assert re.fullmatch(STREAM, told.pop("stream")), told
    assert told == {
        "id": id, "arn": ARN + "py-context", "name": "py-context", "version": "$LATEST",
        "memory": "256", "group": "/aws/lambda/py-context", "custom": {"k": "é"}, "env": None,
        "identity": None}, told
    logs(log, id, "hello from print\n", rf"\[WARNING\]\t{STAMP}\t{id}\ttwo\nlines\n")


def check_clients(run, node, python):
    logged = run.logged()
    assert len(re.findall(rf"Node .* with {node}\n", logged)) == 15, logged
    assert len(re.findall(rf"Python .* with {python}\n", logged)) == 10, logged
    check_contexts(run)
    for name, event, wanted in CALLS:
        log = check_call(run.client, name, event, wanted)
        if (name, event) == ("does", {"do": "fail"}):
            line = '\tERROR\tInvoke Error \t{"errorType":"TypeError","errorMessage":"no dög\\nat all","code":7,"stack":["TypeError: no dög"'
            assert line in log, log
    for row in STREAMS:
        check_stream(run.client, *row)
    # Streamed, and asked for whole.
    check = run.client.invoke(FunctionName="streams", Payload="{}")
    assert check["Payload"].read() == METADATA + b"one,two,three"
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        wait = json.dumps({"do": "wait", "ms": 500})
        calls = [pool.submit(run.client.invoke, FunctionName=name, Payload=wait)
                 for name in ["does", "py"] for _ in range(2)]
        pids = {json.loads(call.result()["Payload"].read()) for call in calls}
    run.stop()
    assert not any(lives(pid) for pid in pids), "nothing is left"


def main():
    modules = node_client()
    ours = "Gatewright's runtime client"
    for choice, *names in [("official", "aws-lambda-ric", "awslambdaric"), ("own", ours, ours)]:
        run = Run(choice, modules)
        try:
            check_clients(run, *names)
            print(f"  {choice} clients: {len(CALLS)} calls, {len(STREAMS)} streams, contexts, log lines")
        except BaseException:
            print(run.logged()[-6000:])
            raise
        finally:
            run.process.kill()
            run.process.wait()
    print("clients story: done")


if __name__ == "__main__":
    main()
