"""Request validators."""

from tester import by, has, same, story


@story("request validators", ["CreateRequestValidator", "GetRequestValidator", "GetRequestValidators",
                              "UpdateRequestValidator", "DeleteRequestValidator"])
def validators(t):
    api, root = t.api("validators")
    made = t.call("CreateRequestValidator", restApiId=api, name="all", validateRequestParameters=True)
    key = {"restApiId": api, "requestValidatorId": made["id"]}
    where = t.mock(api, root, "fine", requestParameters={"method.request.querystring.q": True})
    t.deploy(api)
    t.sees(api, "prod/", "fine")
    with t.effect("CreateRequestValidator", "a method may name it, and a node refuses what it forbids"):
        t.patch("UpdateMethod", ("replace", "/requestValidatorId", made["id"]), **where)
        t.deploy(api)
        t.status_at(api, "prod/", 400)
        t.sees(api, "prod/?q=1", "fine")
    with t.effect("GetRequestValidator", "reads what CreateRequestValidator wrote"):
        same(t.call("GetRequestValidator", **key), {
            "id": made["id"], "name": "all", "validateRequestBody": False, "validateRequestParameters": True})
    bare = t.call("CreateRequestValidator", restApiId=api, name="none")
    with t.effect("GetRequestValidators", "lists what was created"):
        listed = by(t.call("GetRequestValidators", restApiId=api)["item"], "id")
        same(sorted(listed), sorted([made["id"], bare["id"]]))
        has(listed[bare["id"]], validateRequestBody=False, validateRequestParameters=False)
    with t.effect("UpdateRequestValidator", "GetRequestValidator reads it, and a node lets pass"):
        t.patch("UpdateRequestValidator", ("replace", "/name", "some"),
                ("replace", "/validateRequestParameters", "false"),
                ("replace", "/validateRequestBody", "true"), **key)
        has(t.call("GetRequestValidator", **key), name="some", validateRequestParameters=False,
            validateRequestBody=True)
        t.deploy(api)
        t.sees(api, "prod/", "fine")
    with t.effect("DeleteRequestValidator", "it is not found, and no method may name it"):
        t.call("DeleteRequestValidator", restApiId=api, requestValidatorId=bare["id"])
        t.gone("GetRequestValidator", restApiId=api, requestValidatorId=bare["id"])
        t.refused("UpdateMethod", "BadRequestException", **where, patchOperations=[
            {"op": "replace", "path": "/requestValidatorId", "value": bare["id"]}])
