// A client that counts the operations that succeeded, checks, and a caller of
// the nodes. Address and credentials come from AWS's own variables.
import assert from "node:assert/strict";
import http from "node:http";

import * as sdk from "@aws-sdk/client-api-gateway";

export const used = new Set();
export const traffic = new URL(process.env.GATEWRIGHT_TRAFFIC_URL);
export const region = process.env.AWS_DEFAULT_REGION;

export const client = new sdk.APIGatewayClient({
  endpoint: process.env.AWS_ENDPOINT_URL,
  region,
  maxAttempts: 1,
});
client.middlewareStack.add(
  (next, context) => async (args) => {
    const answer = await next(args);
    used.add(context.commandName.replace(/Command$/, ""));
    return answer;
  },
  { step: "initialize" },
);

/** Sends the operation of that name. */
export const call = (operation, input = {}) => client.send(new sdk[`${operation}Command`](input));

/** The operation is refused with this exception and, if given, this text. */
export async function refused(exception, text, operation, input) {
  await assert.rejects(call(operation, input), (error) => {
    assert.equal(error.name, exception, error.message);
    if (text) assert.equal(error.message, text);
    return true;
  });
}

export const replace = (path, value) => ({ op: "replace", path, value });

/** Status and text of a node's answer. */
export function request(path, headers = {}) {
  return new Promise((resolve, reject) => {
    const asked = http.request({ host: traffic.hostname, port: traffic.port, path, headers });
    asked.on("error", reject);
    asked.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece) => (text += piece));
      answer.on("end", () => resolve([answer.statusCode, text]));
    });
    asked.end();
  });
}

/** Nodes answer like this to requests of the API. */
export async function met(api, path, status, text, headers) {
  assert.deepEqual(await request(`/_aws/execute-api/${api}/${path}`, headers), [status, text], path);
}

/** A GET method that the gateway answers by itself. */
export async function mock(restApiId, resourceId, text, method = {}) {
  const where = { restApiId, resourceId, httpMethod: "GET" };
  await call("PutMethod", { ...where, authorizationType: "NONE", ...method });
  await call("PutMethodResponse", { ...where, statusCode: "200" });
  await call("PutIntegration", {
    ...where,
    type: "MOCK",
    requestTemplates: { "application/json": '{"statusCode": 200}' },
  });
  await call("PutIntegrationResponse", {
    ...where,
    statusCode: "200",
    responseTemplates: { "application/json": text },
  });
  return where;
}
