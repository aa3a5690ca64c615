#!/usr/bin/env python3
"""One API for each of AWS's services, with templates both ways: SQS, DynamoDB,
Step Functions, Kinesis, S3, EventBridge, SNS and SSM, with moto as the other
side. A node assumes a role at moto's STS for some of them.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import urllib.error
import urllib.request

import boto3

from story_support import expect, moto

OURS = pathlib.Path(os.environ.get("GATEWRIGHT_BIN_DIR", "target/release"))
REGION = "eu-west-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/gateway"
KEYS = {"aws_access_key_id": "story", "aws_secret_access_key": "story"}
ROLES = f"""
[[role]]
arn = "{ROLE}"
assume = true
"""


def up(state, aws):
    """A system whose nodes call moto: what `gwctl up` prints."""
    roles = state / "roles.toml"
    roles.write_text(ROLES)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "story",
        "AWS_SECRET_ACCESS_KEY": "story",
    }
    ports = [f"--{name}-port=0" for name in ("admin", "fleet", "traffic", "metrics")]
    command = [OURS / "gwctl", "up", "--detach", "--state-dir", state / "s", "--nodes", "1"]
    command += [*ports, "--aws-roles", roles, "--output", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Api:
    """An API, made with boto3 as people make it."""

    def __init__(self, system, name):
        self.client = boto3.client(
            "apigateway",
            endpoint_url=system["admin_url"],
            region_name=REGION,
            aws_access_key_id=system["access_key_id"],
            aws_secret_access_key=system["secret_access_key"],
        )
        self.traffic = system["traffic_url"]
        self.id = self.client.create_rest_api(name=name)["id"]
        root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]
        self.resources = {"": root}

    def method(self, verb, uri, path="", responses=None, **integration):
        """A method on a child of the root, or on the root; `responses` are
        status -> (pattern, template)."""
        if path not in self.resources:
            made = self.client.create_resource(
                restApiId=self.id, parentId=self.resources[""], pathPart=path
            )
            self.resources[path] = made["id"]
        at = {"restApiId": self.id, "resourceId": self.resources[path], "httpMethod": verb}
        variables = [path[1:-1]] if path.startswith("{") else []
        self.client.put_method(
            **at,
            authorizationType="NONE",
            requestParameters={f"method.request.path.{name}": True for name in variables},
        )
        integration.setdefault("integrationHttpMethod", "POST")
        self.client.put_integration(
            **at, type="AWS", uri=f"arn:aws:apigateway:{REGION}:{uri}", **integration
        )
        for status, (pattern, template) in (responses or {"200": ("", None)}).items():
            self.client.put_method_response(**at, statusCode=status)
            templates = {} if template is None else {"application/json": template}
            self.client.put_integration_response(
                **at, statusCode=status, selectionPattern=pattern, responseTemplates=templates
            )
        return self

    def deploy(self):
        made = self.client.create_deployment(restApiId=self.id, stageName="story")
        assert made["id"]
        return self

    def send(self, verb="POST", path="/", body=None):
        """Status and body, as JSON where they are JSON."""
        url = f"{self.traffic}/_aws/execute-api/{self.id}/story{path}"
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=verb)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode()


def sqs(system, client):
    queues = client("sqs")
    url = queues.create_queue(QueueName="orders")["QueueUrl"]
    sent = "$input.path('$.SendMessageResponse.SendMessageResult.MessageId')"
    error = '{"error":"$input.path(\'$.Error.Code\')"}'
    responses = {"200": ("", '{"id":"%s"}' % sent), "400": (r"4\d{2}", error)}
    form = {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"}
    body = "$util.urlEncode($input.json('$.order'))"
    api = Api(system, "sqs").method(
        "POST",
        f"sqs:path/{ACCOUNT}/orders",
        responses=responses,
        credentials=ROLE,
        requestParameters=form,
        passthroughBehavior="NEVER",
        requestTemplates={"application/json": f"Action=SendMessage&MessageBody={body}"},
    )
    api.method(
        "POST",
        "sqs:action/SendMessage",
        path="action",
        responses=responses,
        requestParameters={
            "integration.request.querystring.QueueUrl": f"'{url}'",
            "integration.request.querystring.MessageBody": "method.request.body.text",
        },
    )
    api.method(
        "POST",
        f"sqs:path/{ACCOUNT}/nobody",
        path="nobody",
        responses=responses,
        requestParameters=form,
        requestTemplates={"application/json": "Action=SendMessage&MessageBody=x"},
    )
    received = """#set($all = $input.path('$.ReceiveMessageResponse.ReceiveMessageResult.messages'))
[#foreach($one in $all)"$util.escapeJavaScript($one.Body)"#if($foreach.hasNext),#end#end]"""
    api.method(
        "GET",
        f"sqs:path/{ACCOUNT}/orders",
        path="received",
        responses={"200": ("", received)},
        requestParameters=form,
        requestTemplates={
            "application/json": "Action=ReceiveMessage&MaxNumberOfMessages=10&VisibilityTimeout=0"
        },
    )
    api.deploy()
    status, answer = api.send(body={"order": {"id": 7, "what": "tea & cake"}})
    expect("a message by path", (status, list(answer)), (200, ["id"]))
    status, _ = api.send(path="/action", body={"text": "by action"})
    expect("a message by action", status, 200)
    expect("no queue", api.send(path="/nobody", body={})[0], 400)
    error = api.send(path="/nobody", body={})[1]["error"]
    assert error.endswith("NonExistentQueue"), error
    status, bodies = api.send("GET", "/received")
    expect("messages through the gateway", (status, len(bodies)), (200, 2))
    found = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    found = sorted(message["Body"] for message in found["Messages"])
    expect("messages", found, ["by action", '{"id":7,"what":"tea & cake"}'])
    expect("the same messages", sorted(bodies), found)


def dynamodb(system, client):
    tables = client("dynamodb")
    tables.create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = """{"TableName":"people","Item":{"id":{"S":"$input.params('id')"},
        "name":{"S":$input.json('$.name')},"age":{"N":"$input.path('$.age')"}}}"""
    get = """{"TableName":"people","Key":{"id":{"S":"$input.params('id')"}}}"""
    item = "$input.path('$.Item')"
    found = f"""#if({item} && {item} != "")
{{"name":$input.json('$.Item.name.S'),"age":$input.path('$.Item.age.N')}}
#else#set($context.responseOverride.status = 404){{"message":"nobody"}}#end"""
    api = Api(system, "dynamodb").method(
        "PUT",
        "dynamodb:action/PutItem",
        path="{id}",
        responses={"200": ("", '{"saved":true}'), "400": (r"4\d{2}", None)},
        requestTemplates={"application/json": put},
    )
    api.method(
        "GET",
        "dynamodb:action/GetItem",
        path="{id}",
        responses={"200": ("", found)},
        credentials=ROLE,
        requestTemplates={"application/json": get},
    )
    api.deploy()
    answer = api.send("PUT", "/7", {"name": "Grace \u00fc", "age": 85})
    expect("an item put", answer, (200, {"saved": True}))
    item = tables.get_item(TableName="people", Key={"id": {"S": "7"}})["Item"]
    expect("the item", item, {"id": {"S": "7"}, "name": {"S": "Grace \u00fc"}, "age": {"N": "85"}})
    expect("an item got", api.send("GET", "/7"), (200, {"name": "Grace \u00fc", "age": 85}))
    expect("no item", api.send("GET", "/8"), (404, {"message": "nobody"}))
    expect("a refusal of DynamoDB", api.send("PUT", "/9", {"name": "x", "age": "old"})[0], 400)


def step_functions(system, client):
    machines = client("stepfunctions")
    definition = {"StartAt": "End", "States": {"End": {"Type": "Pass", "End": True}}}
    machine = machines.create_state_machine(
        name="orders", definition=json.dumps(definition), roleArn=f"arn:aws:iam::{ACCOUNT}:role/unknown"
    )["stateMachineArn"]
    start = """{"stateMachineArn":"%s","input":"$util.escapeJavaScript($input.json('$'))"}""" % machine
    arn = '{"execution":$input.json(\'$.executionArn\')}'
    api = Api(system, "states").method(
        "POST",
        "states:action/StartExecution",
        responses={"202": (r"2\d{2}", arn), "500": ("", None)},
        requestTemplates={"application/json": start},
    )
    status, answer = api.deploy().send(body={"order": 7})
    expect("an execution started", status, 202)
    found = machines.describe_execution(executionArn=answer["execution"])
    expect("its input", json.loads(found["input"]), {"order": 7})


def kinesis(system, client):
    streams = client("kinesis")
    streams.create_stream(StreamName="clicks", ShardCount=1)
    put = """{"StreamName":"$input.params('stream')","Data":"$util.base64Encode($input.json('$.data'))",
        "PartitionKey":"$input.path('$.key')"}"""
    api = Api(system, "kinesis").method(
        "PUT",
        "kinesis:action/PutRecord",
        path="{stream}",
        responses={"200": ("", '{"shard":$input.json(\'$.ShardId\')}'), "404": (r"4\d{2}", None)},
        requestTemplates={"application/json": put},
    )
    status, answer = api.deploy().send("PUT", "/clicks", {"key": "a", "data": {"x": 1}})
    expect("a record put", (status, answer), (200, {"shard": "shardId-000000000000"}))
    shard = streams.get_shard_iterator(
        StreamName="clicks", ShardId=answer["shard"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=shard)["Records"]
    expect("records", [json.loads(record["Data"]) for record in records], [{"x": 1}])
    expect("no stream", api.send("PUT", "/nothing", {"key": "a", "data": 1})[0], 404)


def s3(system, client):
    objects = client("s3")
    objects.create_bucket(
        Bucket="story", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    places = {
        "integration.request.path.bucket": "'story'",
        "integration.request.path.key": "method.request.path.key",
    }
    greeting = """{"hello":"$input.path('$.name')","by":"$stageVariables.nothing"}"""
    api = Api(system, "s3").method(
        "PUT",
        "s3:path/{bucket}/{key}",
        path="{key}",
        integrationHttpMethod="PUT",
        credentials=ROLE,
        requestParameters=places
        | {"integration.request.header.Content-Type": "'application/json'"},
        requestTemplates={"application/json": greeting},
    )
    shown = '{"object":$input.json(\'$\')}'
    api.method(
        "GET",
        "s3:path/{bucket}/{key}",
        path="{key}",
        responses={"200": ("", shown), "404": ("404", '{"message":"no such key"}')},
        integrationHttpMethod="GET",
        requestParameters=places,
    )
    api.deploy()
    expect("an object put", api.send("PUT", "/a%20folder%2Fone.json", {"name": "Ada"})[0], 200)
    stored = objects.get_object(Bucket="story", Key="a folder/one.json")
    expect("the object", json.loads(stored["Body"].read()), {"hello": "Ada", "by": ""})
    expect("its type", stored["ContentType"], "application/json")
    answer = api.send("GET", "/a%20folder%2Fone.json")
    expect("an object got", answer, (200, {"object": {"hello": "Ada", "by": ""}}))
    expect("no object", api.send("GET", "/none"), (404, {"message": "no such key"}))


def event_bridge(system, client):
    events, queues = client("events"), client("sqs")
    url = queues.create_queue(QueueName="events")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:events"
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["story"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
    put = """{"Entries":[{"Source":"story","DetailType":"$input.path('$.kind')",
        "Detail":"$util.escapeJavaScript($input.json('$.detail'))","EventBusName":"default"}]}"""
    api = Api(system, "events").method(
        "POST",
        "events:action/PutEvents",
        responses={"200": ("", '{"failed":$input.path(\'$.FailedEntryCount\')}')},
        requestParameters={
            "integration.request.header.X-Amz-Target": "'AWSEvents.PutEvents'",
            "integration.request.header.Content-Type": "'application/x-amz-json-1.1'",
        },
        requestTemplates={"application/json": put},
    )
    answer = api.deploy().send(body={"kind": "told", "detail": {"page": 1}})
    expect("an event put", answer, (200, {"failed": 0}))
    found = queues.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages", [])
    event = json.loads(found[0]["Body"])
    told = (event["source"], event["detail-type"], event["detail"])
    expect("the event", told, ("story", "told", {"page": 1}))


def sns_and_ssm(system, client):
    client("ssm").put_parameter(Name="/color", Value="blue", Type="String")
    topic = client("sns").create_topic(Name="news")["TopicArn"]
    listed = """[#foreach($one in $input.path('$.ListTopicsResponse.ListTopicsResult.Topics'))
"$one.TopicArn"#end]"""
    value = "$input.json('$.GetParameterResponse.GetParameterResult.Parameter.Value')"
    api = Api(system, "others").method(
        "GET", "sns:action/ListTopics", path="topics", responses={"200": ("", listed)}
    )
    api.method(
        "GET",
        "ssm:action/GetParameter",
        path="color",
        responses={"200": ("", value)},
        requestParameters={"integration.request.querystring.Name": "'/color'"},
    )
    api.deploy()
    expect("topics", api.send("GET", "/topics"), (200, [topic]))
    expect("a parameter", api.send("GET", "/color"), (200, "blue"))


def main():
    server, aws = moto()
    state = pathlib.Path(tempfile.mkdtemp())
    state.chmod(0o755)

    def client(service):
        return boto3.client(service, endpoint_url=aws, region_name=REGION, **KEYS)

    try:
        system = up(state, aws)
        for story in (sqs, dynamodb, step_functions, kinesis, s3, event_bridge, sns_and_ssm):
            story(system, client)
            print(f"  {story.__name__.replace('_', ' ')}: templates both ways")
    finally:
        subprocess.run(
            [OURS / "gwctl", "down", "--state-dir", state / "s"], capture_output=True, check=False
        )
        server.terminate()
        subprocess.run(["rm", "-rf", state], check=False)


if __name__ == "__main__":
    main()
