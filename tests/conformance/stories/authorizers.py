"""Authorizers."""

from tester import by, has, same, story

CALL = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:authorize"
NEEDS = ("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS "
         "requires a valid authorizer.")


@story("authorizers", ["CreateAuthorizer", "GetAuthorizer", "GetAuthorizers", "UpdateAuthorizer",
                       "DeleteAuthorizer"])
def authorizers(t):
    api, root = t.api("authorizers")
    uri = CALL.format(FUNCTION)
    made = t.call("CreateAuthorizer", restApiId=api, name="token", type="TOKEN", authorizerUri=uri,
                  identitySource="method.request.header.Auth", authorizerResultTtlInSeconds=60)
    key = {"restApiId": api, "authorizerId": made["id"]}
    where = t.mock(api, root, "open")
    with t.effect("CreateAuthorizer", "a method may name it, and a node no longer lets everybody pass"):
        t.deploy(api)
        t.sees(api, "prod/", "open")
        t.patch("UpdateMethod", ("replace", "/authorizationType", "CUSTOM"),
                ("replace", "/authorizerId", made["id"]), **where)
        t.deploy(api)
        for status, _, _ in t.ask(api, "prod/"):
            assert status in (401, 403, 500), status
    with t.effect("GetAuthorizer", "reads what CreateAuthorizer wrote"):
        has(t.call("GetAuthorizer", **key), id=made["id"], name="token", type="TOKEN", authorizerUri=uri,
            identitySource="method.request.header.Auth", authorizerResultTtlInSeconds=60, authType="custom")
    pool = t.call("CreateAuthorizer", restApiId=api, name="pool", type="COGNITO_USER_POOLS",
                  identitySource="method.request.header.Authorization",
                  providerARNs=["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc"])
    with t.effect("GetAuthorizers", "lists what was created"):
        listed = by(t.call("GetAuthorizers", restApiId=api)["item"], "name")
        same(sorted(listed), ["pool", "token"])
        has(listed["pool"], type="COGNITO_USER_POOLS", authType="cognito_user_pools")
    with t.effect("UpdateAuthorizer", "GetAuthorizer reads the new values"):
        t.patch("UpdateAuthorizer", ("replace", "/name", "renamed"),
                ("replace", "/authorizerResultTtlInSeconds", "0"), **key)
        has(t.call("GetAuthorizer", **key), name="renamed", authorizerResultTtlInSeconds=0)
    t.refused("CreateAuthorizer", "BadRequestException", restApiId=api, name="x", type="TOKEN",
              identitySource="method.request.header.Auth")
    with t.effect("DeleteAuthorizer", "it is not found, and no method may name it"):
        t.call("DeleteAuthorizer", restApiId=api, authorizerId=pool["id"])
        t.gone("GetAuthorizer", restApiId=api, authorizerId=pool["id"])
        t.refused("PutMethod", "BadRequestException", NEEDS, **{**where, "httpMethod": "PUT"},
                  authorizationType="COGNITO_USER_POOLS", authorizerId=pool["id"])
