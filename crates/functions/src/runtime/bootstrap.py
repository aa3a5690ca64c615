"""Gatewright's client of the Lambda Runtime API for Python.

Stands in for awslambdaric where that is not installed: it imports the handler
that its argument names, asks for invocations, and answers them. Nothing but
the standard library is used.
"""

import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime"


class Client:
    """One connection to the Runtime API, opened again when it breaks."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(API, timeout=None)

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, BASE + path, body, headers or {})
        response = self.connection.getresponse()
        return response, response.read()


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, headers):
        get = headers.get
        env = os.environ.get
        self.aws_request_id = get("Lambda-Runtime-Aws-Request-Id")
        self.invoked_function_arn = get("Lambda-Runtime-Invoked-Function-Arn")
        self.function_name = env("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = env("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = env("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = Identity(get("Lambda-Runtime-Cognito-Identity"))
        self.client_context = client_context(get("Lambda-Runtime-Client-Context"))
        self.tenant_id = get("Lambda-Runtime-Aws-Tenant-Id")
        self._deadline_ms = int(get("Lambda-Runtime-Deadline-Ms") or 0)

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class Identity:
    def __init__(self, text):
        told = json.loads(text) if text else {}
        self.cognito_identity_id = told.get("cognitoIdentityId")
        self.cognito_identity_pool_id = told.get("cognitoIdentityPoolId")


class Record:
    """The members of a mapping as attributes, absent ones as None."""

    def __init__(self, told, names):
        for name in names:
            setattr(self, name, told.get(name))


def client_context(text):
    if not text:
        return None
    told = json.loads(text)
    context = Record(told, ["custom", "env"])
    context.client = Record(
        told.get("client") or {},
        ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"],
    )
    return context


class Formatter(logging.Formatter):
    """Log lines as they look at AWS."""

    request_id = ""
    converter = time.gmtime

    def format(self, record):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", self.converter(record.created))
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return "[%s]\t%s.%03dZ\t%s\t%s" % (
            record.levelname, stamp, record.msecs, Formatter.request_id, text)


class Unfit(Exception):
    """The handler cannot be had; AWS's error type and message."""

    def __init__(self, kind, message, stack=()):
        super().__init__(message)
        self.error = {
            "errorMessage": message, "errorType": kind, "requestId": "", "stackTrace": list(stack)}


def find_handler(name):
    module_name, _, function_name = name.rpartition(".")
    if not module_name:
        raise Unfit("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack"
                    " (expected 2, got 1)" % name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Unfit("Runtime.ImportModuleError",
                    "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        where = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Unfit("Runtime.UserCodeSyntaxError",
                    "Syntax error in module '%s': %s" % (module_name, error), where)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Unfit("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'"
                    % (function_name, module_name))


def described(error, request_id):
    frames = traceback.extract_tb(error.__traceback__)
    own = os.path.abspath(__file__)
    stack = traceback.format_list([f for f in frames if os.path.abspath(f.filename) != own])
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": stack,
    }


def post_error(client, path, error):
    headers = {"Lambda-Runtime-Function-Error-Type": error["errorType"],
               "Content-Type": "application/json"}
    print("[ERROR] %s: %s" % (error["errorType"], error["errorMessage"]))
    if error["stackTrace"]:
        print("Traceback (most recent call last):\n" + "".join(error["stackTrace"]), end="")
    client.call("POST", path, json.dumps(error).encode(), headers)


def plain(value):
    """What json does not know by itself; AWS's client writes these two alike."""
    import datetime
    import decimal
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def answer(client, handler, response, body):
    headers = response.headers
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    Formatter.request_id = request_id
    trace = headers.get("Lambda-Runtime-Trace-Id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    path = "/invocation/" + request_id
    try:
        result = handler(json.loads(body), Context(headers))
    except Exception as error:  # whatever the handler raises is its answer
        post_error(client, path + "/error", described(error, request_id))
        return
    try:
        text = json.dumps(result, ensure_ascii=False, default=plain)
    except Exception as error:
        told = described(error, request_id)
        told["errorType"] = "Runtime.MarshalError"
        told["errorMessage"] = "Unable to marshal response: %s" % error
        told["stackTrace"] = []
        post_error(client, path + "/error", told)
        return
    client.call("POST", path + "/response", text.encode(), {"Content-Type": "application/json"})


def main():
    sys.path.insert(0, os.getcwd())
    # Packages of the function come before the folder of this file.
    sys.path = [p for p in sys.path if p != os.path.dirname(os.path.abspath(__file__))]
    console = logging.StreamHandler(sys.stdout)
    console.setFormatter(Formatter())
    logging.getLogger().addHandler(console)
    client = Client()
    try:
        handler = find_handler(sys.argv[1])
    except Unfit as unfit:
        post_error(client, "/init/error", unfit.error)
        sys.exit(1)
    except Exception as error:  # raised at the top of the module
        post_error(client, "/init/error", described(error, ""))
        sys.exit(1)
    while True:
        try:
            response, body = client.call("GET", "/invocation/next")
        except (OSError, http.client.HTTPException):
            # Whoever started us has gone.
            sys.exit(0)
        answer(client, handler, response, body)


if __name__ == "__main__":
    main()
