#!/usr/bin/env python3
"""Writes vectors.json: requests signed by botocore, in header and query form.

Run by hand with botocore installed; the result is committed, and
`botocore.rs` replays it. The clock and the key are fixed, so that a second
run writes the same bytes.
"""

import datetime
import json
import pathlib

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "http://127.0.0.1:9080"

REQUESTS = [
    ("GET", "/restapis", {}, b""),
    ("GET", "/restapis?limit=25&position=a%2Fb%3D", {}, b""),
    ("GET", "/restapis?b=2&a=1&a=0&empty=&flag", {}, b""),
    ("POST", "/restapis", {"Content-Type": "application/json"}, b'{"name":"caf\xc3\xa9"}'),
    ("PUT", "/restapis/abc?mode=merge&failonwarnings=true", {}, b"swagger: '2.0'\n"),
    ("PATCH", "/restapis/abc/stages/prod", {"Accept": "application/json"}, b"[]"),
    ("DELETE", "/restapis/abc/models/a%20b", {}, b""),
    ("GET", "/restapis/a//b/../c/./d/", {}, b""),
    ("GET", "/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fabc", {}, b""),
    ("GET", "/%40connections/R0oXAdfD0kwCH6w%3D", {"X-Amz-Thing": "  a   b  "}, b""),
    ("GET", "/caf%C3%A9/~tilde?q=~%20%2B", {}, b""),
    ("GET", "", {}, b""),
]

SCOPES = [("apigateway", "us-east-1", None), ("execute-api", "eu-central-1", "a-token/+=")]


def sign(auth_class, scope, method, path, headers, body):
    service, region, token = scope
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    request = AWSRequest(method=method, url=HOST + path, headers=dict(headers), data=body)
    auth_class(credentials, service, region).add_auth(request)
    prepared = request.prepare()
    target = prepared.url[len(HOST) :]
    path, _, query = target.partition("?")
    sent = {k.lower(): v.decode() if isinstance(v, bytes) else v for k, v in prepared.headers.items()}
    sent["host"] = "127.0.0.1:9080"
    return {
        "method": method,
        "path": path,
        "query": query,
        "headers": sent,
        "body": body.decode(),
        "region": region,
        "service": service,
        "token": token,
    }


def main():
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW
    vectors = [
        sign(auth_class, scope, *request)
        for auth_class in (botocore.auth.SigV4Auth, botocore.auth.SigV4QueryAuth)
        for scope in SCOPES
        for request in REQUESTS
        # The query form of botocore takes a body for form fields.
        if auth_class is botocore.auth.SigV4Auth or not request[3]
    ]
    target = pathlib.Path(__file__).with_name("vectors.json")
    document = {"now": "20260102T030405Z", "secret": SECRET, "vectors": vectors}
    target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(vectors)} vectors")


if __name__ == "__main__":
    main()
