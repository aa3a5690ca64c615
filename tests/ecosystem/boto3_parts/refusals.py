"""Refusals in AWS's words, and requests signed in the address."""

import os
import urllib.request

import botocore.auth
import botocore.awsrequest

from .client import CLIENT, CONFIG, ENDPOINT, SESSION, add, refused, expect


def refusals(api):
    refused(CLIENT.get_rest_api, "NotFoundException", restApiId="nothere123")
    refused(
        CLIENT.update_rest_api, "BadRequestException", "Invalid patch path /binaryMediaTypes",
        restApiId=api,
        patchOperations=[add("/binaryMediaTypes", "a/b")],
    )
    wrong = SESSION.client(
        "apigateway", endpoint_url=ENDPOINT, config=CONFIG, aws_secret_access_key="wrong",
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    )
    refused(wrong.get_rest_apis, "InvalidSignatureException")
    unknown = SESSION.client(
        "apigateway", endpoint_url=ENDPOINT, config=CONFIG,
        aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x",
    )
    refused(
        unknown.get_rest_apis, "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
    request = botocore.awsrequest.AWSRequest(method="GET", url=f"{ENDPOINT}/restapis?limit=5")
    botocore.auth.SigV4QueryAuth(
        SESSION.get_credentials(), "apigateway", SESSION.region_name, expires=60
    ).add_auth(request)
    with urllib.request.urlopen(request.prepare().url, timeout=10) as answer:
        expect("presigned", answer.status, 200)
