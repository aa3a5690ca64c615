"""Documents: in, over what is there, and out again."""

import json

from .client import CLIENT, deploy, expect, refused


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
    round_trip(api["id"])
    CLIENT.delete_rest_api(restApiId=api["id"])


def round_trip(api):
    """What was exported makes the same API again."""
    deploy(api)
    for kind in ("oas30", "swagger"):
        export = CLIENT.get_export(
            restApiId=api, stageName="prod", exportType=kind,
            parameters={"extensions": "integrations"}, accepts="application/json",
        )
        expect("content type", export["contentType"], "application/octet-stream")
        text = export["body"].read()
        assert "/bye" in json.loads(text)["paths"], text
        again = CLIENT.import_rest_api(body=text)["id"]
        expect("integrations", uris(again), uris(api))
        CLIENT.delete_rest_api(restApiId=again)


def uris(api):
    listed = CLIENT.get_resources(restApiId=api, embed=["methods"])["items"]
    return {
        (item["path"], verb): method["methodIntegration"]["uri"]
        for item in listed
        for verb, method in item.get("resourceMethods", {}).items()
    }
