"""Methods and the responses that they declare."""

from tester import has, same, story


@story("methods", ["PutMethod", "GetMethod", "UpdateMethod", "DeleteMethod"])
def methods(t):
    api, root = t.api("methods")
    where = t.mock(api, root, "got", requestParameters={"method.request.querystring.q": True},
                   operationName="readRoot")
    t.deploy(api)
    with t.effect("PutMethod", "a node answers the verb, and no other"):
        t.sees(api, "prod/", "got")
        t.status_at(api, "prod/", 403, method="POST", body=b"")
    with t.effect("GetMethod", "reads what PutMethod and PutIntegration wrote"):
        found = t.call("GetMethod", **where)
        has(found, httpMethod="GET", authorizationType="NONE", apiKeyRequired=False, operationName="readRoot",
            requestParameters={"method.request.querystring.q": True})
        same(found["methodIntegration"]["type"], "MOCK")
        same(sorted(found["methodResponses"]), ["200"])
    with t.effect("UpdateMethod", "GetMethod reads it; with apiKeyRequired a node asks for a key"):
        t.patch(
            "UpdateMethod", ("replace", "/operationName", "other"), ("replace", "/apiKeyRequired", "true"),
            ("add", "/requestParameters/method.request.header.x", "false"),
            ("remove", "/requestParameters/method.request.querystring.q"), **where,
        )
        has(t.call("GetMethod", **where), operationName="other", apiKeyRequired=True,
            requestParameters={"method.request.header.x": False})
        t.deploy(api)
        t.status_at(api, "prod/", 403)
    t.refused("PutMethod", "ConflictException", **where, authorizationType="NONE")
    t.refused("PutMethod", "BadRequestException", **{**where, "httpMethod": "PUT"}, authorizationType="CUSTOM")
    t.refused("PutMethod", "BadRequestException", "Invalid model identifier specified: Nobody",
              **{**where, "httpMethod": "PUT"}, authorizationType="NONE",
              requestModels={"application/json": "Nobody"})
    with t.effect("DeleteMethod", "GetMethod does not find it, and a node does not answer it"):
        t.mock(api, root, "posted", verb="POST")
        t.call("DeleteMethod", **where)
        t.gone("GetMethod", **where)
        t.deploy(api)
        t.sees(api, "prod/", "posted", method="POST", body=b"")
        t.status_at(api, "prod/", 403)


@story("method responses",
       ["PutMethodResponse", "GetMethodResponse", "UpdateMethodResponse", "DeleteMethodResponse"])
def responses(t):
    api, root = t.api("responses")
    where = t.mock(api, root, "body")
    header = "method.response.header.X-Told"
    mapped = {"responseParameters": {header: "'told'"}, "responseTemplates": {"application/json": "body"}}
    with t.effect("PutMethodResponse", "only what it declares may be mapped; a node then sends the header"):
        t.refused("PutIntegrationResponse", "BadRequestException", **where, statusCode="200", **mapped)
        t.call("PutMethodResponse", **where, statusCode="201", responseParameters={header: True},
               responseModels={"application/json": "Empty"})
        templates = {"application/json": '{"statusCode": 201}'}
        t.call("PutIntegration", **where, type="MOCK", requestTemplates=templates)
        t.call("PutIntegrationResponse", **where, statusCode="201", **mapped)
        t.deploy(api)
        answer = t.status_at(api, "prod/", 201)
        same(answer[1].get("X-Told") or answer[1].get("x-told"), "told")
    with t.effect("GetMethodResponse", "reads what PutMethodResponse wrote"):
        has(t.call("GetMethodResponse", **where, statusCode="201"), statusCode="201",
            responseParameters={header: True}, responseModels={"application/json": "Empty"})
    t.refused("PutMethodResponse", "ConflictException", **where, statusCode="201")
    with t.effect("UpdateMethodResponse", "GetMethodResponse reads the new headers and models"):
        t.patch("UpdateMethodResponse", ("add", "/responseParameters/method.response.header.Y", "false"),
                ("replace", "/responseModels/application~1json", "Error"), **where, statusCode="201")
        has(t.call("GetMethodResponse", **where, statusCode="201"),
            responseParameters={header: True, "method.response.header.Y": False},
            responseModels={"application/json": "Error"})
    with t.effect("DeleteMethodResponse", "GetMethod no longer lists the status, nothing may be mapped to it"):
        t.call("PutMethodResponse", **where, statusCode="500")
        t.call("DeleteMethodResponse", **where, statusCode="500")
        t.gone("GetMethodResponse", **where, statusCode="500")
        same(sorted(t.call("GetMethod", **where)["methodResponses"]), ["200", "201"])
        t.refused("PutIntegrationResponse", "BadRequestException", **where, statusCode="500",
                  responseParameters={header: "'told'"})
