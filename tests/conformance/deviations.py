"""Where an answer or a rule differs from AWS's on purpose, and why."""

EVERYWHERE = [
    "Members that begin with `gatewright` are ours: an SDK leaves them out, tools of ours read them. The table "
    "names those that an answer carried.",
    "Writers of one API wait for each other, so a 409 for concurrent modification is rare, and nothing has to be "
    "called once in five seconds only.",
    "Quotas of the service are configuration with generous defaults.",
    "Calls that nodes can notice answer when the connected nodes have followed, or after two seconds.",
]

CERTIFICATE = (
    "certificates come from the certificate store (`gwctl certificates`), or are issued here for an ACM ARN that it "
    "does not know ([custom domains](custom-domains.md))"
)
NOT_ENFORCED = "kept and answered; nodes serve no request by it, since nothing here is a VPC endpoint"

# By operation.
DEVIATIONS = {
    "CreateDomainName": f"{CERTIFICATE}. EDGE and REGIONAL are served alike; nodes refuse requests to PRIVATE domains "
    "and to those with mutual TLS",
    "UpdateDomainName": CERTIFICATE,
    "CreateDomainNameAccessAssociation": NOT_ENFORCED,
    "CreateVpcLink": "the addresses behind a load balancer's ARN are configuration (`gwctl vpc-targets`); without them "
    "the link is FAILED ([backends](backends.md))",
    "GenerateClientCertificate": "signed by its own key, not by an authority of Amazon's",
    "DeleteDeployment": "its content stays while the history of a stage names it, for rollbacks",
    "CreateModel": "behind `Invalid model schema specified` stand the place and the reason ([validation](validation.md))",
    "ImportRestApi": "OpenAPI 3.1 is taken, which AWS refuses; `gatewright=adapt` and `gatewright=strict` are ours",
    "PutRestApi": "OpenAPI 3.1 is taken, which AWS refuses; applied whole or not at all, where AWS's import is not atomic",
    "GetDomainNameAccessAssociations": "plain JSON also where HAL is asked for",
    "GetModelTemplate": "plain JSON also where HAL is asked for",
    "GetTags": "takes `limit` and `position`, and answers all tags",
    "TestInvokeMethod": "a connected node runs the method, and without one the answer is 503; a verb of a resource with "
    "ANY is taken. Requests above 4 MiB are refused, answers cut there; `gatewright=trace` adds what templates did to the "
    "log, and leaves lines uncut ([debugging](debugging.md))",
    "UpdateAccount": "the role is kept; logs go where a node is told to write them",
}

# Why an operation is not there yet.
LATER = {
    "GetSdk": "client SDKs are not generated; an exported document serves every generator",
    "GetSdkType": "see GetSdk",
    "GetSdkTypes": "see GetSdk",
    "TestInvokeAuthorizer": "needs authorizers that nodes run",
    "FlushStageAuthorizersCache": "needs authorizers that nodes run",
    "FlushStageCache": "needs the response cache",
    "GetUsage": "needs quotas that nodes count",
    "UpdateUsage": "needs quotas that nodes count",
}
