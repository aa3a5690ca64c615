"""Custom domain names and what they lead to."""

import socket
import ssl
import urllib.parse

from backend import certificate
from tester import by, has, same, story

HOST = "api.conformance.example.com"


def domain(t, name=HOST, **more):
    """A new regional domain with a certificate of its own, kept where ACM would keep it."""
    key, crt = certificate(name)
    arn = t.own("POST", "certificates", {"certificate": crt, "privateKey": key})["certificateArn"]
    made = t.call("CreateDomainName", domainName=name, regionalCertificateArn=arn,
                  endpointConfiguration={"types": ["REGIONAL"]}, **more)
    t.later("DeleteDomainName", domainName=name)
    return made, crt


def squeezed(pem):
    return "".join(pem.split())


def shown(t, host):
    """The certificate that a node shows for a host name."""
    address = urllib.parse.urlsplit(t.tls)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((address.hostname, address.port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=host) as line:
            return ssl.DER_cert_to_PEM_cert(line.getpeercert(binary_form=True))


@story("domain names", ["CreateDomainName", "GetDomainName", "GetDomainNames", "UpdateDomainName",
                        "DeleteDomainName"])
def domains(t):
    api, root = t.api("behind a domain")
    t.mock(api, root, "at home")
    t.deploy(api)
    _, crt = domain(t, tags={"k": "v"})
    with t.effect("CreateDomainName", "a node answers to the name, by TLS with its certificate"):
        t.call("CreateBasePathMapping", domainName=HOST, restApiId=api, stage="prod")
        t.becomes("the name leads there", lambda: same(t.host(HOST, "")[2], "at home"))
        t.becomes("its certificate is shown", lambda: same(squeezed(shown(t, HOST)), squeezed(crt)))
    with t.effect("GetDomainName", "reads what CreateDomainName wrote, and never the key"):
        found = has(t.call("GetDomainName", domainName=HOST), domainName=HOST, tags={"k": "v"})
        same(found["endpointConfiguration"]["types"], ["REGIONAL"])
        assert not [name for name in found if "rivate" in name], found
    other = "other." + HOST
    key, given = certificate(other)
    t.call("CreateDomainName", domainName=other, certificateName="given", certificateBody=given,
           certificatePrivateKey=key)
    t.later("DeleteDomainName", domainName=other)
    with t.effect("CreateDomainName", "a certificate that comes with the call is shown, too"):
        t.becomes("its certificate is shown", lambda: same(squeezed(shown(t, other)), squeezed(given)))
    with t.effect("GetDomainNames", "lists what was created"):
        listed = by(t.call("GetDomainNames", limit=500)["item"], "domainName")
        assert {HOST, other} <= set(listed), listed
    with t.effect("UpdateDomainName", "GetDomainName reads the new values"):
        t.patch("UpdateDomainName", ("replace", "/securityPolicy", "TLS_1_2"), domainName=HOST)
        has(t.call("GetDomainName", domainName=HOST), securityPolicy="TLS_1_2")
    t.refused("CreateDomainName", "BadRequestException", domainName="not a name")
    with t.effect("DeleteDomainName", "GetDomainName does not find it, and no node answers to the name"):
        t.call("DeleteDomainName", domainName=HOST)
        t.gone("GetDomainName", domainName=HOST)
        t.becomes("the name leads nowhere", lambda: same(t.host(HOST, "")[0], 403))


@story("base path mappings", ["CreateBasePathMapping", "GetBasePathMapping", "GetBasePathMappings",
                              "UpdateBasePathMapping", "DeleteBasePathMapping"])
def mappings(t):
    name = "paths.conformance.example.com"
    domain(t, name)
    first, root = t.api("first")
    t.mock(first, root, "first")
    t.deploy(first)
    second, root = t.api("second")
    t.mock(second, root, "second")
    t.deploy(second)
    leads = lambda path, text: t.becomes(f"/{path} leads to {text}", lambda: same(t.host(name, path)[2], text))
    nowhere = lambda path: t.becomes(f"/{path} leads nowhere", lambda: same(t.host(name, path)[0], 403))
    with t.effect("CreateBasePathMapping", "a node leads the base path to the stage"):
        t.call("CreateBasePathMapping", domainName=name, restApiId=first, stage="prod", basePath="one")
        t.call("CreateBasePathMapping", domainName=name, restApiId=second, basePath="two")
        leads("one/", "first")
        leads("two/prod/", "second")
    with t.effect("GetBasePathMapping", "reads what CreateBasePathMapping wrote"):
        same(t.call("GetBasePathMapping", domainName=name, basePath="one"),
             {"basePath": "one", "restApiId": first, "stage": "prod"})
    with t.effect("GetBasePathMappings", "lists what was created"):
        listed = by(t.call("GetBasePathMappings", domainName=name)["item"], "basePath")
        same(sorted(listed), ["one", "two"])
    with t.effect("UpdateBasePathMapping", "GetBasePathMapping reads it, and a node follows"):
        t.patch("UpdateBasePathMapping", ("replace", "/restapiId", second), ("replace", "/basePath", "uno"),
                domainName=name, basePath="one")
        has(t.call("GetBasePathMapping", domainName=name, basePath="uno"), restApiId=second)
        t.gone("GetBasePathMapping", domainName=name, basePath="one")
        leads("uno/", "second")
        nowhere("one/")
    t.refused("CreateBasePathMapping", "ConflictException", domainName=name, restApiId=first, stage="prod",
              basePath="uno")
    t.refused("CreateBasePathMapping", "BadRequestException", domainName=name, restApiId="zzzzzzzzz9",
              basePath="x")
    with t.effect("DeleteBasePathMapping", "it is not found, and a node leads nowhere by it"):
        t.call("DeleteBasePathMapping", domainName=name, basePath="uno")
        t.gone("GetBasePathMapping", domainName=name, basePath="uno")
        nowhere("uno/")
        leads("two/prod/", "second")


@story("private domain access", ["CreateDomainNameAccessAssociation", "GetDomainNameAccessAssociations",
                                 "DeleteDomainNameAccessAssociation", "RejectDomainNameAccessAssociation"])
def access(t):
    name = "private.conformance.example.com"
    key, crt = certificate(name)
    made = t.call("CreateDomainName", domainName=name, certificateName="own", certificateBody=crt,
                  certificatePrivateKey=key, endpointConfiguration={"types": ["PRIVATE"]})
    t.later("DeleteDomainName", domainName=name)
    arn = made["domainNameArn"]

    def associate(source):
        return t.call("CreateDomainNameAccessAssociation", domainNameArn=arn, accessAssociationSourceType="VPCE",
                      accessAssociationSource=source, tags={"k": "v"})["domainNameAccessAssociationArn"]

    listed = lambda: by(t.call("GetDomainNameAccessAssociations", limit=500)["item"],
                        "domainNameAccessAssociationArn")
    one, two = associate("vpce-0123456789abcdef0"), associate("vpce-0123456789abcdef1")
    with t.effect("CreateDomainNameAccessAssociation", "GetDomainNameAccessAssociations lists it"):
        has(listed()[one], domainNameArn=arn, accessAssociationSource="vpce-0123456789abcdef0",
            accessAssociationSourceType="VPCE")
    with t.effect("GetDomainNameAccessAssociations", "lists what was created, until it is deleted or rejected"):
        assert {one, two} <= set(listed())
    with t.effect("RejectDomainNameAccessAssociation", "GetDomainNameAccessAssociations has lost it"):
        t.call("RejectDomainNameAccessAssociation", domainNameAccessAssociationArn=one, domainNameArn=arn)
        assert one not in listed()
    with t.effect("DeleteDomainNameAccessAssociation", "GetDomainNameAccessAssociations has lost it"):
        t.call("DeleteDomainNameAccessAssociation", domainNameAccessAssociationArn=two)
        assert two not in listed()
