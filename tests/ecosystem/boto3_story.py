#!/usr/bin/env python3
"""The whole story of an API by boto3, unmodified, by its endpoint alone."""

from boto3_parts import (
    access, checks, domains, imports, refusals, releases, surroundings, working_copy,
)
from boto3_parts.client import CLIENT, USED, refused

# The issue asks for as many; what is not built yet is not used here.
AT_LEAST = 60


def main():
    api, where = working_copy.working_copy()
    working_copy.read_back(where)
    working_copy.models(api)
    releases.releases(api, where)
    imports.imports()
    access.keys_and_plans()
    checks.validators()
    checks.bodies()
    domains.domain()
    surroundings.documentation()
    surroundings.client_certificates()
    surroundings.vpc_links()
    surroundings.account()
    refusals.refusals(api)
    CLIENT.delete_rest_api(restApiId=api)
    refused(CLIENT.get_rest_api, "NotFoundException", restApiId=api)
    assert len(USED) >= AT_LEAST, f"{len(USED)} operations: {sorted(USED)}"
    print(f"boto3 story: {len(USED)} operations")


if __name__ == "__main__":
    main()
