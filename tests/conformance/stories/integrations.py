"""Backends of methods, and how their answers become the client's."""

import json

from backend import Backend
from tester import has, same, story


@story("integrations", ["PutIntegration", "GetIntegration", "UpdateIntegration", "DeleteIntegration"])
def integrations(t):
    api, root = t.api("integrations")
    with Backend() as first, Backend(name="second") as second:
        parameters = {"method.request.querystring.q": False}
        where = t.proxy(
            api, root, first.url + "/a", method={"requestParameters": parameters},
            requestParameters={"integration.request.header.X-Q": "method.request.querystring.q"},
        )
        t.deploy(api)
        with t.effect("PutIntegration", "a node passes requests to the backend, with the mapped header"):
            _, _, text = t.status_at(api, "prod/?q=7", 200)
            told = json.loads(text)
            same((told["path"].split("?")[0], told["headers"].get("x-q")), ("/a", "7"))
        with t.effect("GetIntegration", "reads what PutIntegration wrote, with AWS's defaults"):
            has(t.call("GetIntegration", **where), type="HTTP_PROXY", httpMethod="GET", uri=first.url + "/a",
                connectionType="INTERNET", passthroughBehavior="WHEN_NO_MATCH", timeoutInMillis=29000,
                cacheNamespace=root, cacheKeyParameters=[])
        with t.effect("UpdateIntegration", "GetIntegration reads it; a node asks the other backend"):
            t.patch("UpdateIntegration", ("replace", "/uri", second.url + "/b"),
                    ("replace", "/timeoutInMillis", "1000"), **where)
            has(t.call("GetIntegration", **where), uri=second.url + "/b", timeoutInMillis=1000)
            t.deploy(api)
            told = json.loads(t.status_at(api, "prod/", 200)[2])
            same((told["name"], told["path"]), ("second", "/b"))
    t.refused("PutIntegration", "BadRequestException", "Enumeration value for HttpMethod must be non-empty",
              **where, type="HTTP", uri="http://127.0.0.1/")
    t.refused("PutIntegration", "BadRequestException", "Invalid HTTP endpoint specified for URI",
              **where, type="HTTP", integrationHttpMethod="GET", uri="ftp://x")
    t.refused("PutIntegration", "BadRequestException", "Invalid ARN specified in the request",
              **where, type="AWS_PROXY", integrationHttpMethod="POST", uri="arn:aws:lambda:x")
    with t.effect("DeleteIntegration", "GetMethod has none, and the method cannot be deployed"):
        t.call("DeleteIntegration", **where)
        t.gone("GetIntegration", **where)
        assert "methodIntegration" not in t.call("GetMethod", **where)
        t.refused("CreateDeployment", "BadRequestException", restApiId=api)


@story("integration responses", ["PutIntegrationResponse", "GetIntegrationResponse",
                                 "UpdateIntegrationResponse", "DeleteIntegrationResponse"])
def responses(t):
    api, root = t.api("integration responses")
    where = t.mock(api, root, "first")
    t.deploy(api)
    with t.effect("PutIntegrationResponse", "a node answers by its template"):
        t.sees(api, "prod/", "first")
    with t.effect("GetIntegrationResponse", "reads what PutIntegrationResponse wrote"):
        same(t.call("GetIntegrationResponse", **where, statusCode="200"),
             {"statusCode": "200", "responseTemplates": {"application/json": "first"}})
    with t.effect("UpdateIntegrationResponse", "GetIntegrationResponse reads it, and a node answers by it"):
        t.patch("UpdateIntegrationResponse", ("replace", "/responseTemplates/application~1json", "second"),
                **where, statusCode="200")
        same(t.call("GetIntegrationResponse", **where, statusCode="200")["responseTemplates"],
             {"application/json": "second"})
        t.deploy(api)
        t.sees(api, "prod/", "second")
    with t.effect("DeleteIntegrationResponse", "GetIntegration no longer has it, and a node answers 500"):
        t.call("DeleteIntegrationResponse", **where, statusCode="200")
        t.gone("GetIntegrationResponse", **where, statusCode="200")
        assert not t.call("GetIntegration", **where).get("integrationResponses")
        t.deploy(api)
        t.status_at(api, "prod/", 500)
