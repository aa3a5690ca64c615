"""Documentation, client certificates, VPC links and the account."""

import json

from .client import (
    CLIENT, deploy, expect, ids, refused, replace, small_api,
)


def documentation():
    api, _ = small_api("boto3-documentation", "read me")
    part = CLIENT.create_documentation_part(
        restApiId=api, location={"type": "RESOURCE", "path": "/"},
        properties='{"description": "where it begins"}',
    )
    one = {"restApiId": api, "documentationPartId": part["id"]}
    CLIENT.update_documentation_part(
        **one, patchOperations=[replace("/properties", '{"description": "where all begins"}')]
    )
    text = json.loads(CLIENT.get_documentation_part(**one)["properties"])
    expect("properties", text, {"description": "where all begins"})
    document = {
        "openapi": "3.0.1",
        "info": {"title": "x", "version": "1"},
        "paths": {},
        "x-amazon-apigateway-documentation": {
            "documentationParts": [
                {"location": {"type": "API"}, "properties": {"info": {"description": "a story"}}}
            ]
        },
    }
    imported = CLIENT.import_documentation_parts(
        restApiId=api, mode="merge", body=json.dumps(document)
    )
    listed = CLIENT.get_documentation_parts(restApiId=api)["items"]
    expect("parts", ids(listed), {part["id"], *imported["ids"]})
    versions(api)
    CLIENT.delete_documentation_part(**one)
    refused(
        CLIENT.get_documentation_part, "NotFoundException",
        "Invalid Documentation part identifier specified", **one,
    )
    CLIENT.delete_rest_api(restApiId=api)


def versions(api):
    """A version is what was written when it was made; a stage may show it."""
    one = {"restApiId": api, "documentationVersion": "v1"}
    CLIENT.create_documentation_version(**one, description="first")
    deploy(api)
    CLIENT.update_stage(
        restApiId=api, stageName="prod", patchOperations=[replace("/documentationVersion", "v1")]
    )
    export = CLIENT.get_export(
        restApiId=api, stageName="prod", exportType="oas30",
        parameters={"extensions": "documentation"}, accepts="application/json",
    )
    assert "where all begins" in export["body"].read().decode()
    CLIENT.update_documentation_version(
        **one, patchOperations=[replace("/description", "the first")]
    )
    expect("words", CLIENT.get_documentation_version(**one)["description"], "the first")
    listed = CLIENT.get_documentation_versions(restApiId=api)["items"]
    expect("versions", [item["version"] for item in listed], ["v1"])
    CLIENT.update_stage(
        restApiId=api, stageName="prod", patchOperations=[replace("/documentationVersion", "")]
    )
    CLIENT.delete_documentation_version(**one)
    refused(CLIENT.get_documentation_version, "NotFoundException", **one)


def client_certificates():
    api, _ = small_api("boto3-certificate", "signed")
    deploy(api)
    made = CLIENT.generate_client_certificate(description="boto3")
    assert made["pemEncodedCertificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert made["expirationDate"] > made["createdDate"]
    one = {"clientCertificateId": made["clientCertificateId"]}
    CLIENT.update_client_certificate(**one, patchOperations=[replace("/description", "told")])
    expect("words", CLIENT.get_client_certificate(**one)["description"], "told")
    listed = CLIENT.get_client_certificates(limit=500)["items"]
    assert one["clientCertificateId"] in {item["clientCertificateId"] for item in listed}
    for value in (one["clientCertificateId"], ""):
        stage = CLIENT.update_stage(
            restApiId=api, stageName="prod",
            patchOperations=[replace("/clientCertificateId", value)],
        )
        expect("certificate", stage.get("clientCertificateId", ""), value)
    CLIENT.delete_client_certificate(**one)
    refused(CLIENT.get_client_certificate, "NotFoundException", **one)
    CLIENT.delete_rest_api(restApiId=api)


def vpc_links():
    target = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/in/0123456789"
    made = CLIENT.create_vpc_link(name="boto3-link", targetArns=[target])
    one = {"vpcLinkId": made["id"]}
    CLIENT.update_vpc_link(**one, patchOperations=[replace("/description", "inwards")])
    link = CLIENT.get_vpc_link(**one)
    expect("link", (link["description"], link["targetArns"]), ("inwards", [target]))
    assert made["id"] in ids(CLIENT.get_vpc_links(limit=500)["items"])
    CLIENT.delete_vpc_link(**one)


def account():
    shown = CLIENT.get_account()
    assert shown["throttleSettings"]["rateLimit"] > 0, shown
    role = "arn:aws:iam::000000000000:role/logs"
    changed = CLIENT.update_account(patchOperations=[replace("/cloudwatchRoleArn", role)])
    expect("role", changed["cloudwatchRoleArn"], role)
