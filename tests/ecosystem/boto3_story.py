#!/usr/bin/env python3
"""The whole story of an API by boto3, unmodified, by its endpoint alone.

Credentials and address come from the environment, as AWS's own names:
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL.
With GATEWRIGHT_TRAFFIC_URL the deployed API is called too.
"""

import json
import os
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
TRAFFIC = os.environ.get("GATEWRIGHT_TRAFFIC_URL")
SESSION = boto3.Session()
CONFIG = Config(retries={"max_attempts": 1})
CLIENT = SESSION.client("apigateway", endpoint_url=ENDPOINT, config=CONFIG)


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


def traffic(api, path, expected):
    if TRAFFIC:
        url = f"{TRAFFIC}/_aws/execute-api/{api}/{path}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            expect(url, answer.read().decode(), expected)


def mock(api, resource, text):
    """A GET method that the gateway answers by itself."""
    where = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    method = CLIENT.put_method(**where, authorizationType="NONE")
    expect("apiKeyRequired", method["apiKeyRequired"], False)
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


def working_copy():
    api = CLIENT.create_rest_api(
        name="boto3-story", description="d", binaryMediaTypes=["image/png"], tags={"team": "a"}
    )
    api_id, root = api["id"], api["rootResourceId"]
    expect("endpoint", api["endpointConfiguration"]["types"], ["EDGE"])
    assert api["createdDate"].year >= 2024
    operations = [
        replace("/name", "boto3-told"),
        {"op": "add", "path": "/binaryMediaTypes/application~1pdf"},
        {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
        replace("/minimumCompressionSize", "100"),
    ]
    api = CLIENT.update_rest_api(restApiId=api_id, patchOperations=operations)
    expect("name", api["name"], "boto3-told")
    expect("types", api["binaryMediaTypes"], ["application/pdf"])
    expect("tags", CLIENT.get_rest_api(restApiId=api_id)["tags"], {"team": "a"})
    found = [
        one["id"]
        for page in CLIENT.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 1})
        for one in page["items"]
    ]
    assert api_id in found, found
    arn = f"arn:aws:apigateway:{SESSION.region_name}::/restapis/{api_id}"
    CLIENT.tag_resource(resourceArn=arn, tags={"stage": "x"})
    CLIENT.untag_resource(resourceArn=arn, tagKeys=["team"])
    expect("tags", CLIENT.get_tags(resourceArn=arn)["tags"], {"stage": "x"})

    pets = CLIENT.create_resource(restApiId=api_id, parentId=root, pathPart="pets")
    expect("path", pets["path"], "/pets")
    one = CLIENT.create_resource(restApiId=api_id, parentId=pets["id"], pathPart="{id}")
    refused(
        CLIENT.create_resource,
        "BadRequestException",
        "A sibling ({id}) of this resource already has a variable path part -- only one is allowed",
        restApiId=api_id, parentId=pets["id"], pathPart="{other}",
    )
    refused(
        CLIENT.create_resource, "ConflictException",
        "Another resource with the same parent already has this name: pets",
        restApiId=api_id, parentId=root, pathPart="pets",
    )
    CLIENT.update_resource(
        restApiId=api_id, resourceId=one["id"], patchOperations=[replace("/pathPart", "{pet}")]
    )
    where = mock(api_id, pets["id"], "one")
    CLIENT.update_method(**where, patchOperations=[replace("/operationName", "listPets")])
    CLIENT.update_integration(**where, patchOperations=[replace("/timeoutInMillis", "1000")])
    CLIENT.update_method_response(
        **where, statusCode="200",
        patchOperations=[{"op": "add", "path": "/responseModels/application~1json", "value": "Empty"}],
    )
    method = CLIENT.get_method(**where)
    expect("operationName", method["operationName"], "listPets")
    expect("integration", method["methodIntegration"]["timeoutInMillis"], 1000)
    expect("model", method["methodResponses"]["200"]["responseModels"], {"application/json": "Empty"})
    listed = CLIENT.get_resources(restApiId=api_id, embed=["methods"])["items"]
    paths = {item["path"]: item for item in listed}
    expect("paths", sorted(paths), ["/", "/pets", "/pets/{pet}"])
    expect("method", paths["/pets"]["resourceMethods"]["GET"]["authorizationType"], "NONE")
    CLIENT.create_model(
        restApiId=api_id, name="Pet", contentType="application/json", schema='{"type":"object"}'
    )
    names = sorted(model["name"] for model in CLIENT.get_models(restApiId=api_id)["items"])
    expect("models", names, ["Empty", "Error", "Pet"])
    expect("responses", len(CLIENT.get_gateway_responses(restApiId=api_id)["items"]), 21)
    return api_id, where


def releases(api, where):
    first = CLIENT.create_deployment(
        restApiId=api, stageName="prod", description="one", variables={"a": "1"}
    )["id"]
    traffic(api, "prod/pets", "one")
    CLIENT.update_integration_response(
        **where, statusCode="200",
        patchOperations=[replace("/responseTemplates/application~1json", "two")],
    )
    second = CLIENT.create_deployment(
        restApiId=api, stageName="prod", description="two",
        canarySettings={"percentTraffic": 10.0, "stageVariableOverrides": {"a": "2"}},
    )["id"]
    stage = CLIENT.get_stage(restApiId=api, stageName="prod")
    expect("deployment", stage["deploymentId"], first)
    expect("canary", stage["canarySettings"]["deploymentId"], second)
    expect("percent", stage["canarySettings"]["percentTraffic"], 10.0)
    refused(
        CLIENT.delete_deployment, "BadRequestException",
        "Active stages pointing to this deployment must be moved or deleted",
        restApiId=api, deploymentId=second,
    )
    stage = CLIENT.update_stage(
        restApiId=api, stageName="prod",
        patchOperations=[
            replace("/canarySettings/percentTraffic", "0.0"),
            {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"},
            {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
        ],
    )
    expect("promoted", (stage["deploymentId"], stage["variables"]), (second, {"a": "2"}))
    traffic(api, "prod/pets", "two")
    stage = CLIENT.update_stage(
        restApiId=api, stageName="prod",
        patchOperations=[
            {"op": "remove", "path": "/canarySettings"},
            replace("/*/*/throttling/rateLimit", "10.5"),
            replace("/~1pets/GET/logging/loglevel", "INFO"),
        ],
    )
    assert "canarySettings" not in stage
    expect("rate", stage["methodSettings"]["*/*"]["throttlingRateLimit"], 10.5)
    refused(
        CLIENT.update_stage, "BadRequestException",
        "Invalid add operation with path: /canarySettings/deploymentId",
        restApiId=api, stageName="prod",
        patchOperations=[{"op": "add", "path": "/canarySettings/deploymentId", "value": first}],
    )
    refused(
        CLIENT.create_stage, "BadRequestException", "Deployment id does not exist",
        restApiId=api, stageName="other", deploymentId="zzzzzz",
    )
    CLIENT.create_stage(restApiId=api, stageName="other", deploymentId=first, tags={"k": "v"})
    expect("stages", len(CLIENT.get_stages(restApiId=api)["item"]), 2)
    only = CLIENT.get_stages(restApiId=api, deploymentId=first)["item"]
    expect("stages of one", [stage["stageName"] for stage in only], ["other"])
    CLIENT.update_deployment(
        restApiId=api, deploymentId=first, patchOperations=[replace("/description", "ONE")]
    )
    summary = CLIENT.get_deployment(restApiId=api, deploymentId=first, embed=["apisummary"])
    expect("summary", list(summary["apiSummary"]), ["/pets"])
    expect("description", summary["description"], "ONE")
    expect("deployments", len(CLIENT.get_deployments(restApiId=api)["items"]), 2)
    arn = f"arn:aws:apigateway:{SESSION.region_name}::/restapis/{api}/stages/other"
    CLIENT.tag_resource(resourceArn=arn, tags={"l": "w"})
    expect("stage tags", CLIENT.get_tags(resourceArn=arn)["tags"], {"k": "v", "l": "w"})
    CLIENT.delete_stage(restApiId=api, stageName="other")
    CLIENT.delete_deployment(restApiId=api, deploymentId=first)


def imports():
    document = {
        "openapi": "3.0.1",
        "info": {"title": "imported", "version": "7"},
        "paths": {
            "/hello/{name}": {
                "get": {
                    "responses": {"200": {"description": "ok"}},
                    "x-amazon-apigateway-integration": {
                        "type": "http_proxy", "httpMethod": "GET", "uri": "http://127.0.0.1:1/{name}",
                        "requestParameters": {
                            "integration.request.path.name": "method.request.path.name"
                        },
                    },
                    "parameters": [
                        {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
                    ],
                }
            }
        },
    }
    api = CLIENT.import_rest_api(
        body=json.dumps(document), parameters={"endpointConfigurationTypes": "REGIONAL"}
    )
    expect("name and version", (api["name"], api["version"]), ("imported", "7"))
    expect("endpoint", api["endpointConfiguration"]["types"], ["REGIONAL"])
    document["paths"] = {"/bye": document["paths"]["/hello/{name}"]}
    del document["paths"]["/bye"]["get"]["parameters"]
    del document["paths"]["/bye"]["get"]["x-amazon-apigateway-integration"]["requestParameters"]
    document["paths"]["/bye"]["get"]["x-amazon-apigateway-integration"]["uri"] = "http://127.0.0.1:1/"
    CLIENT.put_rest_api(restApiId=api["id"], mode="overwrite", body=json.dumps(document))
    paths = {item["path"] for item in CLIENT.get_resources(restApiId=api["id"])["items"]}
    expect("paths", paths, {"/", "/bye"})
    refused(CLIENT.import_rest_api, "BadRequestException", body=b"{]")
    CLIENT.delete_rest_api(restApiId=api["id"])


def refusals(api):
    refused(CLIENT.get_rest_api, "NotFoundException", restApiId="nothere123")
    refused(CLIENT.get_usage_plans, "BadRequestException")
    refused(
        CLIENT.update_rest_api, "BadRequestException", "Invalid patch path /binaryMediaTypes",
        restApiId=api,
        patchOperations=[{"op": "add", "path": "/binaryMediaTypes", "value": "a/b"}],
    )
    wrong = SESSION.client(
        "apigateway", endpoint_url=ENDPOINT, config=CONFIG, aws_secret_access_key="wrong",
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    )
    refused(wrong.get_rest_apis, "InvalidSignatureException")
    unknown = SESSION.client(
        "apigateway", endpoint_url=ENDPOINT, config=CONFIG,
        aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x",
    )
    refused(
        unknown.get_rest_apis, "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
    request = botocore.awsrequest.AWSRequest(method="GET", url=f"{ENDPOINT}/restapis?limit=5")
    botocore.auth.SigV4QueryAuth(
        SESSION.get_credentials(), "apigateway", SESSION.region_name, expires=60
    ).add_auth(request)
    with urllib.request.urlopen(request.prepare().url, timeout=10) as answer:
        expect("presigned", answer.status, 200)


def main():
    api, where = working_copy()
    releases(api, where)
    imports()
    refusals(api)
    CLIENT.delete_rest_api(restApiId=api)
    refused(CLIENT.get_rest_api, "NotFoundException", restApiId=api)
    print("boto3 story: told")


if __name__ == "__main__":
    main()
