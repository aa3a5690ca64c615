#!/usr/bin/env python3
"""Walks AWS's service model against a running system and writes docs/coverage.md.

The system and the credentials come from the environment as tests/ecosystem/run
sets them. CONFORMANCE_STORIES names a part of the stories, with commas; a part
writes no report.
"""

import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import report
import stories  # registers all of them
from client import Client
from tester import STORIES, Tester

COVERAGE = HERE.parents[1] / "docs" / "coverage.md"


def system():
    up = json.loads(pathlib.Path(os.environ["GATEWRIGHT_UP"]).read_text())
    client = Client(up["admin_url"])
    return Tester(client, up["node_urls"], up["traffic_url"], up["tls_url"])


def complaints(tester, whole):
    """Everything that must not be, each with the story or operation that it is about."""
    found = [f"story {name}\n{trace}" for name, trace in tester.failed.items()]
    for name, record in tester.records.items():
        found += [f"{name}: {fault}" for fault in record.faults]
        if whole and record.available and not record.effects:
            found.append(f"{name}: implemented, and no effect of it was seen")
    return found


def main():
    tester = system()
    wanted = [name for name in os.environ.get("CONFORMANCE_STORIES", "").split(",") if name]
    told = [one for one in STORIES if not wanted or one[0] in wanted]
    print(f"conformance: {len(told)} stories")
    for name, covers, tell in told:
        tester.tell(name, covers, tell)
    for name, record in tester.records.items():
        if record.available is None:
            tester.look(name)
    found = complaints(tester, not wanted)
    for name, (missing, covers) in tester.waiting.items():
        unseen = [one for one in covers if not tester.records[one].effects]
        print(f"story {name} waits for {missing}; unseen with it: {', '.join(unseen) or 'nothing'}")
    if not wanted:
        available, tested = report.write(COVERAGE, tester.records)
        every = len(tester.records)
        print(f"conformance: {len(available)} of {every} implemented, {len(tested)} tested by effect")
    for one in found:
        print(f"FAILED {one}")
    print(f"conformance: {len(found)} complaints")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
