"""What functions do, and what they do wrong, for the story of runtime clients."""

import collections
import datetime
import decimal
import logging
import os
import time

Pair = collections.namedtuple("Pair", "left right")


def told(event, context):
    print("hello from print")
    logging.warning("two\nlines")
    client = context.client_context
    return {
        "event": event, "trace": os.environ["_X_AMZN_TRACE_ID"],
        "left": context.get_remaining_time_in_millis(),
        "told": {
            "id": context.aws_request_id, "arn": context.invoked_function_arn,
            "name": context.function_name, "version": context.function_version,
            "memory": context.memory_limit_in_mb, "group": context.log_group_name,
            "stream": context.log_stream_name, "custom": client.custom, "env": client.env,
            "identity": context.identity.cognito_identity_id,
        },
    }


def handler(event, context):
    what = event.get("do")
    if what == "fail":
        raise KeyError("no cat")
    if what == "exit":
        raise SystemExit(3)
    if what == "wait":
        time.sleep(event["ms"] / 1000)
        return os.getpid()
    if what == "bytes":
        return "x" * (event["n"] - 2)
    if what == "circle":
        event["circle"] = [event]
    kinds = {
        "raw": b"no json", "nan": float("nan"), "set": {1}, "date": datetime.datetime(2026, 11, 23),
        "decimals": [decimal.Decimal("1.10"), decimal.Decimal("1E+3"), decimal.Decimal("NaN")],
        "pair": {"pair": Pair(1, b"two"), "tuple": (1,), 3: None}, "text": "é\U0001f600\"",
    }
    return kinds.get(what, event)
