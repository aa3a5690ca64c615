"""docs/coverage.md: which operations there are, and what shows it."""

import contract
from deviations import DEVIATIONS, EVERYWHERE, LATER

HEAD = """# Coverage of Amazon API Gateway's management API, version 1

Written by `tests/conformance` (`make test-ecosystem`), which calls every operation of botocore's service model
(`apigateway`, {version}) against a running system, by boto3 and by requests that botocore signs. Every answer is
compared with the shape that the model gives it: types, required members, no unknown ones, wire names, status.

*Implemented* means that the change is stored, validated and seen elsewhere: *effect* says where, through another
operation or by a request to a node. *Refusals* counts the calls that were refused as AWS refuses them: unknown ids,
wrong types, missing members, values out of their enumerations, unknown patch paths, patches that are good by half.

**{implemented} of {all} operations are implemented; {tested} of them are tested by their effect.**

## What differs everywhere

"""

TABLE = """
## Operations

| Operation | Implemented | Effect that is tested | Refusals | Deviations |
| --- | --- | --- | --- | --- |
"""


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def row(name, record):
    implemented = "yes" if record.available else "no"
    effects = "; ".join(record.effects) or "-"
    notes = [DEVIATIONS[name]] if name in DEVIATIONS else []
    if not record.available:
        notes.append(LATER.get(name, "not built"))
    if record.own:
        notes.append("own members: " + ", ".join(f"`{one}`" for one in sorted(record.own)))
    note = ". ".join(notes) or "-"
    return f"| {name} | {implemented} | {cell(effects)} | {record.probes} | {cell(note)} |\n"


def write(path, records):
    available = [name for name, record in records.items() if record.available]
    tested = [name for name in available if records[name].effects]
    head = HEAD.format(
        version=contract.SERVICE.api_version, implemented=len(available), all=len(records),
        tested=len(tested),
    )
    everywhere = "".join(f"- {cell(text)}\n" for text in EVERYWHERE)
    rows = "".join(row(name, records[name]) for name in sorted(records))
    path.write_text(head + everywhere + TABLE + rows)
    return available, tested
