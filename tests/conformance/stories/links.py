"""How a node reaches backends: client certificates and VPC links."""

import json

from backend import Backend, asks_for_certificates
from tester import by, has, same, story

TARGET = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/conformance/0123456789abcdef"


@story("client certificates", ["GenerateClientCertificate", "GetClientCertificate", "GetClientCertificates",
                               "UpdateClientCertificate", "DeleteClientCertificate"])
def certificates(t):
    made = t.call("GenerateClientCertificate", description="d", tags={"k": "v"})
    key = {"clientCertificateId": made["clientCertificateId"]}
    t.later("DeleteClientCertificate", **key)
    with t.effect("GetClientCertificate", "reads what GenerateClientCertificate made"):
        has(t.call("GetClientCertificate", **key), description="d", tags={"k": "v"},
            pemEncodedCertificate=made["pemEncodedCertificate"])
        assert made["expirationDate"] > made["createdDate"]
    api, root = t.api("certified")
    with Backend(asks_for_certificates(made["pemEncodedCertificate"])) as backend:
        t.proxy(api, root, backend.url, tlsConfig={"insecureSkipVerification": True})
        t.deploy(api)
        seen = lambda: json.loads(t.status_at(api, "prod/", 200)[2])["certificate"]
        squeezed = lambda pem: "".join(pem.split())
        same(json.loads(t.fetch(f"{t.nodes[0]}/_aws/execute-api/{api}/prod/")[2])["certificate"], None)
        with t.effect("GenerateClientCertificate", "a node shows it to a backend that asks"):
            t.patch("UpdateStage", ("replace", "/clientCertificateId", key["clientCertificateId"]),
                    restApiId=api, stageName="prod")
            for node in t.nodes:
                told = t.fetch(f"{node}/_aws/execute-api/{api}/prod/")
                same(told[0], 200, told)
                same(squeezed(json.loads(told[2])["certificate"] or ""), squeezed(made["pemEncodedCertificate"]))
    with t.effect("GetClientCertificates", "lists what was made"):
        listed = by(t.call("GetClientCertificates", limit=500)["item"], "clientCertificateId")
        assert key["clientCertificateId"] in listed
    with t.effect("UpdateClientCertificate", "GetClientCertificate reads the new description"):
        t.patch("UpdateClientCertificate", ("replace", "/description", "e"), **key)
        has(t.call("GetClientCertificate", **key), description="e")
    t.refused("DeleteClientCertificate", "BadRequestException", **key)
    with t.effect("DeleteClientCertificate", "GetClientCertificate does not find it, and no stage may name it"):
        other = t.call("GenerateClientCertificate")["clientCertificateId"]
        t.call("DeleteClientCertificate", clientCertificateId=other)
        t.gone("GetClientCertificate", clientCertificateId=other)
        t.refused("UpdateStage", "NotFoundException", restApiId=api, stageName="prod", patchOperations=[
            {"op": "replace", "path": "/clientCertificateId", "value": other}])


@story("VPC links", ["CreateVpcLink", "GetVpcLink", "GetVpcLinks", "UpdateVpcLink", "DeleteVpcLink"])
def links(t):
    made = t.call("CreateVpcLink", name="link", description="d", targetArns=[TARGET], tags={"k": "v"})
    key = {"vpcLinkId": made["id"]}
    t.later("DeleteVpcLink", **key)

    def available():
        has(t.call("GetVpcLink", **key), status="AVAILABLE")

    backend = Backend(name="behind the link")
    t.own("PUT", "vpctargets/conformance", {"addresses": [backend.address]})
    with t.effect("GetVpcLink", "reads what CreateVpcLink wrote, and that it came up"):
        t.becomes("the link is there", available)
        has(t.call("GetVpcLink", **key), name="link", description="d", targetArns=[TARGET], tags={"k": "v"})
    with t.effect("GetVpcLinks", "lists what was created"):
        assert made["id"] in by(t.call("GetVpcLinks", limit=500)["item"], "id")
    with t.effect("UpdateVpcLink", "GetVpcLink reads the new name"):
        t.patch("UpdateVpcLink", ("replace", "/name", "renamed"), **key)
        has(t.call("GetVpcLink", **key), name="renamed")
    malformed = t.call("CreateVpcLink", name="x", targetArns=["arn:aws:s3:::x"])["id"]
    t.later("DeleteVpcLink", vpcLinkId=malformed)
    has(t.call("GetVpcLink", vpcLinkId=malformed), status="FAILED", statusMessage="NLB ARN is malformed.")
    t.refused("CreateVpcLink", "BadRequestException", name="x", targetArns=[])
    t.refused("CreateVpcLink", "BadRequestException", name="x", targetArns=[TARGET, TARGET])
    api, root = t.api("linked")
    with t.effect("CreateVpcLink", "an integration may name it, and a node reaches the target by it"):
        with backend:
            t.proxy(api, root, "http://conformance.internal/told", connectionType="VPC_LINK",
                    connectionId=made["id"])
            t.deploy(api)
            told = json.loads(t.status_at(api, "prod/", 200)[2])
            same((told["name"], told["path"]), ("behind the link", "/told"))
    with t.effect("DeleteVpcLink", "GetVpcLink does not find it"):
        other = t.call("CreateVpcLink", name="other", targetArns=[TARGET])["id"]
        t.call("DeleteVpcLink", vpcLinkId=other)
        t.becomes("the link is gone", lambda: t.gone("GetVpcLink", vpcLinkId=other))
