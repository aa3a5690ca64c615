"""API keys."""

from tester import by, has, same, story


def guarded(t, name):
    """A deployed API that asks for keys: its id."""
    api, root = t.api(name)
    t.mock(api, root, "in", apiKeyRequired=True)
    t.deploy(api)
    return api


def with_key(value):
    return {"headers": {"x-api-key": value}}


@story("API keys", ["CreateApiKey", "GetApiKey", "GetApiKeys", "UpdateApiKey", "DeleteApiKey"])
def keys(t):
    api = guarded(t, "keyed")
    plan = t.call("CreateUsagePlan", name="keyed", apiStages=[{"apiId": api, "stage": "prod"}])["id"]
    t.later("DeleteUsagePlan", usagePlanId=plan)
    made = t.call("CreateApiKey", name="conformance-a", description="d", enabled=True, customerId="c1",
                  tags={"k": "v"})
    key, value = made["id"], made["value"]
    t.later("DeleteApiKey", apiKey=key)
    with t.effect("CreateApiKey", "a node lets requests with it pass, and no others"):
        t.call("CreateUsagePlanKey", usagePlanId=plan, keyId=key, keyType="API_KEY")
        t.becomes("the key opens", lambda: t.sees(api, "prod/", "in", **with_key(value)))
        t.status_at(api, "prod/", 403)
        t.status_at(api, "prod/", 403, **with_key("x" * 40))
    with t.effect("GetApiKey", "reads what CreateApiKey wrote, with includeValue its value"):
        found = t.call("GetApiKey", apiKey=key)
        has(found, name="conformance-a", description="d", enabled=True, customerId="c1", tags={"k": "v"})
        assert "value" not in found
        same(t.call("GetApiKey", apiKey=key, includeValue=True)["value"], value)
    given = "v" * 30
    other = t.call("CreateApiKey", name="conformance-b", value=given)
    t.later("DeleteApiKey", apiKey=other["id"])
    with t.effect("GetApiKeys", "lists keys by prefix of the name and by customer, with values where asked for"):
        ids = lambda **more: sorted(one["id"] for one in t.call("GetApiKeys", **more)["item"])
        same(ids(nameQuery="conformance-"), sorted([key, other["id"]]))
        same((ids(nameQuery="conformance-b"), ids(customerId="c1")), ([other["id"]], [key]))
        listed = by(t.call("GetApiKeys", includeValues=True, nameQuery="conformance-")["item"], "id")
        same(listed[other["id"]]["value"], given)
        has(listed[other["id"]], enabled=False, stageKeys=[])
    with t.effect("UpdateApiKey", "GetApiKey reads it; disabled, a node refuses it"):
        t.patch("UpdateApiKey", ("replace", "/enabled", "false"), ("replace", "/name", "conformance-c"),
                apiKey=key)
        has(t.call("GetApiKey", apiKey=key), enabled=False, name="conformance-c")
        t.becomes("the key is off", lambda: t.status_at(api, "prod/", 403, **with_key(value)))
        t.patch("UpdateApiKey", ("replace", "/enabled", "true"), apiKey=key)
        t.becomes("the key is on", lambda: t.sees(api, "prod/", "in", **with_key(value)))
    short = "API Key value should be at least 20 characters"
    t.refused("CreateApiKey", "BadRequestException", short, name="x", value="short")
    t.refused("CreateApiKey", "BadRequestException", "API Key value exceeds maximum size of 128 characters",
              name="x", value="v" * 129)
    t.refused("CreateApiKey", "BadRequestException", "Invalid API Key name, can be at most 1024 characters.",
              name="x" * 1025)
    t.refused("CreateApiKey", "ConflictException", name="x", value=given)
    with t.effect("DeleteApiKey", "GetApiKey does not find it, and a node refuses it"):
        t.call("DeleteApiKey", apiKey=key)
        t.gone("GetApiKey", apiKey=key)
        t.becomes("the key is gone", lambda: t.status_at(api, "prod/", 403, **with_key(value)))


@story("imported API keys", ["ImportApiKeys"])
def imported(t):
    api = guarded(t, "imported keys")
    plan = t.call("CreateUsagePlan", name="imported", apiStages=[{"apiId": api, "stage": "prod"}])["id"]
    t.later("DeleteUsagePlan", usagePlanId=plan)
    table = "Name,key,description,Enabled,usageplanIds\n" \
            f"conformance-csv,{'c' * 24},from a table,TRUE,\"{plan}\"\n" \
            f"conformance-off,{'d' * 24},from a table,FALSE,\"\"\n"
    made = t.call("ImportApiKeys", body=table.encode(), format="csv")
    for one in made["ids"]:
        t.later("DeleteApiKey", apiKey=one)
    with t.effect("ImportApiKeys", "GetApiKeys and GetUsagePlanKeys list them, and a node lets them pass"):
        same(len(made["ids"]), 2)
        listed = by(t.call("GetApiKeys", nameQuery="conformance-csv", includeValues=True)["item"], "name")
        has(listed["conformance-csv"], value="c" * 24, enabled=True, description="from a table")
        inside = t.call("GetUsagePlanKeys", usagePlanId=plan)["item"]
        same([one["name"] for one in inside], ["conformance-csv"])
        t.becomes("the key opens", lambda: t.sees(api, "prod/", "in", **with_key("c" * 24)))
        t.status_at(api, "prod/", 403, **with_key("d" * 24))
