"""The tree of paths."""

from tester import by, same, story


@story("resources", ["CreateResource", "GetResource", "GetResources", "UpdateResource", "DeleteResource"])
def resources(t):
    api, root = t.api("tree")
    pets = t.call("CreateResource", restApiId=api, parentId=root, pathPart="pets")
    one = t.call("CreateResource", restApiId=api, parentId=pets["id"], pathPart="{id}")
    t.mock(api, pets["id"], "pets")
    t.mock(api, one["id"], "one")
    t.deploy(api)
    with t.effect("CreateResource", "GetResource and GetResources answer it, and a node routes to it"):
        same(pets["path"], "/pets")
        same(t.call("GetResource", restApiId=api, resourceId=one["id"])["path"], "/pets/{id}")
        t.sees(api, "prod/pets", "pets")
        t.sees(api, "prod/pets/7", "one")
    with t.effect("GetResource", "reads place and parent, and methods with embed=methods"):
        found = t.call("GetResource", restApiId=api, resourceId=one["id"])
        same({key: found[key] for key in ("parentId", "pathPart", "path")},
             {"parentId": pets["id"], "pathPart": "{id}", "path": "/pets/{id}"})
        same(found["resourceMethods"], {"GET": {}})
        found = t.call("GetResource", restApiId=api, resourceId=one["id"], embed=["methods"])
        same(found["resourceMethods"]["GET"]["authorizationType"], "NONE")
    with t.effect("GetResources", "lists the tree, in pages, with methods where asked for"):
        listed = by(t.call("GetResources", restApiId=api)["item"], "path")
        same(sorted(listed), ["/", "/pets", "/pets/{id}"])
        listed = by(t.call("GetResources", restApiId=api, embed=["methods"])["item"], "path")
        same(listed["/pets"]["resourceMethods"]["GET"]["methodIntegration"]["type"], "MOCK")
    sibling = "A sibling ({id}) of this resource already has a variable path part -- only one is allowed"
    t.refused("CreateResource", "BadRequestException", sibling,
              restApiId=api, parentId=pets["id"], pathPart="{other}")
    t.refused("CreateResource", "ConflictException",
              "Another resource with the same parent already has this name: pets",
              restApiId=api, parentId=root, pathPart="pets")
    t.refused("CreateResource", "BadRequestException", restApiId=api, parentId=root, pathPart="a b")
    t.refused("CreateResource", "BadRequestException", restApiId=api, parentId=root, pathPart="")
    with t.effect("UpdateResource", "GetResources has the new paths of the whole branch; a node follows"):
        t.patch("UpdateResource", ("replace", "/pathPart", "animals"), restApiId=api, resourceId=pets["id"])
        listed = by(t.call("GetResources", restApiId=api)["item"], "path")
        same(sorted(listed), ["/", "/animals", "/animals/{id}"])
        t.deploy(api)
        t.sees(api, "prod/animals/7", "one")
        t.status_at(api, "prod/pets/7", 403)
        t.patch("UpdateResource", ("replace", "/parentId", root), restApiId=api, resourceId=one["id"])
        assert "/{id}" in by(t.call("GetResources", restApiId=api)["item"], "path")
    t.refused("UpdateResource", "BadRequestException", "Root resource cannot update its pathPart.",
              restApiId=api, resourceId=root,
              patchOperations=[{"op": "replace", "path": "/pathPart", "value": "x"}])
    t.refused("DeleteResource", "BadRequestException", restApiId=api, resourceId=root)
    with t.effect("DeleteResource", "GetResources has lost it with all below it, and so has a node"):
        low = t.call("CreateResource", restApiId=api, parentId=pets["id"], pathPart="low")
        t.call("DeleteResource", restApiId=api, resourceId=pets["id"])
        t.gone("GetResource", restApiId=api, resourceId=pets["id"])
        t.gone("GetResource", restApiId=api, resourceId=low["id"])
        t.deploy(api)
        t.sees(api, "prod/7", "one")
        t.status_at(api, "prod/animals/7", 403)
