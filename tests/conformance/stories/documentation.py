"""Documentation parts and versions."""

import json

from tester import by, has, same, story

DOCUMENT = {
    "openapi": "3.0.1", "info": {"title": "docs", "version": "1"}, "paths": {},
    "x-amazon-apigateway-documentation": {"version": "9", "documentationParts": [
        {"location": {"type": "API"}, "properties": {"description": "imported"}},
        {"location": {"type": "METHOD", "path": "/", "method": "GET"}, "properties": {"summary": "s"}},
    ]},
}


@story("documentation parts", ["CreateDocumentationPart", "GetDocumentationPart", "GetDocumentationParts",
                               "UpdateDocumentationPart", "DeleteDocumentationPart",
                               "ImportDocumentationParts"])
def parts(t):
    api, root = t.api("documentation")
    t.mock(api, root, "x")
    part = t.call("CreateDocumentationPart", restApiId=api, location={"type": "API"},
                  properties='{"description":"told"}')
    key = {"restApiId": api, "documentationPartId": part["id"]}
    method = t.call("CreateDocumentationPart", restApiId=api,
                    location={"type": "METHOD", "path": "/", "method": "GET"}, properties='{"summary":"s"}')
    with t.effect("CreateDocumentationPart", "GetDocumentationPart and GetDocumentationParts answer it"):
        has(t.call("GetDocumentationPart", **key), location={"type": "API"},
            properties='{"description":"told"}')
    with t.effect("GetDocumentationPart", "reads what CreateDocumentationPart wrote"):
        found = t.call("GetDocumentationPart", restApiId=api, documentationPartId=method["id"])
        has(found, id=method["id"], properties='{"summary":"s"}')
        has(found["location"], type="METHOD", path="/", method="GET")
    ids = lambda **more: sorted(
        one["id"] for one in t.call("GetDocumentationParts", restApiId=api, **more)["item"])
    with t.effect("GetDocumentationParts", "lists what was created, filtered by type and path"):
        same(ids(), sorted([part["id"], method["id"]]))
        same(ids(type="METHOD"), [method["id"]])
        same(ids(path="/nowhere"), [])
    t.refused("CreateDocumentationPart", "ConflictException", restApiId=api, location={"type": "API"},
              properties="{}")
    t.refused("CreateDocumentationPart", "BadRequestException", restApiId=api, location={"type": "METHOD"},
              properties="no json")
    with t.effect("UpdateDocumentationPart", "GetDocumentationPart reads the new properties"):
        t.patch("UpdateDocumentationPart", ("replace", "/properties", '{"description":"new"}'), **key)
        has(t.call("GetDocumentationPart", **key), properties='{"description":"new"}')
    with t.effect("ImportDocumentationParts", "GetDocumentationParts has the document's parts beside others"):
        made = t.call("ImportDocumentationParts", restApiId=api, mode="merge",
                      body=json.dumps(DOCUMENT).encode())
        listed = by(t.call("GetDocumentationParts", restApiId=api)["item"], "id")
        assert set(made["ids"]) <= set(listed), (made, listed)
        texts = sorted(json.dumps(json.loads(one["properties"])) for one in listed.values())
        assert '{"description": "imported"}' in texts, texts
    with t.effect("DeleteDocumentationPart", "GetDocumentationPart does not find it"):
        t.call("DeleteDocumentationPart", restApiId=api, documentationPartId=method["id"])
        t.gone("GetDocumentationPart", restApiId=api, documentationPartId=method["id"])


@story("documentation versions", ["CreateDocumentationVersion", "GetDocumentationVersion",
                                  "GetDocumentationVersions", "UpdateDocumentationVersion",
                                  "DeleteDocumentationVersion"])
def versions(t):
    api, root = t.api("documented")
    t.mock(api, root, "x")
    t.deploy(api)
    t.call("CreateDocumentationPart", restApiId=api, location={"type": "API"},
           properties='{"description":"frozen"}')
    t.call("CreateDocumentationVersion", restApiId=api, documentationVersion="v1", description="d",
           stageName="prod")
    key = {"restApiId": api, "documentationVersion": "v1"}
    with t.effect("CreateDocumentationVersion", "the stage names it, and GetDocumentationVersion answers it"):
        has(t.call("GetStage", restApiId=api, stageName="prod"), documentationVersion="v1")
        has(t.call("GetDocumentationVersion", **key), version="v1", description="d")
    t.call("CreateDocumentationVersion", restApiId=api, documentationVersion="v2")
    with t.effect("GetDocumentationVersions", "lists what was created"):
        same(sorted(by(t.call("GetDocumentationVersions", restApiId=api)["item"], "version")), ["v1", "v2"])
    with t.effect("UpdateDocumentationVersion", "GetDocumentationVersion reads the new description"):
        t.patch("UpdateDocumentationVersion", ("replace", "/description", "e"), **key)
    with t.effect("GetDocumentationVersion", "reads what UpdateDocumentationVersion wrote"):
        has(t.call("GetDocumentationVersion", **key), description="e")
    t.refused("CreateDocumentationVersion", "ConflictException", restApiId=api, documentationVersion="v1")
    with t.effect("DeleteDocumentationVersion", "GetDocumentationVersion does not find it"):
        t.call("DeleteDocumentationVersion", restApiId=api, documentationVersion="v2")
        t.gone("GetDocumentationVersion", restApiId=api, documentationVersion="v2")


@story("documentation in exports", ["CreateDocumentationVersion"])
def exported(t):
    api, root = t.api("documented export")
    t.mock(api, root, "x")
    t.call("CreateDocumentationPart", restApiId=api, location={"type": "API"},
           properties='{"description":"frozen words"}')
    t.deploy(api)
    t.call("CreateDocumentationVersion", restApiId=api, documentationVersion="v1", stageName="prod")
    with t.effect("CreateDocumentationVersion", "GetExport of the stage has the words as they stood"):
        answer = t.call("GetExport", restApiId=api, stageName="prod", exportType="oas30",
                        parameters={"extensions": "documentation"})
        assert b"frozen words" in answer.body, answer
