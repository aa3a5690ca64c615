"""Gatewright's client of the Lambda Runtime API for Python.

Stands in for awslambdaric where that is not installed: it imports the handler
that its argument names, asks for invocations, and answers them. Nothing but
the standard library is used.
"""

import decimal
import http.client
import importlib
import json
import logging
import os
import re
import sys
import time
import traceback
import uuid

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
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Unfit("Runtime.BuiltInModuleConflict",
                    "Cannot use built-in module %s as a handler module" % module_name)
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


# From the runtime of Python 3.12 on AWS's client writes characters as they are.
ESCAPED = os.environ.get("AWS_EXECUTION_ENV") not in {
    "AWS_Lambda_python3.%d" % minor for minor in range(12, 16)}

# Stands around the digits of a decimal until all is text.
MARK = uuid.uuid4().hex


def plain(value, above=()):
    """A value that json writes as AWS's client would: bytes as text, named
    tuples as objects, decimals digit by digit."""
    if isinstance(value, decimal.Decimal):
        return float("nan") if value.is_nan() else "%s%s%s" % (MARK, value, MARK)
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, (dict, list, tuple)):
        return value
    if id(value) in above:
        raise ValueError("Circular reference detected")
    above = (*above, id(value))
    if isinstance(value, tuple) and callable(getattr(value, "_asdict", None)):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: plain(member, above) for name, member in value.items()}
    return [plain(member, above) for member in value]


def marshalled(result):
    if isinstance(result, bytes):
        return result
    text = json.dumps(plain(result), ensure_ascii=ESCAPED)
    return re.sub('"?%s"?' % MARK, "", text).encode()


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
        answered = marshalled(result)
    except Exception as error:
        told = described(error, request_id)
        told["errorType"] = "Runtime.MarshalError"
        told["errorMessage"] = "Unable to marshal response: %s" % error
        told["stackTrace"] = []
        post_error(client, path + "/error", told)
        return
    client.call("POST", path + "/response", answered, {"Content-Type": "application/json"})


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
