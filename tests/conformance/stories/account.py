"""The account."""

from tester import has, same, story

ROLE = "arn:aws:iam::000000000000:role/conformance"


@story("account", ["GetAccount", "UpdateAccount"])
def account(t):
    with t.effect("GetAccount", "answers throttle and features"):
        found = t.call("GetAccount")
        assert found["throttleSettings"]["rateLimit"] > 0 and found["throttleSettings"]["burstLimit"] > 0
        assert "UsagePlans" in found["features"], found
    with t.effect("UpdateAccount", "GetAccount reads the new role, and that it was taken away"):
        t.patch("UpdateAccount", ("replace", "/cloudwatchRoleArn", ROLE))
        has(t.call("GetAccount"), cloudwatchRoleArn=ROLE)
        t.patch("UpdateAccount", ("replace", "/cloudwatchRoleArn", ""))
        same(t.call("GetAccount").get("cloudwatchRoleArn"), None)
    t.refused("UpdateAccount", "BadRequestException", patchOperations=[
        {"op": "remove", "path": "/features", "value": "UsagePlans"}])
