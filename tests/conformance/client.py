"""Calls of the admin API, each by boto3 or by a request that botocore signs,
and each answer as the bytes that came."""

import http.client
import json
import re
import urllib.parse

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.parsers
import botocore.serialize
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

import contract

NOT_AVAILABLE = re.compile(r"^\w+ is not available in this version of Gatewright$")


class Answer:
    """An answer as it came."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def code(self):
        """The exception's name, as SDKs find it."""
        return self.headers.get("x-amzn-errortype", "").split(":")[0]

    @property
    def message(self):
        body = self.json
        return body.get("message", "") if isinstance(body, dict) else ""

    @property
    def ok(self):
        return 200 <= self.status < 300

    @property
    def missing(self):
        """Whether the operation is not built."""
        return self.status == 400 and bool(NOT_AVAILABLE.match(self.message))

    def __repr__(self):
        return f"{self.status} {self.code} {self.body[:300]!r}"


class Client:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.session = boto3.Session()
        self.region = self.session.region_name
        self.boto = self.session.client(
            "apigateway", endpoint_url=endpoint,
            config=Config(retries={"max_attempts": 0}, read_timeout=60),
        )
        self.boto.meta.events.register("after-call.apigateway", self._keep)
        self.last = None
        self.serializer = botocore.serialize.create_serializer("rest-json", False)
        self.parser = botocore.parsers.create_parser("rest-json")
        address = urllib.parse.urlsplit(endpoint)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)

    def _keep(self, http_response, **_):
        self.last = Answer(
            http_response.status_code, http_response.headers, http_response.content
        )

    def by_boto3(self, name, arguments):
        """A call as anybody makes it; the bytes that boto3 saw, and what it made of them."""
        call = getattr(self.boto, xform_name(name))
        self.last = None
        try:
            parsed = call(**arguments)
        except ClientError as error:
            parsed = error.response
        if self.last is None:
            raise AssertionError(f"{name}: boto3 saw no answer")
        parsed.pop("ResponseMetadata", None)
        return self.last, parsed

    def request(self, name, arguments):
        """The request of a call: method, path with query, headers, body."""
        model = contract.operation(name)
        made = self.serializer.serialize_to_request(arguments, model)
        query = urllib.parse.urlencode(
            made["query_string"], doseq=True, quote_via=urllib.parse.quote
        )
        path = made["url_path"]
        if query:
            path += ("&" if "?" in path else "?") + query
        body = made["body"]
        body = body.encode() if isinstance(body, str) else bytes(body or b"")
        return made["method"], path, dict(made["headers"]), body

    def send(self, method, path, headers=None, body=b"", accept="application/json"):
        """A signed request of any kind."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        if accept:
            headers["Accept"] = accept
        request = botocore.awsrequest.AWSRequest(
            method=method, url=self.endpoint + path, data=body, headers=headers
        )
        credentials = self.session.get_credentials()
        botocore.auth.SigV4Auth(credentials, "apigateway", self.region).add_auth(request)
        made = request.prepare()
        target = made.url[len(self.endpoint):]
        for attempt in (0, 1):
            try:
                self.connection.request(method, target, body=body, headers=dict(made.headers))
                came = self.connection.getresponse()
                return Answer(came.status, dict(came.getheaders()), came.read())
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                if attempt:
                    raise

    def by_hand(self, name, arguments, edit=None, **more):
        """A raw call; `edit` may change the members of its body."""
        method, path, headers, body = self.request(name, arguments)
        if edit is not None:
            body = json.dumps(edit(json.loads(body or b"{}"))).encode()
        return self.send(method, path, headers, body, **more)

    def parse(self, name, answer):
        """What an SDK makes of an answer."""
        response = {
            "status_code": answer.status, "headers": answer.headers, "body": answer.body,
        }
        parsed = self.parser.parse(response, contract.operation(name).output_shape)
        parsed.pop("ResponseMetadata", None)
        return parsed
