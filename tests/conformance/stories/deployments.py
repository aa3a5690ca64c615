"""Deployments."""

from tester import by, has, same, story


@story("deployments", ["CreateDeployment", "GetDeployment", "GetDeployments", "UpdateDeployment",
                       "DeleteDeployment"])
def deployments(t):
    api, root = t.api("deployments")
    where = t.mock(api, root, "one")
    made = t.call("CreateDeployment", restApiId=api, stageName="prod", description="d",
                  stageDescription="s", variables={"a": "1"})
    first = made["id"]
    with t.effect("CreateDeployment", "a node answers as the working copy stood; a stage is made or repointed"):
        has(t.call("GetStage", restApiId=api, stageName="prod"), deploymentId=first, description="s",
            variables={"a": "1"})
        t.sees(api, "prod/", "one")
        t.patch("UpdateIntegrationResponse", ("replace", "/responseTemplates/application~1json", "two"),
                **where, statusCode="200")
        t.sees(api, "prod/", "one")
        second = t.deploy(api)
        t.sees(api, "prod/", "two")
    with t.effect("GetDeployment", "reads what CreateDeployment froze, with embed=apisummary its methods"):
        has(t.call("GetDeployment", restApiId=api, deploymentId=first), id=first, description="d")
        found = t.call("GetDeployment", restApiId=api, deploymentId=first, embed=["apisummary"])
        same(found["apiSummary"], {"/": {"GET": {"apiKeyRequired": False, "authorizationType": "NONE"}}})
    with t.effect("GetDeployments", "lists what was deployed, in pages"):
        same(sorted(by(t.call("GetDeployments", restApiId=api)["item"], "id")), sorted([first, second]))
    with t.effect("UpdateDeployment", "GetDeployment reads the new description"):
        t.patch("UpdateDeployment", ("replace", "/description", "e"), restApiId=api, deploymentId=first)
        has(t.call("GetDeployment", restApiId=api, deploymentId=first), description="e")
    t.refused("CreateDeployment", "BadRequestException",
              "Invalid deployment content specified.Non null and non empty stageName must be provided for canary "
              "deployment. Provided value is null", restApiId=api, canarySettings={"percentTraffic": 1.0})
    t.refused("DeleteDeployment", "BadRequestException",
              "Active stages pointing to this deployment must be moved or deleted", restApiId=api,
              deploymentId=second)
    with t.effect("DeleteDeployment", "GetDeployment does not find it, and no stage may point at it"):
        t.call("DeleteDeployment", restApiId=api, deploymentId=first)
        t.gone("GetDeployment", restApiId=api, deploymentId=first)
        t.refused("CreateStage", "BadRequestException", "Deployment id does not exist", restApiId=api,
                  stageName="late", deploymentId=first)
