"""Answers with its event and what it was told of it; fails, waits or exits when
the event says so."""

import logging
import os
import time

logging.getLogger().setLevel(logging.INFO)
STARTED = time.time()


def handler(event, context):
    do = event.get("do") if isinstance(event, dict) else None
    if do == "fail":
        raise KeyError("no cat")
    if do == "sleep":
        time.sleep(event.get("s", 600))
    if do == "exit":
        os._exit(3)
    if do == "note":
        with open(event["file"], "a") as file:
            print(context.aws_request_id, file=file)
        raise RuntimeError("tried")
    print("hello from python")
    logging.info("logged")
    custom = context.client_context and context.client_context.custom
    return {
        "event": event,
        "id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(),
        "custom": custom,
        "version": context.function_version,
        "variable": os.environ.get("TABLE"),
        "region": os.environ["AWS_REGION"],
        "pid": os.getpid(),
    }
