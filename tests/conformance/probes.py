"""What every operation must refuse, derived from the service model and from one
call of it that succeeds: unknown ids, wrong types, absent and impossible
members, unknown patch paths, half-good patches."""

import contract

UNKNOWN_ID = "zzzzzzzzz9"

# AWS's exceptions: status of each.
EXCEPTIONS = {
    "BadRequestException": 400, "ValidationException": 400, "SerializationException": 400,
    "NotFoundException": 404, "ConflictException": 409, "LimitExceededException": 429,
    "TooManyRequestsException": 429, "UnauthorizedException": 401,
    "RequestEntityTooLargeException": 413, "AccessDeniedException": 403,
}

NOT_FOUND = {(404, "NotFoundException")}
BAD = {(400, "BadRequestException")}
VALIDATION = {(400, "ValidationException"), (400, "BadRequestException")}
SERIALIZATION = {(400, "SerializationException")}

# Answered as if there were nothing.
TAKEN = {(200, None)}

# Where an unknown id is told otherwise, in AWS's answers as recorded.
OTHERWISE = {
    ("CreateRequestValidator", "restApiId"): BAD,
    ("CreateAuthorizer", "restApiId"): {(409, "ConflictException")},
    ("PutMethod", "httpMethod"): BAD,
    # A plan that there is not has no keys.
    ("GetUsagePlanKeys", "usagePlanId"): TAKEN,
    ("PutMethodResponse", "statusCode"): VALIDATION,
    ("PutIntegrationResponse", "statusCode"): NOT_FOUND | VALIDATION,
    ("GetExport", "exportType"): VALIDATION,
    ("TagResource", "resourceArn"): NOT_FOUND | BAD,
    ("UntagResource", "resourceArn"): NOT_FOUND | BAD,
    ("GetTags", "resourceArn"): NOT_FOUND | BAD,
}

# What stands for an id that there is not, where it has a form.
FORMS = {
    "httpMethod": "TRACE", "resourceArn": "arn:aws:apigateway:{region}::/restapis/zzzzzzzzz9",
    "statusCode": "599", "responseType": "NO_SUCH_TYPE", "domainName": "unknown.example.com",
    "basePath": "nowhere", "exportType": "nothing",
}
FORMS_OF = {
    ("PutMethod", "httpMethod"): "BREW", ("PutMethodResponse", "statusCode"): "9999",
    ("PutIntegrationResponse", "statusCode"): "9999",
}

# Takes limit and position, and answers everything whatever they say.
UNPAGED = {"GetTags"}

WRONG = {
    "string": [7, {"a": 1}, ["x"]], "boolean": ["maybe", {}], "integer": ["x", [1]], "long": ["x"],
    "double": ["x", {}], "structure": ["x", [1]], "list": ["x", 7], "map": ["x", [1]],
}


class Probes:
    """The refusals of one operation. `arguments` are those of a call that would succeed."""

    def __init__(self, client, name, arguments, read=None):
        self.client, self.name, self.arguments = client, name, arguments
        self.read = read
        self.count = 0
        self.faults = []

    def refused(self, what, answer, expected):
        self.count += 1
        found = (answer.status, answer.code)
        if answer.ok:
            self.faults.append(f"{what}: taken, {answer}")
        elif found not in expected:
            self.faults.append(f"{what}: {answer}, and not {sorted(expected)}")
        elif EXCEPTIONS.get(answer.code) != answer.status or not answer.message:
            self.faults.append(f"{what}: no exception of AWS's shape: {answer}")
        elif not answer.headers.get("x-amzn-requestid"):
            self.faults.append(f"{what}: no x-amzn-RequestId")

    def run(self):
        before = self.read() if self.read else None
        self.unknown_ids()
        self.queries()
        if contract.payload(self.name):
            self.documents()
        else:
            self.bodies()
        if "patchOperations" in contract.members(self.name, "body"):
            self.patches()
        if self.read and self.read() != before:
            self.faults.append("something changed, though every call was refused")
        return self

    def send(self, arguments, edit=None):
        return self.client.by_hand(self.name, arguments, edit)

    def unknown_ids(self):
        for member, shape in contract.members(self.name, "uri").items():
            unknown = FORMS_OF.get((self.name, member)) or FORMS.get(member, UNKNOWN_ID)
            unknown = unknown.format(region=self.client.region)
            answer = self.send({**self.arguments, member: unknown})
            default = NOT_FOUND
            if contract.allowed(shape):
                default = NOT_FOUND | VALIDATION
            expected = OTHERWISE.get((self.name, member), default)
            if expected is not TAKEN:
                self.refused(f"unknown {member}", answer, expected)
            elif not answer.ok:
                self.faults.append(f"unknown {member}: {answer}, and not taken")

    def queries(self):
        if self.name in UNPAGED:
            return
        numbers = ("integer", "boolean")
        for member, shape in contract.members(self.name, "querystring").items():
            if shape.type_name == "integer" or contract.allowed(shape):
                answer = self.odd_query(contract.wire_name(member, shape), "nonsense")
                self.refused(f"query {member}=nonsense", answer, VALIDATION | SERIALIZATION)
            elif member == "position":
                answer = self.odd_query("position", "%%%")
                self.refused("a position that is none", answer, BAD)
            elif member in contract.required(self.name) and shape.type_name not in numbers:
                less = {key: value for key, value in self.arguments.items() if key != member}
                self.refused(f"no {member}", self.send(less), VALIDATION)

    def odd_query(self, name, value):
        method, path, headers, body = self.client.request(self.name, self.arguments)
        kept, _, query = path.partition("?")
        rest = [pair for pair in query.split("&") if pair and not pair.startswith(f"{name}=")]
        odd = f"{name}={value.replace('%', '%25')}"
        return self.client.send(method, f"{kept}?{'&'.join([*rest, odd])}", headers, body)

    def raw(self, body):
        method, path, headers, _ = self.client.request(self.name, self.arguments)
        return self.client.send(method, path, headers, body)

    def documents(self):
        for what, body in (("broken", b"{]"), ("empty", b""), ("a number", b"7")):
            self.refused(f"{what} as a document", self.raw(body), BAD)

    def bodies(self):
        members = contract.members(self.name, "body")
        if not members:
            return
        for body in (b"{", b"[]", b'"x"', b"\xff"):
            self.refused(f"a body {body!r}", self.raw(body), SERIALIZATION)
        for member, shape in members.items():
            wire = contract.wire_name(member, shape)
            for wrong in WRONG[shape.type_name]:
                answer = self.send(self.arguments, lambda body: {**body, wire: wrong})
                self.refused(f"{member} as {wrong!r}", answer, SERIALIZATION)
            if contract.allowed(shape):
                answer = self.send(self.arguments, lambda body: {**body, wire: "NONSENSE"})
                self.refused(f"{member} out of its enumeration", answer, VALIDATION)
            if member in contract.required(self.name):
                drop = lambda body: {key: value for key, value in body.items() if key != wire}
                self.refused(f"no {member}", self.send(self.arguments, drop), VALIDATION)

    def patches(self):
        good = self.arguments.get("patchOperations", [])
        patch = lambda *operations: self.send({**self.arguments, "patchOperations": list(operations)})
        unknown = {"op": "replace", "path": "/no/such/path", "value": "x"}
        self.refused("an unknown path", patch(unknown), BAD)
        self.refused("no path", patch({"op": "replace", "value": "x"}), BAD)
        self.refused("a path without a slash", patch({"op": "replace", "path": "x", "value": "x"}), BAD)
        nonsense = {"op": "nonsense", "path": "/description", "value": "x"}
        self.refused("an unknown operation", patch(nonsense), {(400, "ValidationException")})
        without = {"path": "/description", "value": "x"}
        self.refused("no operation", patch(without), VALIDATION)
        for op in ("move", "test"):
            odd = {"op": op, "path": "/description", "value": "x", "from": "/name"}
            self.refused(f"op {op}", patch(odd), BAD)
        self.refused("half a patch", patch(*good, unknown), BAD)
