"""Answers with the event, or with what its query asks for."""

import json
import sys


def handler(event, context):
    query = event["queryStringParameters"] or {}
    if "answer" in query:
        return json.loads(query["answer"])
    if "fail" in query:
        raise ValueError("on purpose")
    told = {"event": event, "version": context.function_version,
            "official": "awslambdaric" in sys.modules}
    return {"statusCode": 200, "headers": {"X-By": "python"}, "body": json.dumps(told)}
