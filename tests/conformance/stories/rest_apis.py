"""APIs and their tags."""

from tester import by, has, same, story


@story("REST APIs", ["CreateRestApi", "GetRestApi", "GetRestApis", "UpdateRestApi", "DeleteRestApi"])
def rest_apis(t):
    made = t.call(
        "CreateRestApi", name="first", description="d", version="1", minimumCompressionSize=10,
        binaryMediaTypes=["image/png"], endpointConfiguration={"types": ["REGIONAL"]},
    )
    api = made["id"]
    t.later("DeleteRestApi", restApiId=api)
    with t.effect("CreateRestApi", "GetRestApi and GetRestApis answer it, GetResources has its root"):
        found = t.call("GetRestApi", restApiId=api)
        has(found, name="first", version="1", binaryMediaTypes=["image/png"], minimumCompressionSize=10,
            apiKeySource="HEADER", disableExecuteApiEndpoint=False, tags={})
        same(found["endpointConfiguration"]["types"], ["REGIONAL"])
        tree = t.call("GetResources", restApiId=api)["item"]
        same(tree, [{"id": made["rootResourceId"], "path": "/"}])
        models = t.call("GetModels", restApiId=api)["item"]
        same(sorted(model["name"] for model in models), ["Empty", "Error"])
    with t.effect("GetRestApi", "reads what CreateRestApi and UpdateRestApi wrote"):
        same(t.call("GetRestApi", restApiId=api)["description"], "d")
    other, _ = t.api("second")
    with t.effect("GetRestApis", "lists what was created, in pages, until it is deleted"):
        listed = by(t.call("GetRestApis", limit=500)["item"], "id")
        assert api in listed and other in listed
        has(listed[api], name="first", version="1")
    with t.effect("UpdateRestApi", "GetRestApi reads the new values"):
        t.patch(
            "UpdateRestApi", ("replace", "/name", "renamed"), ("add", "/binaryMediaTypes/a~1b", ""),
            ("remove", "/binaryMediaTypes/image~1png"), ("replace", "/apiKeySource", "AUTHORIZER"),
            restApiId=api,
        )
        has(t.call("GetRestApi", restApiId=api), name="renamed", binaryMediaTypes=["a/b"],
            apiKeySource="AUTHORIZER", description="d")
    t.refused("UpdateRestApi", "BadRequestException", "Invalid patch path /binaryMediaTypes", restApiId=api,
              patchOperations=[{"op": "add", "path": "/binaryMediaTypes", "value": "a/b"}])
    t.refused("CreateRestApi", "BadRequestException", "Cannot create an api with multiple Endpoint Types.",
              name="x", endpointConfiguration={"types": ["EDGE", "REGIONAL"]})
    t.refused("CreateRestApi", "BadRequestException", name="x", minimumCompressionSize=10485761)
    t.refused("CreateRestApi", "BadRequestException", name="x", cloneFrom="zzzzzzzzz9")
    with t.effect("DeleteRestApi", "neither GetRestApi nor GetRestApis nor a node knows it afterwards"):
        t.mock(api, made["rootResourceId"], "there")
        t.deploy(api)
        t.sees(api, "prod/", "there")
        t.call("DeleteRestApi", restApiId=api)
        t.gone("GetRestApi", restApiId=api)
        assert api not in by(t.call("GetRestApis", limit=500)["item"], "id")
        t.becomes("nodes forget it", lambda: t.status_at(api, "prod/", 403))


@story("clones", ["CreateRestApi"])
def clones(t):
    api, root = t.api("origin")
    t.mock(api, root, "told by the origin")
    copy, _ = t.api("copy", cloneFrom=api)
    with t.effect("CreateRestApi", "a clone answers at a node as its origin does"):
        t.deploy(copy)
        t.sees(copy, "prod/", "told by the origin")


@story("tags", ["TagResource", "UntagResource", "GetTags"])
def tags(t):
    api, _ = t.api("tagged", tags={"a": "1"})
    arn = t.arn(f"restapis/{api}")
    with t.effect("TagResource", "GetTags and GetRestApi show the tags, others stay"):
        t.call("TagResource", resourceArn=arn, tags={"b": "2", "with space": "x/y"})
        same(t.call("GetRestApi", restApiId=api)["tags"], {"a": "1", "b": "2", "with space": "x/y"})
    with t.effect("GetTags", "reads what TagResource and CreateRestApi wrote"):
        same(t.call("GetTags", resourceArn=arn)["tags"], {"a": "1", "b": "2", "with space": "x/y"})
    with t.effect("UntagResource", "GetTags no longer has the keys"):
        t.call("UntagResource", resourceArn=arn, tagKeys=["a", "with space"])
        same(t.call("GetTags", resourceArn=arn)["tags"], {"b": "2"})
