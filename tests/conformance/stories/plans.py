"""Usage plans, their keys and what was used."""

import datetime

from stories.keys import guarded, with_key
from tester import by, has, same, story


@story("usage plans", ["CreateUsagePlan", "GetUsagePlan", "GetUsagePlans", "UpdateUsagePlan",
                       "DeleteUsagePlan", "CreateUsagePlanKey", "GetUsagePlanKey", "GetUsagePlanKeys",
                       "DeleteUsagePlanKey"])
def plans(t):
    api = guarded(t, "planned")
    made = t.call("CreateUsagePlan", name="gold", description="d",
                  throttle={"burstLimit": 500, "rateLimit": 1000.0},
                  quota={"limit": 100000, "period": "DAY"}, tags={"k": "v"})
    plan = {"usagePlanId": made["id"]}
    t.later("DeleteUsagePlan", **plan)
    key = t.call("CreateApiKey", name="planned", enabled=True)
    t.later("DeleteApiKey", apiKey=key["id"])
    member = {**plan, "keyId": key["id"]}
    opens = lambda: t.sees(api, "prod/", "in", **with_key(key["value"]))
    closed = lambda: t.status_at(api, "prod/", 403, **with_key(key["value"]))
    with t.effect("GetUsagePlan", "reads what CreateUsagePlan wrote, with AWS's defaults"):
        found = has(t.call("GetUsagePlan", **plan), name="gold", description="d", apiStages=[], tags={"k": "v"})
        same(found["quota"], {"limit": 100000, "period": "DAY", "offset": 0})
        same(found["throttle"], {"burstLimit": 500, "rateLimit": 1000.0})
    with t.effect("CreateUsagePlanKey", "GetUsagePlanKeys lists it, and a node lets the key pass"):
        t.call("CreateUsagePlanKey", **member, keyType="API_KEY")
        closed()
        t.patch("UpdateUsagePlan", ("add", "/apiStages", f"{api}:prod"), **plan)
        t.becomes("the key opens", opens)
    with t.effect("UpdateUsagePlan", "GetUsagePlan reads it; a node lets keys pass to the stages that it has"):
        found = t.call("GetUsagePlan", **plan)
        same([(one["apiId"], one["stage"]) for one in found["apiStages"]], [(api, "prod")])
        t.patch("UpdateUsagePlan", ("remove", "/apiStages", f"{api}:prod"), **plan)
        t.becomes("the stage is out", closed)
        t.patch("UpdateUsagePlan", ("add", "/apiStages", f"{api}:prod"),
                ("replace", "/throttle/rateLimit", "2000.0"), ("replace", "/name", "silver"), **plan)
        found = has(t.call("GetUsagePlan", **plan), name="silver")
        same(found["throttle"]["rateLimit"], 2000.0)
        t.becomes("the key opens", opens)
    with t.effect("CreateUsagePlan", "keys of a plan that is made with a stage pass a node"):
        other = t.call("CreateUsagePlan", name="bronze", apiStages=[{"apiId": api, "stage": "prod"}])
        t.later("DeleteUsagePlan", usagePlanId=other["id"])
        second = t.call("CreateApiKey", name="bronze", enabled=True)
        t.later("DeleteApiKey", apiKey=second["id"])
        t.call("CreateUsagePlanKey", usagePlanId=other["id"], keyId=second["id"], keyType="API_KEY")
        t.becomes("the other key opens", lambda: t.sees(api, "prod/", "in", **with_key(second["value"])))
    with t.effect("GetUsagePlans", "lists what was created, and those of one key where asked for"):
        assert {made["id"], other["id"]} <= set(by(t.call("GetUsagePlans", limit=500)["item"], "id"))
        same([one["id"] for one in t.call("GetUsagePlans", keyId=key["id"])["item"]], [made["id"]])
    with t.effect("GetUsagePlanKey", "reads what CreateUsagePlanKey wrote"):
        has(t.call("GetUsagePlanKey", **member), id=key["id"], type="API_KEY", name="planned")
    with t.effect("GetUsagePlanKeys", "lists the keys of a plan, by prefix of the name"):
        same([one["id"] for one in t.call("GetUsagePlanKeys", **plan)["item"]], [key["id"]])
        same(t.call("GetUsagePlanKeys", **plan, nameQuery="other")["item"], [])
    t.refused("CreateUsagePlanKey", "ConflictException", **member, keyType="API_KEY")
    t.refused("CreateUsagePlan", "BadRequestException", name="x", quota={"limit": 10, "period": "DAY", "offset": 3})
    t.refused("DeleteUsagePlan", "BadRequestException", usagePlanId=other["id"])
    with t.effect("DeleteUsagePlanKey", "GetUsagePlanKeys has lost it, and a node refuses the key"):
        t.call("DeleteUsagePlanKey", **member)
        same(t.call("GetUsagePlanKeys", **plan)["item"], [])
        t.gone("GetUsagePlanKey", **member)
        t.becomes("the key is out", closed)
    with t.effect("DeleteUsagePlan", "GetUsagePlan does not find it, and a node refuses its keys"):
        t.patch("UpdateUsagePlan", ("remove", "/apiStages", f"{api}:prod"), usagePlanId=other["id"])
        t.call("DeleteUsagePlan", usagePlanId=other["id"])
        t.gone("GetUsagePlan", usagePlanId=other["id"])
        t.becomes("its keys are out", lambda: t.status_at(api, "prod/", 403, **with_key(second["value"])))


@story("usage", ["GetUsage", "UpdateUsage"])
def usage(t):
    api = guarded(t, "used")
    plan = t.call("CreateUsagePlan", name="used", apiStages=[{"apiId": api, "stage": "prod"}],
                  quota={"limit": 100, "period": "MONTH"})["id"]
    t.later("DeleteUsagePlan", usagePlanId=plan)
    key = t.call("CreateApiKey", name="used", enabled=True)
    t.later("DeleteApiKey", apiKey=key["id"])
    t.call("CreateUsagePlanKey", usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    days = {"usagePlanId": plan, "startDate": today, "endDate": today}
    if not t.look("GetUsage"):
        t.call("GetUsage", **days)

    def used(expected):
        same(t.call("GetUsage", **days)["values"][key["id"]][0][0], expected)

    with t.effect("GetUsage", "counts the requests that nodes let pass"):
        t.becomes("the key opens", lambda: t.sees(api, "prod/", "in", **with_key(key["value"])))
        t.becomes("usage is told", lambda: used(len(t.nodes)), 30)
    with t.effect("UpdateUsage", "GetUsage reads what remains, and a node refuses beyond it"):
        t.patch("UpdateUsage", ("replace", "/remaining", "0"), usagePlanId=plan, keyId=key["id"])
        t.becomes("nothing remains", lambda: t.status_at(api, "prod/", 429, **with_key(key["value"])), 30)
