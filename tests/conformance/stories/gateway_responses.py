"""Answers that the gateway gives on its own behalf."""

import json

from tester import by, has, same, story


@story("gateway responses", ["PutGatewayResponse", "GetGatewayResponse", "GetGatewayResponses",
                             "UpdateGatewayResponse", "DeleteGatewayResponse"])
def gateway_responses(t):
    api, root = t.api("gateway responses")
    t.mock(api, root, "fine")
    key = {"restApiId": api, "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    with t.effect("GetGatewayResponses", "lists all 21, and which of them are customised"):
        listed = by(t.call("GetGatewayResponses", restApiId=api)["item"], "responseType")
        same(len(listed), 21)
        has(listed["MISSING_AUTHENTICATION_TOKEN"], defaultResponse=True, statusCode="403",
            responseParameters={})
        assert "statusCode" not in listed["DEFAULT_5XX"], listed["DEFAULT_5XX"]
    with t.effect("PutGatewayResponse", "GetGatewayResponse reads it, and a node answers by it"):
        t.call("PutGatewayResponse", **key, statusCode="404",
               responseParameters={"gatewayresponse.header.X-Why": "'nothing here'"},
               responseTemplates={"application/json": '{"why":$context.error.messageString}'})
        t.deploy(api)
        _, headers, text = t.status_at(api, "prod/none", 404)
        same(json.loads(text), {"why": "Missing Authentication Token"})
        same({name.lower(): value for name, value in headers.items()}.get("x-why"), "nothing here")
    with t.effect("GetGatewayResponse", "reads what PutGatewayResponse wrote"):
        has(t.call("GetGatewayResponse", **key), responseType=key["responseType"], statusCode="404",
            defaultResponse=False, responseParameters={"gatewayresponse.header.X-Why": "'nothing here'"})
        listed = by(t.call("GetGatewayResponses", restApiId=api)["item"], "responseType")
        has(listed[key["responseType"]], defaultResponse=False)
    with t.effect("UpdateGatewayResponse", "GetGatewayResponse reads it, and a node answers by it"):
        t.patch("UpdateGatewayResponse", ("replace", "/statusCode", "410"),
                ("replace", "/responseTemplates/application~1json", "changed"),
                ("remove", "/responseParameters/gatewayresponse.header.X-Why"), **key)
        has(t.call("GetGatewayResponse", **key), statusCode="410",
            responseTemplates={"application/json": "changed"})
        t.deploy(api)
        t.sees(api, "prod/none", "changed", status=410)
    with t.effect("DeleteGatewayResponse", "GetGatewayResponse answers the default, and so does a node"):
        t.call("DeleteGatewayResponse", **key)
        has(t.call("GetGatewayResponse", **key), defaultResponse=True, statusCode="403")
        t.refused("DeleteGatewayResponse", "NotFoundException", "Gateway response type not defined on api", **key)
        t.deploy(api)
        t.status_at(api, "prod/none", 403)
