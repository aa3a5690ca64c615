"""Models."""

import json

from tester import by, has, same, story

PET = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object",
       "properties": {"name": {"type": "string"}}, "required": ["name"]}


def schema(value):
    return json.dumps(value)


@story("models", ["CreateModel", "GetModel", "GetModels", "UpdateModel", "DeleteModel"])
def models(t):
    api, root = t.api("models")
    made = t.call("CreateModel", restApiId=api, name="Pet", contentType="application/json",
                  description="d", schema=schema(PET))
    with t.effect("CreateModel", "GetModel and GetModels answer it, and a method may name it"):
        t.call("PutMethod", restApiId=api, resourceId=root, httpMethod="POST", authorizationType="NONE",
               requestModels={"application/json": "Pet"})
        same(json.loads(made["schema"]), PET)
    with t.effect("GetModel", "reads what CreateModel wrote; flatten resolves references"):
        has(t.call("GetModel", restApiId=api, modelName="Pet"), id=made["id"], description="d",
            contentType="application/json")
        reference = f"https://apigateway.amazonaws.com/restapis/{api}/models/Pet"
        t.call("CreateModel", restApiId=api, name="Pets", contentType="application/json",
               schema=schema({"type": "array", "items": {"$ref": reference}}))
        flat = t.call("GetModel", restApiId=api, modelName="Pets", flatten=True)["schema"]
        assert reference not in flat and '"name"' in flat, flat
    with t.effect("GetModels", "lists what was created beside the two models of every API"):
        same(sorted(by(t.call("GetModels", restApiId=api)["item"], "name")), ["Empty", "Error", "Pet", "Pets"])
    with t.effect("UpdateModel", "GetModel reads the new schema and description"):
        t.patch("UpdateModel", ("replace", "/schema", '{"type":"string"}'), ("replace", "/description", "e"),
                restApiId=api, modelName="Pet")
        has(t.call("GetModel", restApiId=api, modelName="Pet"), schema='{"type":"string"}', description="e")
    t.refused("CreateModel", "ConflictException", "Model name already exists for this REST API", restApiId=api,
              name="Pet", contentType="application/json", schema="{}")
    t.refused("CreateModel", "BadRequestException", restApiId=api, name="Odd", contentType="application/json",
              schema="{")
    t.refused("DeleteModel", "ConflictException",
              "Cannot delete model 'Pet', is referenced in method request: //POST", restApiId=api,
              modelName="Pet")
    with t.effect("DeleteModel", "GetModel does not find it, and no method may name it"):
        t.call("DeleteModel", restApiId=api, modelName="Pets")
        t.gone("GetModel", restApiId=api, modelName="Pets")
        t.refused("PutMethod", "BadRequestException", "Invalid model identifier specified: Pets", restApiId=api,
                  resourceId=root, httpMethod="PUT", authorizationType="NONE",
                  requestModels={"application/json": "Pets"})


@story("model templates", ["GetModelTemplate"])
def templates(t):
    api, _ = t.api("templates")
    t.call("CreateModel", restApiId=api, name="Pet", contentType="application/json", schema=schema(PET))
    with t.effect("GetModelTemplate", "follows the schema that CreateModel and UpdateModel wrote"):
        assert "name" in t.call("GetModelTemplate", restApiId=api, modelName="Pet")["value"]
        other = {"type": "object", "properties": {"colour": {"type": "string"}}}
        t.patch("UpdateModel", ("replace", "/schema", schema(other)), restApiId=api, modelName="Pet")
        value = t.call("GetModelTemplate", restApiId=api, modelName="Pet")["value"]
        assert "colour" in value and "name" not in value, value
