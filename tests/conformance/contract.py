"""AWS's service model as a contract: what an answer may and must look like."""

import datetime
import time

import botocore.session

SERVICE = botocore.session.get_session().get_service_model("apigateway")
OPERATIONS = list(SERVICE.operation_names)

# Members that are ours begin with this. SDKs ignore members that they do not
# know; docs/coverage.md names every one that an answer carried.
OWN = "gatewright"

# Maps whose values AWS stores as null when they were given so.
NULLABLE = {"requestTemplates", "responseTemplates"}


def operation(name):
    return SERVICE.operation_model(name)


def status(name):
    """The status of a success."""
    return operation(name).http.get("responseCode", 200)


def members(name, place):
    """Members of an operation's input by where they travel: uri, querystring, header, body."""
    shape = operation(name).input_shape
    if shape is None:
        return {}
    payload = shape.serialization.get("payload")
    return {
        member: of
        for member, of in shape.members.items()
        if of.serialization.get("location", "body") == place and member != payload
    }


def payload(name):
    shape = operation(name).input_shape
    return shape.serialization.get("payload") if shape is not None else None


def required(name):
    shape = operation(name).input_shape
    return shape.required_members if shape is not None else []


def wire_name(member, shape):
    return shape.serialization.get("name", member)


def allowed(shape):
    """The values of an enumeration, or none."""
    return shape.metadata.get("enum") if shape.type_name == "string" else None


class Check:
    """Compares one answer with its shape and collects what does not fit."""

    def __init__(self):
        self.faults = []
        self.own = set()

    def answer(self, name, answer):
        model = operation(name)
        if answer.status != status(name):
            self.faults.append(f"status {answer.status}, and not {status(name)}")
        shape = model.output_shape
        if not answer.headers.get("x-amzn-requestid"):
            self.faults.append("no x-amzn-RequestId")
        if shape is None or not shape.members:
            if answer.body:
                self.faults.append(f"a body where there is none: {answer.body[:80]!r}")
            return
        if shape.serialization.get("payload"):
            self.headers(shape, answer)
            return
        if not answer.headers.get("content-type", "").startswith("application/json"):
            self.faults.append(f"content type {answer.headers.get('content-type')!r}")
        self.value(shape, answer.json, name, "")

    def headers(self, shape, answer):
        """An answer whose body is the document itself."""
        if not answer.body:
            self.faults.append("no document in the body")
        for member, of in shape.members.items():
            if of.serialization.get("location") == "header":
                header = wire_name(member, of).lower()
                if not answer.headers.get(header):
                    self.faults.append(f"no header {header}")

    def value(self, shape, value, at, member):
        kind = shape.type_name
        wanted = {
            "structure": dict, "map": dict, "list": list, "string": str, "boolean": bool,
            "integer": int, "long": int, "double": (int, float), "float": (int, float),
            "timestamp": (int, float), "blob": str,
        }[kind]
        is_bool = isinstance(value, bool)
        if not isinstance(value, wanted) or (is_bool and kind != "boolean"):
            self.faults.append(f"{at}: {value!r} is no {kind}")
        elif kind == "structure":
            self.structure(shape, value, at)
        elif kind == "map":
            for key, one in value.items():
                if one is not None or member not in NULLABLE:
                    self.value(shape.value, one, f"{at}[{key}]", member)
        elif kind == "list":
            for place, one in enumerate(value):
                self.value(shape.member, one, f"{at}[{place}]", member)
        elif kind == "timestamp":
            self.timestamp(value, at)
        elif allowed(shape) and value not in allowed(shape):
            self.faults.append(f"{at}: {value!r} is none of {allowed(shape)}")

    def structure(self, shape, value, at):
        known = {wire_name(member, of): (member, of) for member, of in shape.members.items()}
        for name, one in value.items():
            if name in known:
                member, of = known[name]
                self.value(of, one, f"{at}.{name}", member)
            elif name.startswith(OWN):
                self.own.add(name)
            else:
                self.faults.append(f"{at}: unknown member {name}")
        for member in shape.required_members:
            if wire_name(member, shape.members[member]) not in value:
                self.faults.append(f"{at}: no {member}")

    def timestamp(self, value, at):
        soon = time.time() + 60
        year = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
        if not year < value < soon * 40:
            self.faults.append(f"{at}: {value!r} is no time in seconds")
