"""A domain of one's own: a certificate, base paths, and requests by its host."""

import os

from .client import (
    CLIENT, TRAFFIC, arn, deploy, expect, refused, replace, request, small_api,
)

NAME = "boto3.stories.test"


def certificate():
    """Chain and key for `*.stories.test`, made by `run`."""
    folder = os.environ["STORY_CERTIFICATES"]
    with open(f"{folder}/certificate.pem") as chain, open(f"{folder}/key.pem") as key:
        return chain.read(), key.read()


def by_host(path, text, status=200):
    """Nodes answer like this to requests with the domain's name."""
    if TRAFFIC:
        expect(f"{NAME}{path}", request(path, {"host": NAME}), (status, text))


def domain():
    chain, key = certificate()
    api, _ = small_api("boto3-domain", "at home")
    deploy(api)
    made = CLIENT.create_domain_name(
        domainName=NAME, certificateName="boto3", certificateBody=chain, certificatePrivateKey=key,
        tags={"team": "a"},
    )
    expect("domain", made["domainName"], NAME)
    refused(
        CLIENT.create_domain_name, "BadRequestException", domainName=NAME,
        certificateBody=chain, certificatePrivateKey=key,
    )
    by_host("/shop", '{"message":"Forbidden"}', 403)
    mapping = CLIENT.create_base_path_mapping(
        domainName=NAME, basePath="shop", restApiId=api, stage="prod"
    )
    expect("mapping", mapping, mapping | {"basePath": "shop", "restApiId": api, "stage": "prod"})
    by_host("/shop", "at home")
    CLIENT.update_base_path_mapping(
        domainName=NAME, basePath="shop", patchOperations=[replace("/basePath", "store")]
    )
    by_host("/store", "at home")
    by_host("/shop", '{"message":"Forbidden"}', 403)
    one = CLIENT.get_base_path_mapping(domainName=NAME, basePath="store")
    expect("stage", one["stage"], "prod")
    listed = CLIENT.get_base_path_mappings(domainName=NAME)["items"]
    expect("base paths", [item["basePath"] for item in listed], ["store"])
    CLIENT.update_domain_name(
        domainName=NAME, patchOperations=[replace("/securityPolicy", "TLS_1_2")]
    )
    expect("policy", CLIENT.get_domain_name(domainName=NAME)["securityPolicy"], "TLS_1_2")
    names = {item["domainName"] for item in CLIENT.get_domain_names(limit=500)["items"]}
    assert NAME in names, names
    tags = CLIENT.get_tags(resourceArn=arn(f"/domainnames/{NAME}"))["tags"]
    expect("tags", tags, {"team": "a"})
    CLIENT.delete_base_path_mapping(domainName=NAME, basePath="store")
    by_host("/store", '{"message":"Forbidden"}', 403)
    CLIENT.delete_domain_name(domainName=NAME)
    refused(CLIENT.get_domain_name, "NotFoundException", domainName=NAME)
    CLIENT.delete_rest_api(restApiId=api)
