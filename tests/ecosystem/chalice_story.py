#!/usr/bin/env python3
"""Chalice, a framework that knows AWS only: `chalice deploy` makes an API here,
a second deploy changes it, and `chalice delete` removes it.

What it asks of IAM and Lambda is answered by moto's server.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

import boto3

from story_support import BIN, expect, moto

HERE = pathlib.Path(__file__).parent
API_GATEWAY = os.environ["AWS_ENDPOINT_URL"]
TRAFFIC = os.environ["GATEWRIGHT_TRAFFIC_URL"]
CLIENT = boto3.client("apigateway", endpoint_url=API_GATEWAY)
MORE_ROUTE = """

@app.route("/more", cors=cors)
def more():
    return {}
"""


def chalice(folder, aws, *arguments):
    environment = os.environ | {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ENDPOINT_URL_API_GATEWAY": API_GATEWAY,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    done = subprocess.run(
        [BIN / "chalice", *arguments], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def resources(api):
    listed = CLIENT.get_resources(restApiId=api, embed=["methods"], limit=500)["items"]
    return {item["path"]: item.get("resourceMethods", {}) for item in listed}


def deployed_api(folder):
    deployed = json.loads((folder / ".chalice/deployed/dev.json").read_text())["resources"]
    return next(one["rest_api_id"] for one in deployed if one["resource_type"] == "rest_api")


def check(api):
    shown = CLIENT.get_rest_api(restApiId=api)
    expect("name", shown["name"], "story")
    expect("endpoint", shown["endpointConfiguration"]["types"], ["REGIONAL"])
    expect("binary", sorted(shown["binaryMediaTypes"]), ["application/x-story", "image/png"])
    methods = resources(api)
    found = {path: sorted(verbs) for path, verbs in methods.items() if verbs}
    expect(
        "methods", found,
        {
            "/": ["GET"],
            "/keys": ["GET"],
            "/pets": ["GET", "OPTIONS", "POST"],
            "/pets/{name}/owners/{owner}": ["GET", "OPTIONS"],
            "/pictures/{name}": ["PUT"],
        },
    )
    authorizers = {one["id"]: one for one in CLIENT.get_authorizers(restApiId=api)["items"]}
    kinds = {one["name"]: one["type"] for one in authorizers.values()}
    expect("authorizers", kinds, {"gate": "TOKEN", "pool": "COGNITO_USER_POOLS"})
    gate = authorizers[methods["/pets"]["GET"]["authorizerId"]]
    expect("gate", (gate["name"], gate["authorizerResultTtlInSeconds"]), ("gate", 30))
    assert gate["authorizerUri"].endswith(":function:story-dev-gate/invocations"), gate
    put = methods["/pictures/{name}"]["PUT"]
    expect("pool", authorizers[put["authorizerId"]]["name"], "pool")
    expect("key", methods["/keys"]["GET"]["apiKeyRequired"], True)
    owner = CLIENT.get_method(
        restApiId=api, httpMethod="GET",
        resourceId=next(
            item["id"] for item in CLIENT.get_resources(restApiId=api, limit=500)["items"]
            if item["path"] == "/pets/{name}/owners/{owner}"
        ),
    )
    expect("integration", owner["methodIntegration"]["type"], "AWS_PROXY")
    parameters = {f"method.request.path.{name}": True for name in ("name", "owner")}
    expect("parameters", owner["requestParameters"], parameters)
    stage = CLIENT.get_stage(restApiId=api, stageName="api")
    expect("stage", stage["stageName"], "api")


def preflight(api, path, origin):
    """Nodes answer what browsers ask before a request."""
    asked = urllib.request.Request(
        f"{TRAFFIC}/_aws/execute-api/{api}/api{path}", method="OPTIONS",
        headers={"Origin": "https://stories.test", "Access-Control-Request-Method": "GET"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        expect("preflight", answer.status, 200)
        expect("origin", answer.headers["Access-Control-Allow-Origin"], origin)
        return answer.headers


def main():
    server, aws = moto()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder) / "story"
        shutil.copytree(HERE / "chalice", folder)
        try:
            chalice(folder, aws, "deploy")
            api = deployed_api(folder)
            check(api)
            headers = preflight(api, "/pets", "https://stories.test")
            expect("age", headers["Access-Control-Max-Age"], "600")
            assert "X-Story" in headers["Access-Control-Allow-Headers"], headers
            preflight(api, "/pets/rex/owners/eve", "*")

            with open(folder / "app.py", "a") as source:
                source.write(MORE_ROUTE)
            chalice(folder, aws, "deploy")
            expect("the same API", deployed_api(folder), api)
            expect("more", sorted(resources(api)["/more"]), ["GET", "OPTIONS"])
            preflight(api, "/more", "https://stories.test")
            url = chalice(folder, aws, "url").strip()
            assert api in url, url

            chalice(folder, aws, "delete")
            remaining = [one["id"] for one in CLIENT.get_rest_apis(limit=500)["items"]]
            assert api not in remaining, remaining
            try:
                preflight(api, "/pets", "")
                raise AssertionError("a deleted API answers")
            except urllib.error.HTTPError as error:
                expect("a deleted API", error.code, 403)
        finally:
            server.terminate()
            server.wait(20)
    print("chalice story: deployed, changed, deleted")


if __name__ == "__main__":
    main()
