"""What stories are told with: calls that are checked, effects that are noted."""

import contextlib
import json
import ssl
import time
import traceback
import urllib.error
import urllib.request

import contract
from contract import Check
from probes import Probes

STORIES = []

# Answered as plain JSON always.
WITHOUT_HAL = {"GetDomainNameAccessAssociations", "GetModelTemplate"}


def story(name, covers):
    """Registers a story; `covers` names the operations whose effects it shows."""
    unknown = [one for one in covers if one not in contract.OPERATIONS]
    if unknown:
        raise SystemExit(f"story {name}: no such operations: {unknown}")

    def register(tell):
        STORIES.append((name, covers, tell))
        return tell

    return register


class NotAvailable(Exception):
    """An operation that is not built stands in the way."""


class Record:
    """What was seen of one operation."""

    def __init__(self):
        self.calls = 0
        self.available = None
        self.probes = 0
        self.effects = []
        self.faults = []
        self.own = set()


class Tester:
    def __init__(self, client, nodes, traffic, tls):
        self.client, self.nodes, self.traffic, self.tls = client, nodes, traffic, tls
        self.region = client.region
        self.records = {name: Record() for name in contract.OPERATIONS}
        self.waiting = {}
        self.failed = {}
        self.cleanups = []
        self.turn = 0

    # --- calls

    def call(self, operation, /, **arguments):
        """A call that must succeed; its answer as JSON, by AWS's wire names."""
        record = self.records[operation]
        if record.available is False:
            raise NotAvailable(operation)
        if record.calls == 0:
            self.probe(operation, arguments)
        record.calls += 1
        answer = self.make(operation, arguments)
        if answer.missing:
            record.available = False
            raise NotAvailable(operation)
        if not answer.ok:
            raise AssertionError(f"{operation} {arguments}: {answer}")
        record.available = True
        self.check(operation, answer)
        if record.calls == 1 and contract.operation(operation).http["method"] == "GET":
            self.reread(operation, arguments, answer)
        return answer.json if self.is_json(operation) else answer

    def make(self, name, arguments):
        """Calls by boto3 and by hand in turns; by hand with a member that nobody knows."""
        self.turn += 1
        odd = self.turn % 2 and not contract.payload(name) and contract.members(name, "body")
        if odd:
            return self.client.by_hand(name, arguments, lambda body: {**body, "notInTheModel": 1})
        answer, parsed = self.client.by_boto3(name, arguments)
        if answer.ok and parsed != self.client.parse(name, answer) and self.is_json(name):
            raise AssertionError(f"{name}: boto3 reads the answer as {parsed}")
        return answer

    @staticmethod
    def is_json(name):
        shape = contract.operation(name).output_shape
        return shape is not None and not shape.serialization.get("payload")

    def check(self, name, answer):
        check = Check()
        check.answer(name, answer)
        self.records[name].faults.extend(f"answer: {fault}" for fault in check.faults)
        self.records[name].own |= check.own

    def probe(self, name, arguments):
        """The refusals, before the first call that succeeds."""
        if not self.look(name, arguments):
            raise NotAvailable(name)
        probes = Probes(self.client, name, arguments, self.reader(name, arguments)).run()
        self.records[name].probes = probes.count
        self.records[name].faults.extend(f"refusals: {fault}" for fault in probes.faults)

    def look(self, name, arguments=None):
        """Whether an operation is built, by a call that can change nothing."""
        places = ("uri", "querystring")
        nowhere = {
            member: "zzzzzzzzz9" for place in places for member in contract.members(name, place)
            if member in contract.required(name)
        }
        method, path, headers, body = self.client.request(name, {**(arguments or {}), **nowhere})
        if contract.payload(name) or contract.members(name, "body"):
            body = b"{"
        answer = self.client.send(method, path, headers, body)
        self.records[name].available = not answer.missing
        return not answer.missing

    def reader(self, name, arguments):
        """How to read what a patch would change."""
        if not name.startswith("Update"):
            return None
        getter = "GetUsage" if name == "UpdateUsage" else "Get" + name.removeprefix("Update")
        if getter == "GetUsage" or getter not in self.records:
            return None
        wanted = contract.members(getter, "uri")
        same = {member: arguments[member] for member in wanted if member in arguments}
        return lambda: self.client.by_hand(getter, same).body

    def reread(self, name, arguments, answer):
        """What boto3 and a raw call read must be the same; HAL only when asked for."""
        again = self.client.by_hand(name, arguments)
        if again.body != answer.body and self.is_json(name):
            self.records[name].faults.append(f"two reads differ: {answer} and {again}")
        if self.is_json(name):
            self.hal(name, arguments, answer)
        if contract.members(name, "querystring").keys() >= {"limit", "position"}:
            self.pages(name, arguments)

    def hal(self, name, arguments, answer):
        """The same in HAL: plain members stay, and it links to itself."""
        if name in WITHOUT_HAL:
            return
        faults = self.records[name].faults
        dressed = self.client.by_hand(name, arguments, accept="application/hal+json")
        kind = dressed.headers.get("content-type", "")
        if kind != "application/hal+json" or not dressed.json["_links"]["self"]["href"]:
            faults.append(f"no HAL where it was asked for: {dressed}")
            return
        if self.client.by_hand(name, arguments, accept=None).body != dressed.body:
            faults.append("who does not say what it takes gets no HAL")
        scalars = {key: one for key, one in answer.json.items() if isinstance(one, (str, bool))}
        lost = [key for key, one in scalars.items() if dressed.json.get(key) != one and key != "position"]
        if lost:
            faults.append(f"HAL lacks {lost}: {dressed}")

    def pages(self, name, arguments):
        """Pages of one hold together what one page holds."""
        whole = self.client.by_hand(name, {**arguments, "limit": 500}).json.get("item")
        if whole is None:
            return
        found, position = [], None
        while len(found) <= len(whole):
            more = {"position": position} if position else {}
            page = self.client.by_hand(name, {**arguments, "limit": 1, **more}).json
            if len(page["item"]) > 1:
                self.records[name].faults.append("a page of two where one was asked for")
            found += page["item"]
            position = page.get("position")
            if position is None:
                break
        if found != whole:
            self.records[name].faults.append(f"pages of one: {len(found)} of {len(whole)}")

    def refused(self, operation, code, message=None, /, **arguments):
        """A call that must be refused so."""
        answer = self.client.by_hand(operation, arguments)
        if answer.missing:
            self.records[operation].available = False
            raise NotAvailable(operation)
        assert answer.code == code, f"{operation} {arguments}: {answer}, and not {code}"
        if message is not None:
            assert answer.message == message, f"{operation}: {answer.message!r}, and not {message!r}"
        self.records[operation].probes += 1
        return answer

    def gone(self, operation, /, **arguments):
        """What was deleted is not found."""
        self.refused(operation, "NotFoundException", **arguments)

    def patch(self, operation, /, *operations, **arguments):
        """A patch of `(op, path, value)` each."""
        made = []
        for op, path, *rest in operations:
            one = {"op": op, "path": path}
            if rest:
                one["from" if op == "copy" else "value"] = rest[0]
            made.append(one)
        return self.call(operation, patchOperations=made, **arguments)

    # --- effects

    @contextlib.contextmanager
    def effect(self, names, how):
        """What is inside shows the effect of these operations, by what `how` says."""
        yield
        for name in [names] if isinstance(names, str) else names:
            record = self.records[name]
            assert record.calls, f"{name} has an effect and was never called"
            if how not in record.effects:
                record.effects.append(how)

    # --- nodes

    def fetch(self, url, method="GET", headers=None, body=None, context=None):
        """A request to a node: (status, headers, text)."""
        headers = {"Content-Type": "application/json", **(headers or {})} if body is not None else headers
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        if context is not None:
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
            )
        try:
            with opener.open(request, timeout=20) as answer:
                return answer.status, dict(answer.headers.items()), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers.items()), error.read().decode(errors="replace")

    def ask(self, api, path, **more):
        """The answers of all nodes to a request for an API."""
        return [self.fetch(f"{node}/_aws/execute-api/{api}/{path}", **more) for node in self.nodes]

    def sees(self, api, path, expected, status=200, **more):
        """Every node answers this text."""
        for found in self.ask(api, path, **more):
            assert (found[0], found[2]) == (status, expected), f"{path}: {found}, and not {expected!r}"

    def status_at(self, api, path, expected, **more):
        """Every node answers this status; the answer of the last one."""
        for found in self.ask(api, path, **more):
            assert found[0] == expected, f"{path}: {found}, and not {expected}"
        return found

    def becomes(self, what, check, seconds=10):
        """Waits for a state that comes by itself."""
        end, last = time.monotonic() + seconds, None
        while time.monotonic() < end:
            try:
                return check()
            except AssertionError as error:
                last = error
                time.sleep(0.1)
        raise AssertionError(f"{what}: {last}")

    def host(self, host, path, tls=False, **more):
        """A request by host name, as DNS would lead it to a node."""
        headers = {**more.pop("headers", {}), "Host": host}
        if not tls:
            return self.fetch(f"{self.traffic}/{path}", headers=headers, **more)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return self.fetch(f"{self.tls}/{path}", headers=headers, context=context, **more)

    # --- furniture

    def api(self, name="conformance", /, **more):
        """A new API, deleted at the end: its id and the root's."""
        made = self.call("CreateRestApi", name=name, **more)
        self.later("DeleteRestApi", restApiId=made["id"])
        return made["id"], made["rootResourceId"]

    def later(self, operation, /, **arguments):
        """Deletes something when the story is over; it may be gone by then."""
        self.cleanups.append((operation, arguments))

    def mock(self, api, resource, text, verb="GET", **method):
        """A method that the gateway answers by itself with `text`."""
        where = {"restApiId": api, "resourceId": resource, "httpMethod": verb}
        self.call("PutMethod", **where, **{"authorizationType": "NONE", **method})
        self.call("PutMethodResponse", **where, statusCode="200")
        templates = {"application/json": '{"statusCode": 200}'}
        self.call("PutIntegration", **where, type="MOCK", requestTemplates=templates)
        self.call(
            "PutIntegrationResponse", **where, statusCode="200",
            responseTemplates={"application/json": text},
        )
        return where

    def proxy(self, api, resource, uri, verb="GET", method=None, **integration):
        """A method that passes requests on."""
        where = {"restApiId": api, "resourceId": resource, "httpMethod": verb}
        self.call("PutMethod", **where, **{"authorizationType": "NONE", **(method or {})})
        self.call(
            "PutIntegration", **where, type="HTTP_PROXY", integrationHttpMethod=verb, uri=uri,
            **integration,
        )
        return where

    def deploy(self, api, stage="prod", **more):
        return self.call("CreateDeployment", restApiId=api, stageName=stage, **more)["id"]

    def own(self, method, path, body=None):
        """A call of Gatewright's own API, for what AWS keeps in other services."""
        text = json.dumps(body).encode() if body is not None else b""
        answer = self.client.send(method, f"/gatewright/v1/{path}", body=text)
        assert answer.ok, f"{method} {path}: {answer}"
        return answer.json

    def arn(self, path):
        return f"arn:aws:apigateway:{self.region}::/{path}"

    # --- telling

    def tell(self, name, covers, tell):
        print(f"  {name}", flush=True)
        try:
            tell(self)
        except NotAvailable as missing:
            self.waiting[name] = (str(missing), covers)
        except Exception:
            self.failed[name] = traceback.format_exc(limit=-4)
        finally:
            self.clean()

    def clean(self):
        while self.cleanups:
            name, arguments = self.cleanups.pop()
            answer = self.client.by_hand(name, arguments)
            if not answer.ok and answer.status not in (404, 400):
                self.failed.setdefault("cleaning", f"{name} {arguments}: {answer}")


def same(found, expected, what=""):
    text = lambda value: json.dumps(value, sort_keys=True, default=str)
    assert found == expected, f"{what}: found {text(found)}, and not {text(expected)}"


def has(found, **expected):
    """These members, whatever else there is."""
    for name, value in expected.items():
        assert found.get(name) == value, f"{name}: found {found.get(name)!r}, and not {value!r}"
    return found


def by(items, key):
    return {item[key]: item for item in items}
