#!/usr/bin/env bash
# The whole story of an API by the AWS CLI: built call by call, deployed, a
# canary, promoted by copy patches; its keys, domain, documentation and
# surroundings; and removed.
# shellcheck disable=SC2086,SC2089,SC2090 # variables that hold several words
set -euo pipefail
at_least=60
used=$(mktemp)
trap 'rm -f "$used" "$used".*' EXIT
api_gateway() { aws apigateway "$@" --output json && echo "$1" >>"$used"; }
field() { python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }
expect() { [ "$2" = "$3" ] || { echo "$1: expected '$3', found '$2'" >&2; exit 1; }; }
get() { curl -fsS "$GATEWRIGHT_TRAFFIC_URL/_aws/execute-api/$api/$1"; }
# Status and text of an answer to a request, with what curl is to add.
met() { curl -sS -w ' %{http_code}' "$@"; }
refused() { # TEXT COMMAND...: the command fails and says so
    local text=$1
    shift
    if aws apigateway "$@" 2>"$used.error" >/dev/null; then
        echo "$* was not refused" >&2
        exit 1
    fi
    grep -qF "$text" "$used.error" || { cat "$used.error" >&2; exit 1; }
}
# Reads all of its input, so that nobody writes into a closed pipe.
has() { grep -F -- "$1" >/dev/null; }
replace() { echo "op=replace,path=$1,value=$2"; }

api=$(api_gateway create-rest-api --name cli-story --tags team=a | field '["id"]')
one="--rest-api-id $api"
root=$(api_gateway get-resources $one | field '["items"][0]["id"]')
pets=$(api_gateway create-resource $one --parent-id "$root" --path-part pets | field '["id"]')
method="$one --resource-id $pets --http-method GET"
api_gateway put-method $method --authorization-type NONE >/dev/null
api_gateway put-method-response $method --status-code 200 >/dev/null
api_gateway put-integration $method --type MOCK \
    --request-templates '{"application/json":"{\"statusCode\": 200}"}' >/dev/null
answer() { # what the mock says
    api_gateway put-integration-response $method --status-code 200 \
        --response-templates "{\"application/json\":\"$1\"}" >/dev/null
}

releases() {
    answer one
    first=$(api_gateway create-deployment $one --stage-name prod --description first | field '["id"]')
    expect "first deployment" "$(get prod/pets)" one

    answer two
    expect "an undeployed change is invisible" "$(get prod/pets)" one
    second=$(api_gateway create-deployment $one --stage-name prod --description second \
        --canary-settings 'percentTraffic=100,stageVariableOverrides={color=blue}' | field '["id"]')
    expect "all traffic meets the canary" "$(get prod/pets)" two
    expect "the stage keeps its deployment" \
        "$(api_gateway get-stage $one --stage-name prod | field '["deploymentId"]')" "$first"

    api_gateway update-stage $one --stage-name prod --patch-operations \
        op=replace,path=/canarySettings/percentTraffic,value=0.0 \
        op=copy,path=/variables,from=/canarySettings/stageVariableOverrides \
        op=copy,path=/deploymentId,from=/canarySettings/deploymentId >/dev/null
    stage=$(api_gateway get-stage $one --stage-name prod)
    expect "promoted deployment" "$(field '["deploymentId"]' <<<"$stage")" "$second"
    expect "promoted variables" "$(field '["variables"]["color"]' <<<"$stage")" blue
    api_gateway update-stage $one --stage-name prod \
        --patch-operations op=remove,path=/canarySettings >/dev/null
    expect "after the promotion" "$(get prod/pets)" two

    expect "one stage" "$(api_gateway get-stages $one | field '["item"][0]["stageName"]')" prod
    refused "Active stages pointing to this deployment must be moved or deleted" \
        delete-deployment $one --deployment-id "$second"
    api_gateway update-deployment $one --deployment-id "$first" \
        --patch-operations "$(replace /description ONE)" >/dev/null
    expect "description" \
        "$(api_gateway get-deployment $one --deployment-id "$first" | field '["description"]')" ONE
    api_gateway create-stage $one --stage-name beta --deployment-id "$first" >/dev/null
    expect "the former deployment" "$(get beta/pets)" one
    api_gateway delete-stage $one --stage-name beta
    api_gateway delete-deployment $one --deployment-id "$first"
    expect "deployments left" "$(api_gateway get-deployments $one | field '["items"][0]["id"]')" "$second"
}

working_copy() {
    local arn="arn:aws:apigateway:$AWS_DEFAULT_REGION::/restapis/$api"
    api_gateway update-rest-api $one --patch-operations "$(replace /description told)" >/dev/null
    expect "description" "$(api_gateway get-rest-api $one | field '["description"]')" told
    api_gateway get-rest-apis | has "\"$api\""
    api_gateway tag-resource --resource-arn "$arn" --tags stage=x
    api_gateway untag-resource --resource-arn "$arn" --tag-keys team
    expect "tags" "$(api_gateway get-tags --resource-arn "$arn" | field '["tags"]')" "{'stage': 'x'}"
    local other
    other=$(api_gateway create-resource $one --parent-id "$root" --path-part other | field '["id"]')
    api_gateway update-resource $one --resource-id "$other" \
        --patch-operations "$(replace /pathPart cats)" >/dev/null
    expect "path" "$(api_gateway get-resource $one --resource-id "$other" | field '["path"]')" /cats
    local cats="$one --resource-id $other --http-method POST"
    api_gateway put-method $cats --authorization-type NONE >/dev/null
    api_gateway update-method $cats --patch-operations "$(replace /operationName addCat)" >/dev/null
    expect "operation" "$(api_gateway get-method $cats | field '["operationName"]')" addCat
    api_gateway put-integration $cats --type HTTP_PROXY --integration-http-method POST \
        --uri http://127.0.0.1:9/cats >/dev/null
    api_gateway update-integration $cats --patch-operations "$(replace /timeoutInMillis 900)" >/dev/null
    expect "timeout" "$(api_gateway get-integration $cats | field '["timeoutInMillis"]')" 900
    api_gateway delete-integration $cats
    api_gateway delete-method $cats
    api_gateway delete-resource $one --resource-id "$other"
    expect "method response" \
        "$(api_gateway get-method-response $method --status-code 200 | field '["statusCode"]')" 200
    api_gateway update-integration-response $method --status-code 200 \
        --patch-operations "$(replace /responseTemplates/application~1json three)" >/dev/null
    expect "template" "$(api_gateway get-integration-response $method --status-code 200 |
        field '["responseTemplates"]["application/json"]')" three
    api_gateway create-model $one --name Pet --content-type application/json \
        --schema '{"type":"object","properties":{"name":{"type":"string"}}}' >/dev/null
    api_gateway update-model $one --model-name Pet \
        --patch-operations "$(replace /description pet)" >/dev/null
    expect "model" "$(api_gateway get-model $one --model-name Pet | field '["description"]')" pet
    expect "models" "$(api_gateway get-models $one | field '["items"].__len__()')" 3
    api_gateway get-model-template $one --model-name Pet | has name
    api_gateway delete-model $one --model-name Pet
    api_gateway create-deployment $one --stage-name prod >/dev/null
    expect "the changed template" "$(get prod/pets)" three
}

access() {
    local value="a-key-of-the-cli-story-012345" keyed url="$GATEWRIGHT_TRAFFIC_URL/_aws/execute-api/$api/prod/pets"
    api_gateway update-method $method --patch-operations "$(replace /apiKeyRequired true)" >/dev/null
    api_gateway create-deployment $one --stage-name prod >/dev/null
    expect "without a key" "$(met "$url")" '{"message":"Forbidden"} 403'
    key=$(api_gateway create-api-key --name cli-key --value "$value" --enabled | field '["id"]')
    plan=$(api_gateway create-usage-plan --name cli-plan --api-stages "apiId=$api,stage=prod" | field '["id"]')
    keyed="--usage-plan-id $plan --key-id $key"
    api_gateway create-usage-plan-key $keyed --key-type API_KEY >/dev/null
    expect "with a key" "$(met -H "x-api-key: $value" "$url")" 'three 200'
    expect "plan" "$(api_gateway get-usage-plan --usage-plan-id "$plan" | field '["name"]')" cli-plan
    api_gateway get-usage-plans | has "\"$plan\""
    expect "plan key" "$(api_gateway get-usage-plan-key $keyed | field '["name"]')" cli-key
    expect "plan keys" "$(api_gateway get-usage-plan-keys --usage-plan-id "$plan" | field '["items"][0]["id"]')" "$key"
    api_gateway update-api-key --api-key "$key" --patch-operations "$(replace /enabled false)" >/dev/null
    expect "a disabled key" "$(met -H "x-api-key: $value" "$url")" '{"message":"Forbidden"} 403'
    expect "the key" "$(api_gateway get-api-key --api-key "$key" --include-value | field '["value"]')" "$value"
    expect "keys" "$(api_gateway get-api-keys --name-query cli-k | field '["items"][0]["enabled"]')" False
    api_gateway delete-usage-plan-key $keyed
    api_gateway update-usage-plan --usage-plan-id "$plan" \
        --patch-operations "op=remove,path=/apiStages,value=$api:prod" >/dev/null
    api_gateway delete-usage-plan --usage-plan-id "$plan"
    api_gateway delete-api-key --api-key "$key"
    api_gateway update-method $method --patch-operations "$(replace /apiKeyRequired false)" >/dev/null
    api_gateway create-deployment $one --stage-name prod >/dev/null
    expect "without a key again" "$(get prod/pets)" three
}

domain() {
    local name="cli.stories.test" of
    of="--domain-name $name"
    api_gateway create-domain-name $of \
        --certificate-body "file://$STORY_CERTIFICATES/certificate.pem" \
        --certificate-private-key "file://$STORY_CERTIFICATES/key.pem" >/dev/null
    api_gateway create-base-path-mapping $of --base-path v1 --rest-api-id "$api" --stage prod >/dev/null
    expect "by host" "$(met -H "Host: $name" "$GATEWRIGHT_TRAFFIC_URL/v1/pets")" 'three 200'
    api_gateway update-base-path-mapping $of --base-path v1 \
        --patch-operations "$(replace /basePath v2)" >/dev/null
    expect "by the new path" "$(met -H "Host: $name" "$GATEWRIGHT_TRAFFIC_URL/v2/pets")" 'three 200'
    expect "mapping" "$(api_gateway get-base-path-mapping $of --base-path v2 | field '["stage"]')" prod
    expect "mappings" "$(api_gateway get-base-path-mappings $of | field '["items"][0]["basePath"]')" v2
    api_gateway update-domain-name $of --patch-operations "$(replace /securityPolicy TLS_1_2)" >/dev/null
    expect "domain" "$(api_gateway get-domain-name $of | field '["securityPolicy"]')" TLS_1_2
    api_gateway get-domain-names | has "$name"
    api_gateway delete-base-path-mapping $of --base-path v2
    api_gateway delete-domain-name $of
    refused NotFoundException get-domain-name $of
}

surroundings() {
    part=$(api_gateway create-documentation-part $one --location type=API \
        --properties '{"description":"by the CLI"}' | field '["id"]')
    api_gateway update-documentation-part $one --documentation-part-id "$part" \
        --patch-operations '[{"op":"replace","path":"/properties","value":"{\"description\":\"told\"}"}]' >/dev/null
    api_gateway get-documentation-part $one --documentation-part-id "$part" | has told
    expect "parts" "$(api_gateway get-documentation-parts $one | field '["items"].__len__()')" 1
    api_gateway create-documentation-version $one --documentation-version v1 >/dev/null
    expect "versions" "$(api_gateway get-documentation-versions $one | field '["items"][0]["version"]')" v1
    api_gateway delete-documentation-version $one --documentation-version v1
    api_gateway delete-documentation-part $one --documentation-part-id "$part"

    local validator response="$one --response-type DEFAULT_4XX"
    validator=$(api_gateway create-request-validator $one --name v --validate-request-body | field '["id"]')
    expect "validator" "$(api_gateway get-request-validator $one --request-validator-id "$validator" |
        field '["validateRequestBody"]')" True
    api_gateway delete-request-validator $one --request-validator-id "$validator"
    api_gateway put-gateway-response $response \
        --response-templates '{"application/json":"$context.error.responseType"}' >/dev/null
    api_gateway create-deployment $one --stage-name prod >/dev/null
    expect "a refusal in own words" \
        "$(met "$GATEWRIGHT_TRAFFIC_URL/_aws/execute-api/$api/prod/nowhere")" 'MISSING_AUTHENTICATION_TOKEN 403'
    expect "own" "$(api_gateway get-gateway-response $response | field '["defaultResponse"]')" False
    api_gateway delete-gateway-response $response

    local certificate link
    certificate=$(api_gateway generate-client-certificate --description cli | field '["clientCertificateId"]')
    api_gateway get-client-certificates | has "$certificate"
    api_gateway get-client-certificate --client-certificate-id "$certificate" | has "BEGIN CERTIFICATE"
    api_gateway delete-client-certificate --client-certificate-id "$certificate"
    link=$(api_gateway create-vpc-link --name cli-link --target-arns \
        "arn:aws:elasticloadbalancing:$AWS_DEFAULT_REGION:000000000000:loadbalancer/net/in/0123456789" | field '["id"]')
    expect "link" "$(api_gateway get-vpc-link --vpc-link-id "$link" | field '["name"]')" cli-link
    api_gateway get-vpc-links | has "$link"
    api_gateway delete-vpc-link --vpc-link-id "$link"
    api_gateway get-account | has throttleSettings
}

documents() {
    api_gateway get-export $one --stage-name prod --export-type oas30 --parameters extensions=apigateway \
        "$used.export" >/dev/null
    local copy
    copy=$(api_gateway import-rest-api --body "fileb://$used.export" | field '["id"]')
    expect "the copy's paths" "$(api_gateway get-resources --rest-api-id "$copy" |
        field '["items"]' | grep -o "'/pets'")" "'/pets'"
    api_gateway put-rest-api --rest-api-id "$copy" --mode merge --body "fileb://$used.export" >/dev/null
    api_gateway delete-rest-api --rest-api-id "$copy"
}

releases
working_copy
access
domain
surroundings
documents
api_gateway delete-stage $one --stage-name prod
api_gateway delete-rest-api $one
status=$(curl -s -o /dev/null -w '%{http_code}' "$GATEWRIGHT_TRAFFIC_URL/_aws/execute-api/$api/prod/pets")
expect "a deleted API" "$status" 403
count=$(sort -u "$used" | wc -l)
[ "$count" -ge "$at_least" ] || { echo "$count operations, not $at_least" >&2; exit 1; }
echo "aws cli story: $count operations"
