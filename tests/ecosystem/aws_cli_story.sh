#!/usr/bin/env bash
# The whole story of an API by the AWS CLI: built call by call, deployed, a
# canary, promoted by copy patches, and removed.
set -euo pipefail
api_gateway() { aws apigateway "$@" --output json; }
field() { python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }
expect() { [ "$2" = "$3" ] || { echo "$1: expected '$3', found '$2'" >&2; exit 1; }; }
get() { curl -fsS "$GATEWRIGHT_TRAFFIC_URL/_aws/execute-api/$api/$1"; }

api=$(api_gateway create-rest-api --name cli-story | field '["id"]')
root=$(api_gateway get-resources --rest-api-id "$api" | field '["items"][0]["id"]')
pets=$(api_gateway create-resource --rest-api-id "$api" --parent-id "$root" --path-part pets | field '["id"]')
api_gateway put-method --rest-api-id "$api" --resource-id "$pets" --http-method GET --authorization-type NONE >/dev/null
api_gateway put-method-response --rest-api-id "$api" --resource-id "$pets" --http-method GET --status-code 200 >/dev/null
api_gateway put-integration --rest-api-id "$api" --resource-id "$pets" --http-method GET --type MOCK \
    --request-templates '{"application/json":"{\"statusCode\": 200}"}' >/dev/null
answer() { # what the mock says
    api_gateway put-integration-response --rest-api-id "$api" --resource-id "$pets" --http-method GET --status-code 200 \
        --response-templates "{\"application/json\":\"$1\"}" >/dev/null
}
answer one
first=$(api_gateway create-deployment --rest-api-id "$api" --stage-name prod --description first | field '["id"]')
expect "first deployment" "$(get prod/pets)" one

answer two
expect "an undeployed change is invisible" "$(get prod/pets)" one
second=$(api_gateway create-deployment --rest-api-id "$api" --stage-name prod --description second \
    --canary-settings 'percentTraffic=100,stageVariableOverrides={color=blue}' | field '["id"]')
expect "all traffic meets the canary" "$(get prod/pets)" two
expect "the stage keeps its deployment" "$(api_gateway get-stage --rest-api-id "$api" --stage-name prod | field '["deploymentId"]')" "$first"

api_gateway update-stage --rest-api-id "$api" --stage-name prod --patch-operations \
    op=replace,path=/canarySettings/percentTraffic,value=0.0 \
    op=copy,path=/variables,from=/canarySettings/stageVariableOverrides \
    op=copy,path=/deploymentId,from=/canarySettings/deploymentId >/dev/null
stage=$(api_gateway get-stage --rest-api-id "$api" --stage-name prod)
expect "promoted deployment" "$(field '["deploymentId"]' <<<"$stage")" "$second"
expect "promoted variables" "$(field '["variables"]["color"]' <<<"$stage")" blue
api_gateway update-stage --rest-api-id "$api" --stage-name prod --patch-operations op=remove,path=/canarySettings >/dev/null
expect "after the promotion" "$(get prod/pets)" two

expect "one stage" "$(api_gateway get-stages --rest-api-id "$api" | field '["item"][0]["stageName"]')" prod
if api_gateway delete-deployment --rest-api-id "$api" --deployment-id "$second" 2>/tmp/gw-cli-error.$$; then
    echo "a deployment in use was deleted" >&2
    exit 1
fi
grep -q "Active stages pointing to this deployment must be moved or deleted" /tmp/gw-cli-error.$$
rm -f /tmp/gw-cli-error.$$
api_gateway delete-stage --rest-api-id "$api" --stage-name prod
api_gateway delete-rest-api --rest-api-id "$api"
status=$(curl -s -o /dev/null -w '%{http_code}' "$GATEWRIGHT_TRAFFIC_URL/_aws/execute-api/$api/prod/pets")
expect "a deleted API" "$status" 403
