"""Trying methods and authorizers without a stage."""

from backend import Backend
from tester import has, same, story

ALLOW = {"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [
    {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]}, "context": {"k": "v"}}


@story("test invocations of methods", ["TestInvokeMethod"])
def method(t):
    api, root = t.api("tried")
    where = t.mock(api, root, "tried")
    with t.effect("TestInvokeMethod", "answers by the working copy, before anything is deployed"):
        found = has(t.call("TestInvokeMethod", **where), status=200, body="tried")
        lines = found["log"].splitlines()
        assert lines[0].startswith("Execution log for request ") and found["latency"] >= 0, found
        assert " UTC " in lines[1] and lines[1].split(" : ")[1].startswith("Starting execution for request: "), found
        assert lines[-1].endswith(" : Method completed with status: 200"), found
        t.patch("UpdateIntegrationResponse", ("replace", "/responseTemplates/application~1json", "changed"),
                **where, statusCode="200")
        has(t.call("TestInvokeMethod", **where), body="changed")
    with t.effect("TestInvokeMethod", "passes path, headers and body to the backend"):
        with Backend() as backend:
            t.proxy(api, root, backend.url + "/x", verb="POST")
            found = t.call("TestInvokeMethod", restApiId=api, resourceId=root, httpMethod="POST",
                           pathWithQueryString="/?a=1", body="b", headers={"X-Tried": "yes"})
            assert '"body": "b"' in found["body"] and '"x-tried": "yes"' in found["body"], found
            assert "Endpoint request URI: " + backend.url in found["log"], found
    with t.effect("TestInvokeMethod", "tells in the log why a method fails"):
        t.patch("UpdateIntegrationResponse", ("replace", "/responseTemplates/application~1json", "#if("),
                **where, statusCode="200")
        found = has(t.call("TestInvokeMethod", **where), status=500)
        assert "Execution failed due to configuration error: " in found["log"], found


@story("test invocations of authorizers", ["TestInvokeAuthorizer"])
def authorizer(t):
    api, _ = t.api("tried authorizer")
    if not t.look("TestInvokeAuthorizer"):
        t.call("TestInvokeAuthorizer", restApiId=api, authorizerId="abcdef")
    with Backend(reply=lambda _: ALLOW) as backend:
        made = t.call("CreateAuthorizer", restApiId=api, name="a", type="TOKEN", authorizerUri=backend.url,
                      identitySource="method.request.header.Auth")
        with t.effect("TestInvokeAuthorizer", "answers the policy and the principal of the authorizer"):
            found = t.call("TestInvokeAuthorizer", restApiId=api, authorizerId=made["id"],
                           headers={"Auth": "token"})
            has(found, principalId="p", clientStatus=0)
            same(backend.seen, 1)
