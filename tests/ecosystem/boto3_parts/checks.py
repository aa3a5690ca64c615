"""Who and what is let in: validators, authorizers, and the words of refusals."""

import json

from .client import (
    CLIENT, add, deploy, expect, mock, refused, replace, small_api, traffic,
)


def validators():
    api, where = small_api("boto3-checks", "valid")
    validator = CLIENT.create_request_validator(
        restApiId=api, name="strict", validateRequestParameters=True
    )
    expect("body", validator["validateRequestBody"], False)
    one = {"restApiId": api, "requestValidatorId": validator["id"]}
    CLIENT.update_method(
        **where,
        patchOperations=[
            add("/requestParameters/method.request.querystring.name", "true"),
            replace("/requestValidatorId", validator["id"]),
        ],
    )
    deploy(api)
    missing = '{"message": "Missing required request parameters: [name]"}'
    traffic(api, "prod", missing, 400)
    traffic(api, "prod?name=x", "valid")
    expect("name", CLIENT.get_request_validator(**one)["name"], "strict")
    CLIENT.update_request_validator(
        **one, patchOperations=[replace("/validateRequestParameters", "false")]
    )
    deploy(api)
    traffic(api, "prod", "valid")
    listed = CLIENT.get_request_validators(restApiId=api)["items"]
    expect("flags", [item["validateRequestParameters"] for item in listed], [False])
    CLIENT.update_method(**where, patchOperations=[replace("/requestValidatorId", "")])
    CLIENT.delete_request_validator(**one)
    refused(
        CLIENT.get_request_validator, "NotFoundException",
        "Invalid Request Validator identifier specified", **one,
    )
    gateway_responses(api)
    authorizers(api, where)
    CLIENT.delete_rest_api(restApiId=api)


def bodies():
    """A model decides which bodies a node lets pass, from the next deployment on."""
    api, where = small_api("boto3-bodies", "got")
    model = {"restApiId": api, "name": "Pet", "contentType": "application/json"}
    frame = "Invalid model specified: Validation Result: warnings : [], errors : "
    refused(
        CLIENT.create_model, "BadRequestException",
        frame + '[Invalid model schema specified. Unsupported keyword(s): ["example"]]',
        **model, schema='{"type": "object", "example": {}}',
    )
    owner = {"type": "object", "required": ["email"], "properties": {"email": {"type": "string", "format": "email"}}}
    CLIENT.create_model(**model | {"name": "Owner"}, schema=json.dumps(owner))
    canonical = f"https://apigateway.amazonaws.com/restapis/{api}/models/Owner"
    pet = {
        "$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["name"],
        "properties": {"name": {"type": "string", "minLength": 1}, "owner": {"$ref": canonical}},
    }
    CLIENT.create_model(**model, schema=json.dumps(pet))
    validator = CLIENT.create_request_validator(restApiId=api, name="bodies", validateRequestBody=True)
    mock(
        api, where["resourceId"], "kept", "POST",
        requestModels={"application/json": "Pet"}, requestValidatorId=validator["id"],
    )
    CLIENT.put_gateway_response(
        restApiId=api, responseType="BAD_REQUEST_BODY",
        responseTemplates={"application/json": "$context.error.validationErrorString"},
    )
    deploy(api)
    as_json = {"Content-Type": "application/json"}
    for body, told in [
        ('{"name": "Rex", "owner": {"email": "ada@example.com"}}', "kept"),
        ("{}", '[object has missing required properties (["name"])]'),
        ("", '[object has missing required properties (["name"])]'),
        ('{"name": ""}', '[string "" is too short (length: 0, required minimum: 1)]'),
        ('{"name": "Rex", "owner": {"email": 1}}',
         '[instance type (integer) does not match any allowed primitive type (allowed: ["string"])]'),
        ('{"name": "Rex", "owner": {"email": "ada"}}', '[string "ada" is not a valid email address]'),
        ("{", "[Unknown error parsing request body]"),
    ]:
        traffic(api, "prod", told, 200 if told == "kept" else 400, as_json, body)
    CLIENT.update_model(
        restApiId=api, modelName="Pet", patchOperations=[replace("/schema", '{"type": "array"}')]
    )
    traffic(api, "prod", "kept", 200, as_json, '{"name": "Rex"}')
    deploy(api)
    traffic(api, "prod", "kept", 200, as_json, "[]")
    CLIENT.delete_rest_api(restApiId=api)


def gateway_responses(api):
    """The words of a refusal are the API's own, then the gateway's again."""
    one = {"restApiId": api, "responseType": "MISSING_AUTHENTICATION_TOKEN"}
    CLIENT.put_gateway_response(
        **one, statusCode="404", responseTemplates={"application/json": '{"gone":"$context.path"}'}
    )
    deploy(api)
    traffic(api, "prod/nowhere", '{"gone":"/prod/nowhere"}', 404)
    changed = CLIENT.update_gateway_response(**one, patchOperations=[replace("/statusCode", "410")])
    expect("status", changed["statusCode"], "410")
    expect("own", CLIENT.get_gateway_response(**one)["defaultResponse"], False)
    deploy(api)
    traffic(api, "prod/nowhere", '{"gone":"/prod/nowhere"}', 410)
    CLIENT.delete_gateway_response(**one)
    expect("default", CLIENT.get_gateway_response(**one)["defaultResponse"], True)
    deploy(api)
    traffic(api, "prod/nowhere", '{"message":"Missing Authentication Token"}', 403)


def authorizers(api, where):
    function = "arn:aws:lambda:us-east-1:000000000000:function:gate"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    made = CLIENT.create_authorizer(
        restApiId=api, name="gate", type="TOKEN", authorizerUri=uri,
        identitySource="method.request.header.Authorization",
    )
    one = {"restApiId": api, "authorizerId": made["id"]}
    CLIENT.update_method(
        **where,
        patchOperations=[
            replace("/authorizationType", "CUSTOM"),
            replace("/authorizerId", made["id"]),
        ],
    )
    expect("authorizer", CLIENT.get_method(**where)["authorizerId"], made["id"])
    CLIENT.update_authorizer(
        **one, patchOperations=[replace("/authorizerResultTtlInSeconds", "60")]
    )
    expect("ttl", CLIENT.get_authorizer(**one)["authorizerResultTtlInSeconds"], 60)
    expect("names", [a["name"] for a in CLIENT.get_authorizers(restApiId=api)["items"]], ["gate"])
    CLIENT.update_method(**where, patchOperations=[replace("/authorizationType", "NONE")])
    CLIENT.delete_authorizer(**one)
    refused(CLIENT.get_authorizer, "NotFoundException", **one)
