"""Deployments, stages, a canary and its promotion, met at the nodes."""

from .client import CLIENT, add, arn, expect, refused, remove, replace, traffic


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
            remove("/canarySettings"),
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
        patchOperations=[add("/canarySettings/deploymentId", first)],
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
    other = arn(f"/restapis/{api}/stages/other")
    CLIENT.tag_resource(resourceArn=other, tags={"l": "w"})
    expect("stage tags", CLIENT.get_tags(resourceArn=other)["tags"], {"k": "v", "l": "w"})
    CLIENT.delete_stage(restApiId=api, stageName="other")
    CLIENT.delete_deployment(restApiId=api, deploymentId=first)
