"""Documents in and out."""

import json

from tester import by, has, same, story


def document(path, text, title="imported"):
    return {
        "openapi": "3.0.1", "info": {"title": title, "version": "7", "description": "d"},
        "paths": {path: {"get": {
            "operationId": "read", "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {
                "type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'},
                "responses": {"default": {"statusCode": "200",
                                          "responseTemplates": {"application/json": text}}}},
        }}},
        "components": {"schemas": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}}},
    }


def text(value):
    return json.dumps(value).encode()


@story("imports", ["ImportRestApi", "PutRestApi"])
def imports(t):
    made = t.call("ImportRestApi", body=text(document("/hello", "hello")),
                  parameters={"endpointConfigurationTypes": "REGIONAL"})
    api = made["id"]
    t.later("DeleteRestApi", restApiId=api)
    paths = lambda: sorted(by(t.call("GetResources", restApiId=api)["item"], "path"))
    with t.effect("ImportRestApi", "GetRestApi, GetResources and GetModels read it, and a node answers by it"):
        has(t.call("GetRestApi", restApiId=api), name="imported", version="7", description="d")
        same(t.call("GetRestApi", restApiId=api)["endpointConfiguration"]["types"], ["REGIONAL"])
        same(paths(), ["/", "/hello"])
        assert "Pet" in by(t.call("GetModels", restApiId=api)["item"], "name")
        t.deploy(api)
        t.sees(api, "prod/hello", "hello")
    with t.effect("PutRestApi", "merge keeps what the document lacks, overwrite does not; a node follows"):
        t.call("PutRestApi", restApiId=api, mode="merge", body=text(document("/bye", "bye")))
        same(paths(), ["/", "/bye", "/hello"])
        t.call("PutRestApi", restApiId=api, mode="overwrite", body=text(document("/last", "last")))
        same(paths(), ["/", "/last"])
        t.deploy(api)
        t.sees(api, "prod/last", "last")
        t.status_at(api, "prod/hello", 403)
    t.refused("ImportRestApi", "BadRequestException", body=b"[]")


@story("exports", ["GetExport"])
def exports(t):
    made = t.call("ImportRestApi", body=text(document("/out", "out", "exported")))
    t.later("DeleteRestApi", restApiId=made["id"])
    t.deploy(made["id"])
    key = {"restApiId": made["id"], "stageName": "prod"}
    with t.effect("GetExport", "an import of the export answers at a node as the original does"):
        answer = t.call("GetExport", **key, exportType="oas30", parameters={"extensions": "integrations"},
                        accepts="application/json")
        told = json.loads(answer.body)
        same((told["info"]["title"], sorted(told["paths"])), ("exported", ["/out"]))
        again = t.call("ImportRestApi", body=answer.body)
        t.later("DeleteRestApi", restApiId=again["id"])
        t.deploy(again["id"])
        t.sees(again["id"], "prod/out", "out")
    with t.effect("GetExport", "swagger and YAML are one document with it"):
        swagger = json.loads(t.call("GetExport", **key, exportType="swagger").body)
        same((swagger["swagger"], sorted(swagger["paths"])), ("2.0", ["/out"]))
        yaml = t.call("GetExport", **key, exportType="oas30", accepts="application/yaml").body
        assert b"/out" in yaml and not yaml.lstrip().startswith(b"{"), yaml[:80]


@story("client SDKs", ["GetSdk", "GetSdkType", "GetSdkTypes"])
def sdks(t):
    with t.effect("GetSdkTypes", "lists the generators"):
        kinds = by(t.call("GetSdkTypes")["item"], "id")
    with t.effect("GetSdkType", "describes one"):
        same(t.call("GetSdkType", id="javascript"), kinds["javascript"])
    api, root = t.api("sdk")
    t.mock(api, root, "x")
    t.deploy(api)
    with t.effect("GetSdk", "an archive of the stage's methods"):
        body = t.call("GetSdk", restApiId=api, stageName="prod", sdkType="javascript").body
        assert body.startswith(b"PK")
