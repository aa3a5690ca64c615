"""Where an answer or a rule differs from AWS's on purpose, and why."""

EVERYWHERE = [
    "Members that begin with `gatewright` are ours: an SDK leaves them out, a tool of ours reads them.",
    "Writers of one API wait for each other, so a 409 for concurrent modification is rare, and nothing has to be "
    "called once in five seconds only.",
    "Quotas of the service are configuration with generous defaults.",
]

# By operation.
DEVIATIONS = {}

# Why an operation is not there yet.
LATER = {
    "GetSdk": "client SDKs are not generated; an exported document serves every generator",
    "GetSdkType": "see GetSdk",
    "GetSdkTypes": "see GetSdk",
}
