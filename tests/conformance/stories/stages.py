"""Stages and their caches."""

from backend import Backend
from tester import has, same, story

import json


@story("stages", ["CreateStage", "GetStage", "GetStages", "UpdateStage", "DeleteStage"])
def stages(t):
    api, root = t.api("stages")
    where = t.mock(api, root, "one")
    first = t.call("CreateDeployment", restApiId=api)["id"]
    t.patch("UpdateIntegrationResponse", ("replace", "/responseTemplates/application~1json", "two"),
            **where, statusCode="200")
    second = t.call("CreateDeployment", restApiId=api)["id"]
    t.call("CreateStage", restApiId=api, stageName="test", deploymentId=first, variables={"v": "x"},
           description="d", tags={"k": "v"})
    key = {"restApiId": api, "stageName": "test"}
    with t.effect("CreateStage", "a node answers below its name"):
        t.sees(api, "test/", "one")
    with t.effect("GetStage", "reads what CreateStage wrote, with AWS's defaults"):
        has(t.call("GetStage", **key), deploymentId=first, description="d", variables={"v": "x"},
            tags={"k": "v"}, cacheClusterEnabled=False, cacheClusterStatus="NOT_AVAILABLE",
            methodSettings={}, tracingEnabled=False)
    t.call("CreateStage", restApiId=api, stageName="other", deploymentId=second)
    with t.effect("GetStages", "lists them, and those of one deployment where asked for"):
        names = lambda **more: sorted(
            one["stageName"] for one in t.call("GetStages", restApiId=api, **more)["item"])
        same((names(), names(deploymentId=second)), (["other", "test"], ["other"]))
    with t.effect("UpdateStage", "GetStage reads it, and a node answers by the new deployment"):
        t.patch("UpdateStage", ("replace", "/deploymentId", second), ("replace", "/variables/w", "y"),
                ("replace", "/*/*/throttling/rateLimit", "10.5"), **key)
        found = has(t.call("GetStage", **key), deploymentId=second, variables={"v": "x", "w": "y"})
        same(found["methodSettings"]["*/*"]["throttlingRateLimit"], 10.5)
        t.sees(api, "test/", "two")
    with t.effect("UpdateStage", "canary settings draw requests to their deployment, copies promote them"):
        t.patch("UpdateStage", ("replace", "/canarySettings/deploymentId", first),
                ("replace", "/canarySettings/percentTraffic", "100.0"), **key)
        t.sees(api, "test/", "one")
        t.patch("UpdateStage", ("replace", "/canarySettings/percentTraffic", "0.0"),
                ("copy", "/deploymentId", "/canarySettings/deploymentId"), **key)
        t.patch("UpdateStage", ("remove", "/canarySettings"), **key)
        has(t.call("GetStage", **key), deploymentId=first)
        t.sees(api, "test/", "one")
    t.refused("CreateStage", "ConflictException", restApiId=api, stageName="test", deploymentId=first)
    t.refused("CreateStage", "BadRequestException", restApiId=api, stageName="a b", deploymentId=first)
    with t.effect("DeleteStage", "GetStage does not find it, and a node answers 403 below its name"):
        t.call("DeleteStage", **key)
        t.gone("GetStage", **key)
        t.becomes("nodes forget it", lambda: t.status_at(api, "test/", 403))
        t.sees(api, "other/", "two")


@story("flushed response caches", ["FlushStageCache"])
def caches(t):
    api, root = t.api("cached")
    with Backend() as backend:
        t.proxy(api, root, backend.url)
        t.deploy(api, cacheClusterEnabled=True, cacheClusterSize="0.5")
        key = {"restApiId": api, "stageName": "prod"}
        if not t.look("FlushStageCache"):
            t.call("FlushStageCache", **key)
        t.patch("UpdateStage", ("replace", "/*/*/caching/enabled", "true"),
                ("replace", "/*/*/caching/ttlInSeconds", "300"), **key)
        count = lambda node: json.loads(t.fetch(f"{node}/_aws/execute-api/{api}/prod/")[2])["count"]
        with t.effect("FlushStageCache", "a node asks the backend again"):
            before = [count(node) for node in t.nodes]
            same([count(node) for node in t.nodes], before, "cached")
            t.call("FlushStageCache", **key)
            t.becomes("the cache is empty", lambda: unlike([count(node) for node in t.nodes], before))


def unlike(found, before):
    assert all(one != other for one, other in zip(found, before)), found


@story("flushed authorizer caches", ["FlushStageAuthorizersCache"])
def authorizer_caches(t):
    api, root = t.api("authorizer cached")
    t.mock(api, root, "x")
    t.deploy(api)
    if not t.look("FlushStageAuthorizersCache"):
        t.call("FlushStageAuthorizersCache", restApiId=api, stageName="prod")
    answers = {"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]}}
    with Backend(reply=lambda _: answers) as backend:
        made = t.call("CreateAuthorizer", restApiId=api, name="a", type="TOKEN", authorizerUri=backend.url,
                      identitySource="method.request.header.Auth", authorizerResultTtlInSeconds=300)
        t.patch("UpdateMethod", ("replace", "/authorizationType", "CUSTOM"),
                ("replace", "/authorizerId", made["id"]), restApiId=api, resourceId=root, httpMethod="GET")
        t.deploy(api)
        with t.effect("FlushStageAuthorizersCache", "a node asks the authorizer again"):
            ask = lambda: t.sees(api, "prod/", "x", headers={"Auth": "t"})
            ask()
            before = backend.seen
            ask()
            same(backend.seen, before, "cached")
            t.call("FlushStageAuthorizersCache", restApiId=api, stageName="prod")
            ask()
            assert backend.seen > before
