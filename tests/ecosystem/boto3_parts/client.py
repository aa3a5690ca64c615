"""What every chapter needs: a client that counts, checks, and a caller of nodes.

Credentials and address come from the environment, as AWS's own names:
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL.
With GATEWRIGHT_TRAFFIC_URL deployed APIs are called too.
"""

import os
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
TRAFFIC = os.environ.get("GATEWRIGHT_TRAFFIC_URL")
SESSION = boto3.Session()
CONFIG = Config(retries={"max_attempts": 1})
CLIENT = SESSION.client("apigateway", endpoint_url=ENDPOINT, config=CONFIG)

USED = set()


def note(http_response, model, **_):
    """Counts an operation once it has succeeded."""
    if http_response.status_code < 300:
        USED.add(model.name)


CLIENT.meta.events.register("after-call.apigateway", note)


def arn(of):
    return f"arn:aws:apigateway:{SESSION.region_name}::{of}"


def expect(what, found, expected):
    assert found == expected, f"{what}: expected {expected!r}, found {found!r}"


def refused(call, code, message=None, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        expect("error code", error.response["Error"]["Code"], code)
        if message is not None:
            expect("error message", error.response["Error"]["Message"], message)
        return error.response
    raise AssertionError(f"{code} was expected, and the call succeeded")


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


def add(path, value=None):
    return {"op": "add", "path": path} | ({} if value is None else {"value": value})


def remove(path, value=None):
    return {"op": "remove", "path": path} | ({} if value is None else {"value": value})


def ids(items):
    return {item["id"] for item in items}


def request(path, headers=None, body=None):
    """Status and text of a node's answer; with a body it is a POST."""
    data = None if body is None else body.encode()
    asked = urllib.request.Request(TRAFFIC + path, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def traffic(api, path, expected, status=200, headers=None, body=None):
    """Nodes answer like this to requests of the API."""
    if TRAFFIC:
        found = request(f"/_aws/execute-api/{api}/{path}", headers, body)
        expect(path, found, (status, expected))


def mock(api, resource, text, verb="GET", **method):
    """A method that the gateway answers by itself."""
    where = {"restApiId": api, "resourceId": resource, "httpMethod": verb}
    CLIENT.put_method(**where, authorizationType="NONE", **method)
    CLIENT.put_method_response(
        **where, statusCode="200", responseParameters={"method.response.header.X-Story": True}
    )
    integration = CLIENT.put_integration(
        **where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
    )
    expect("timeout", integration["timeoutInMillis"], 29000)
    expect("cacheNamespace", integration["cacheNamespace"], resource)
    CLIENT.put_integration_response(
        **where,
        statusCode="200",
        responseParameters={"method.response.header.X-Story": "'told'"},
        responseTemplates={"application/json": text},
    )
    return where


def small_api(name, text, **method):
    """An API with one MOCK at `GET /`."""
    api = CLIENT.create_rest_api(name=name)
    where = mock(api["id"], api["rootResourceId"], text, **method)
    return api["id"], where


def deploy(api, stage="prod"):
    return CLIENT.create_deployment(restApiId=api, stageName=stage)["id"]
