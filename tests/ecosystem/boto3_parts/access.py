"""API keys and usage plans, as nodes ask for them."""

import time

from .client import (
    CLIENT, TRAFFIC, arn, deploy, expect, ids, refused, remove, replace, request, small_api,
    traffic,
)

VALUE = "a-key-of-the-boto3-story-0123"


def keys_and_plans():
    api, where = small_api("boto3-keys", "let in", apiKeyRequired=True)
    deploy(api)
    traffic(api, "prod", '{"message":"Forbidden"}', 403)
    key = CLIENT.create_api_key(name="boto3-key", value=VALUE, enabled=True, tags={"team": "a"})
    expect("value", key["value"], VALUE)
    assert "value" not in CLIENT.get_api_key(apiKey=key["id"])
    shown = CLIENT.get_api_key(apiKey=key["id"], includeValue=True)
    expect("value", shown["value"], VALUE)
    refused(CLIENT.create_api_key, "ConflictException", name="twice", value=VALUE)

    plan = CLIENT.create_usage_plan(
        name="boto3-plan",
        apiStages=[{"apiId": api, "stage": "prod"}],
        throttle={"rateLimit": 1000.0, "burstLimit": 1000},
        quota={"limit": 100000, "period": "DAY"},
    )["id"]
    expect("quota", CLIENT.get_usage_plan(usagePlanId=plan)["quota"]["offset"], 0)
    traffic(api, "prod", '{"message":"Forbidden"}', 403, {"x-api-key": VALUE})
    CLIENT.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    traffic(api, "prod", "let in", headers={"x-api-key": VALUE})
    one = CLIENT.get_usage_plan_key(usagePlanId=plan, keyId=key["id"])
    expect("plan key", (one["name"], one["type"]), ("boto3-key", "API_KEY"))
    expect("plan keys", ids(CLIENT.get_usage_plan_keys(usagePlanId=plan)["items"]), {key["id"]})
    assert plan in ids(CLIENT.get_usage_plans(keyId=key["id"])["items"])
    expect("tags", CLIENT.get_tags(resourceArn=arn(f"/apikeys/{key['id']}"))["tags"], {"team": "a"})

    switch(api, key["id"])
    throttle(api, plan)
    CLIENT.delete_usage_plan_key(usagePlanId=plan, keyId=key["id"])
    traffic(api, "prod", '{"message":"Forbidden"}', 403, {"x-api-key": VALUE})
    CLIENT.update_usage_plan(
        usagePlanId=plan, patchOperations=[remove("/apiStages", f"{api}:prod")]
    )
    CLIENT.delete_usage_plan(usagePlanId=plan)
    refused(
        CLIENT.get_usage_plan, "NotFoundException", "Invalid Usage Plan ID specified",
        usagePlanId=plan,
    )
    CLIENT.delete_api_key(apiKey=key["id"])
    refused(CLIENT.get_api_key, "NotFoundException", apiKey=key["id"])
    imported()
    CLIENT.delete_rest_api(restApiId=api)


def switch(api, key):
    """A disabled key is no key, until it is enabled again."""
    for enabled, text, status in (
        ("false", '{"message":"Forbidden"}', 403),
        ("true", "let in", 200),
    ):
        operations = [replace("/enabled", enabled), replace("/description", f"is {enabled}")]
        CLIENT.update_api_key(apiKey=key, patchOperations=operations)
        traffic(api, "prod", text, status, {"x-api-key": VALUE})


def throttle(api, plan):
    """What a plan allows is kept; what a stage allows is held to by nodes."""
    operations = [replace("/throttle/rateLimit", "0.5"), replace("/throttle/burstLimit", "1")]
    CLIENT.update_usage_plan(usagePlanId=plan, patchOperations=operations)
    shown = CLIENT.get_usage_plan(usagePlanId=plan)
    expect("throttle", shown["throttle"], {"rateLimit": 0.5, "burstLimit": 1})
    operations = [remove("/throttle"), replace("/description", "free")]
    shown = CLIENT.update_usage_plan(usagePlanId=plan, patchOperations=operations)
    assert "throttle" not in shown, shown

    one = {"restApiId": api, "stageName": "prod"}
    limits = [
        replace("/*/*/throttling/rateLimit", "0.01"), replace("/*/*/throttling/burstLimit", "1"),
    ]
    CLIENT.update_stage(**one, patchOperations=limits)
    statuses = met(api)
    assert not statuses or 429 in statuses, statuses
    CLIENT.update_stage(**one, patchOperations=[remove("/*/*")])
    traffic(api, "prod", "let in", headers={"x-api-key": VALUE})


def met(api):
    """The statuses of some requests in a row."""
    if not TRAFFIC:
        return []
    path = f"/_aws/execute-api/{api}/prod"
    return [request(path, {"x-api-key": VALUE})[0] for _ in range(8)]


def imported():
    suffix = str(time.time_ns())
    lines = [
        "name,key,description,enabled",
        f"boto3-one,imported-by-boto3-one-{suffix},first,true",
        f"boto3-two,imported-by-boto3-two-{suffix},second,false",
    ]
    created = CLIENT.import_api_keys(body="\n".join(lines), format="csv")["ids"]
    listed = CLIENT.get_api_keys(nameQuery="boto3-", includeValues=True, limit=500)["items"]
    values = {item["id"]: item["value"] for item in listed}
    expect("imported", len(created), 2)
    expect("value", values[created[0]], f"imported-by-boto3-one-{suffix}")
    for key in created:
        CLIENT.delete_api_key(apiKey=key)
