"""An API built call by call, and every part of it read back."""

import json

from .client import CLIENT, add, arn, expect, mock, refused, remove, replace


def working_copy():
    api = CLIENT.create_rest_api(
        name="boto3-story", description="d", binaryMediaTypes=["image/png"], tags={"team": "a"}
    )
    api_id, root = api["id"], api["rootResourceId"]
    expect("endpoint", api["endpointConfiguration"]["types"], ["EDGE"])
    assert api["createdDate"].year >= 2024
    operations = [
        replace("/name", "boto3-told"),
        add("/binaryMediaTypes/application~1pdf"),
        remove("/binaryMediaTypes/image~1png"),
        replace("/minimumCompressionSize", "100"),
    ]
    api = CLIENT.update_rest_api(restApiId=api_id, patchOperations=operations)
    expect("name", api["name"], "boto3-told")
    expect("types", api["binaryMediaTypes"], ["application/pdf"])
    expect("tags", CLIENT.get_rest_api(restApiId=api_id)["tags"], {"team": "a"})
    found = [
        one["id"]
        for page in CLIENT.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 1})
        for one in page["items"]
    ]
    assert api_id in found, found
    itself = arn(f"/restapis/{api_id}")
    CLIENT.tag_resource(resourceArn=itself, tags={"stage": "x"})
    CLIENT.untag_resource(resourceArn=itself, tagKeys=["team"])
    expect("tags", CLIENT.get_tags(resourceArn=itself)["tags"], {"stage": "x"})

    pets = CLIENT.create_resource(restApiId=api_id, parentId=root, pathPart="pets")
    expect("path", pets["path"], "/pets")
    one = CLIENT.create_resource(restApiId=api_id, parentId=pets["id"], pathPart="{id}")
    refused(
        CLIENT.create_resource,
        "BadRequestException",
        "A sibling ({id}) of this resource already has a variable path part -- only one is allowed",
        restApiId=api_id, parentId=pets["id"], pathPart="{other}",
    )
    refused(
        CLIENT.create_resource, "ConflictException",
        "Another resource with the same parent already has this name: pets",
        restApiId=api_id, parentId=root, pathPart="pets",
    )
    CLIENT.update_resource(
        restApiId=api_id, resourceId=one["id"], patchOperations=[replace("/pathPart", "{pet}")]
    )
    where = mock(api_id, pets["id"], "one")
    CLIENT.update_method(**where, patchOperations=[replace("/operationName", "listPets")])
    CLIENT.update_integration(**where, patchOperations=[replace("/timeoutInMillis", "1000")])
    CLIENT.update_method_response(
        **where, statusCode="200",
        patchOperations=[add("/responseModels/application~1json", "Empty")],
    )
    method = CLIENT.get_method(**where)
    expect("operationName", method["operationName"], "listPets")
    expect("integration", method["methodIntegration"]["timeoutInMillis"], 1000)
    expect("model", method["methodResponses"]["200"]["responseModels"], {"application/json": "Empty"})
    listed = CLIENT.get_resources(restApiId=api_id, embed=["methods"])["items"]
    paths = {item["path"]: item for item in listed}
    expect("paths", sorted(paths), ["/", "/pets", "/pets/{pet}"])
    expect("method", paths["/pets"]["resourceMethods"]["GET"]["authorizationType"], "NONE")
    responses = CLIENT.get_gateway_responses(restApiId=api_id, limit=500)["items"]
    expect("responses", len(responses), 21)
    return api_id, where


def read_back(where):
    """Each part of a method alone, and the removal of each."""
    part = where | {"httpMethod": "POST"}
    resource = {name: where[name] for name in ("restApiId", "resourceId")}
    CLIENT.put_method(**part, authorizationType="NONE", apiKeyRequired=True)
    CLIENT.put_method_response(**part, statusCode="201", responseModels={"a/b": "Empty"})
    CLIENT.put_integration(
        **part, type="HTTP_PROXY", integrationHttpMethod="POST", uri="http://127.0.0.1:9/pets"
    )
    CLIENT.put_integration_response(**part, statusCode="201", selectionPattern="2..")
    expect("methods", sorted(CLIENT.get_resource(**resource)["resourceMethods"]), ["GET", "POST"])
    answer = CLIENT.get_method_response(**part, statusCode="201")
    expect("response", answer["responseModels"], {"a/b": "Empty"})
    expect("uri", CLIENT.get_integration(**part)["uri"], "http://127.0.0.1:9/pets")
    answer = CLIENT.get_integration_response(**part, statusCode="201")
    expect("pattern", answer["selectionPattern"], "2..")
    CLIENT.delete_integration_response(**part, statusCode="201")
    gone = "Invalid Response status code specified"
    refused(CLIENT.get_integration_response, "NotFoundException", gone, **part, statusCode="201")
    CLIENT.delete_integration(**part)
    gone = "Invalid Integration identifier specified"
    refused(CLIENT.get_integration, "NotFoundException", gone, **part)
    CLIENT.delete_method_response(**part, statusCode="201")
    refused(CLIENT.get_method_response, "NotFoundException", **part, statusCode="201")
    CLIENT.delete_method(**part)
    refused(
        CLIENT.get_method, "NotFoundException", "Invalid Method identifier specified", **part
    )
    child = CLIENT.create_resource(
        restApiId=where["restApiId"], parentId=where["resourceId"], pathPart="short-lived"
    )
    CLIENT.delete_resource(restApiId=where["restApiId"], resourceId=child["id"])
    gone = "Invalid Resource identifier specified"
    refused(
        CLIENT.get_resource, "NotFoundException", gone,
        restApiId=where["restApiId"], resourceId=child["id"],
    )


def models(api):
    schema = json.dumps({"type": "object", "properties": {"name": {"type": "string"}}})
    CLIENT.create_model(
        restApiId=api, name="Pet", contentType="application/json", schema=schema
    )
    names = sorted(model["name"] for model in CLIENT.get_models(restApiId=api)["items"])
    expect("models", names, ["Empty", "Error", "Pet"])
    CLIENT.update_model(
        restApiId=api, modelName="Pet", patchOperations=[replace("/description", "a pet")]
    )
    pet = CLIENT.get_model(restApiId=api, modelName="Pet", flatten=True)
    expect("model", (pet["description"], json.loads(pet["schema"])), ("a pet", json.loads(schema)))
    assert "name" in CLIENT.get_model_template(restApiId=api, modelName="Pet")["value"]
    CLIENT.delete_model(restApiId=api, modelName="Pet")
    refused(
        CLIENT.get_model, "NotFoundException", "Invalid model name specified: Pet",
        restApiId=api, modelName="Pet",
    )
