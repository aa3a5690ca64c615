// The whole story of an API by the AWS SDK for JavaScript v3, unmodified.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { paginateGetRestApis } from "@aws-sdk/client-api-gateway";

import { call, client, met, mock, refused, region, replace, request, used } from "./client.mjs";

const AT_LEAST = 60;
const FORBIDDEN = '{"message":"Forbidden"}';

async function workingCopy() {
  const api = await call("CreateRestApi", { name: "js-story", tags: { team: "a" } });
  assert.ok(api.createdDate instanceof Date);
  assert.deepEqual(api.endpointConfiguration.types, ["EDGE"]);
  const restApiId = api.id;
  await call("UpdateRestApi", { restApiId, patchOperations: [replace("/description", "told")] });
  assert.equal((await call("GetRestApi", { restApiId })).description, "told");
  const names = [];
  for await (const page of paginateGetRestApis({ client, pageSize: 1 }, {})) {
    names.push(...page.items.map((one) => one.id));
  }
  assert.ok(names.includes(restApiId));
  const resourceArn = `arn:aws:apigateway:${region}::/restapis/${restApiId}`;
  await call("TagResource", { resourceArn, tags: { stage: "x" } });
  await call("UntagResource", { resourceArn, tagKeys: ["team"] });
  assert.deepEqual((await call("GetTags", { resourceArn })).tags, { stage: "x" });

  const parentId = api.rootResourceId;
  const pets = await call("CreateResource", { restApiId, parentId, pathPart: "pets" });
  const other = await call("CreateResource", { restApiId, parentId, pathPart: "other" });
  const move = { restApiId, resourceId: other.id };
  await call("UpdateResource", { ...move, patchOperations: [replace("/pathPart", "cats")] });
  assert.equal((await call("GetResource", move)).path, "/cats");
  await refused(
    "ConflictException",
    "Another resource with the same parent already has this name: pets",
    "CreateResource",
    { restApiId, parentId, pathPart: "pets" },
  );
  await call("DeleteResource", move);
  const listed = await call("GetResources", { restApiId });
  assert.deepEqual(listed.items.map((one) => one.path).sort(), ["/", "/pets"]);
  return { restApiId, where: await mock(restApiId, pets.id, "one") };
}

async function methods(where) {
  const post = { ...where, httpMethod: "POST" };
  await call("PutMethod", { ...post, authorizationType: "NONE" });
  await call("UpdateMethod", { ...post, patchOperations: [replace("/operationName", "add")] });
  assert.equal((await call("GetMethod", post)).operationName, "add");
  const uri = "http://127.0.0.1:9/pets";
  await call("PutIntegration", { ...post, type: "HTTP_PROXY", integrationHttpMethod: "POST", uri });
  const slower = [replace("/timeoutInMillis", "900")];
  await call("UpdateIntegration", { ...post, patchOperations: slower });
  assert.equal((await call("GetIntegration", post)).timeoutInMillis, 900);
  const answer = { ...post, statusCode: "201" };
  await call("PutMethodResponse", answer);
  assert.equal((await call("GetMethodResponse", answer)).statusCode, "201");
  await call("PutIntegrationResponse", answer);
  const pattern = [replace("/selectionPattern", "2..")];
  await call("UpdateIntegrationResponse", { ...answer, patchOperations: pattern });
  assert.equal((await call("GetIntegrationResponse", answer)).selectionPattern, "2..");
  await call("DeleteIntegrationResponse", answer);
  await call("DeleteMethodResponse", answer);
  await call("DeleteIntegration", post);
  await call("DeleteMethod", post);
  await refused("NotFoundException", "Invalid Method identifier specified", "GetMethod", post);
}

async function models(restApiId) {
  const schema = '{"type":"object","properties":{"name":{"type":"string"}}}';
  const one = { restApiId, modelName: "Pet" };
  await call("CreateModel", { restApiId, name: "Pet", contentType: "application/json", schema });
  await call("UpdateModel", { ...one, patchOperations: [replace("/description", "pet")] });
  assert.equal((await call("GetModel", one)).description, "pet");
  assert.equal((await call("GetModels", { restApiId })).items.length, 3);
  await call("DeleteModel", one);
  await refused("NotFoundException", "Invalid model name specified: Pet", "GetModel", one);
}

async function releases(restApiId, where) {
  const stageName = "prod";
  const one = { restApiId, stageName };
  const first = (await call("CreateDeployment", { ...one, description: "one" })).id;
  await met(restApiId, "prod/pets", 200, "one");
  const template = [replace("/responseTemplates/application~1json", "two")];
  const response = { ...where, statusCode: "200" };
  await call("UpdateIntegrationResponse", { ...response, patchOperations: template });
  const canarySettings = { percentTraffic: 100, stageVariableOverrides: { color: "blue" } };
  const second = (await call("CreateDeployment", { ...one, canarySettings })).id;
  await met(restApiId, "prod/pets", 200, "two");
  assert.equal((await call("GetStage", one)).deploymentId, first);
  const promoted = await call("UpdateStage", {
    ...one,
    patchOperations: [
      replace("/canarySettings/percentTraffic", "0.0"),
      { op: "copy", from: "/canarySettings/stageVariableOverrides", path: "/variables" },
      { op: "copy", from: "/canarySettings/deploymentId", path: "/deploymentId" },
    ],
  });
  assert.equal(promoted.deploymentId, second);
  assert.deepEqual(promoted.variables, { color: "blue" });
  const noCanary = [{ op: "remove", path: "/canarySettings" }];
  await call("UpdateStage", { ...one, patchOperations: noCanary });
  await call("CreateStage", { restApiId, stageName: "beta", deploymentId: first });
  await met(restApiId, "beta/pets", 200, "one");
  assert.equal((await call("GetStages", { restApiId })).item.length, 2);
  await call("DeleteStage", { restApiId, stageName: "beta" });
  await met(restApiId, "beta/pets", 403, FORBIDDEN);
  const former = { restApiId, deploymentId: first };
  await call("UpdateDeployment", { ...former, patchOperations: [replace("/description", "ONE")] });
  assert.equal((await call("GetDeployment", former)).description, "ONE");
  await call("DeleteDeployment", former);
  assert.equal((await call("GetDeployments", { restApiId })).items.length, 1);
}

async function access(restApiId, where) {
  const value = "a-key-of-the-js-story-0123456";
  const withKey = { "x-api-key": value };
  await call("UpdateMethod", { ...where, patchOperations: [replace("/apiKeyRequired", "true")] });
  await call("CreateDeployment", { restApiId, stageName: "prod" });
  await met(restApiId, "prod/pets", 403, FORBIDDEN);
  const apiKey = (await call("CreateApiKey", { name: "js-key", value, enabled: true })).id;
  const apiStages = [{ apiId: restApiId, stage: "prod" }];
  const usagePlanId = (await call("CreateUsagePlan", { name: "js-plan", apiStages })).id;
  const pair = { usagePlanId, keyId: apiKey };
  await call("CreateUsagePlanKey", { ...pair, keyType: "API_KEY" });
  await met(restApiId, "prod/pets", 200, "two", withKey);
  assert.equal((await call("GetUsagePlanKey", pair)).name, "js-key");
  assert.equal((await call("GetUsagePlanKeys", { usagePlanId })).items[0].id, apiKey);
  const plans = await call("GetUsagePlans", { keyId: apiKey });
  assert.deepEqual(plans.items.map((plan) => plan.id), [usagePlanId]);
  await call("UpdateApiKey", { apiKey, patchOperations: [replace("/enabled", "false")] });
  await met(restApiId, "prod/pets", 403, FORBIDDEN, withKey);
  assert.equal((await call("GetApiKey", { apiKey, includeValue: true })).value, value);
  const keys = await call("GetApiKeys", { nameQuery: "js-k" });
  assert.deepEqual(keys.items.map((key) => key.id), [apiKey]);
  await call("DeleteUsagePlanKey", pair);
  const detach = [{ op: "remove", path: "/apiStages", value: `${restApiId}:prod` }];
  await call("UpdateUsagePlan", { usagePlanId, patchOperations: detach });
  assert.deepEqual((await call("GetUsagePlan", { usagePlanId })).apiStages ?? [], []);
  await call("DeleteUsagePlan", { usagePlanId });
  await call("DeleteApiKey", { apiKey });
  await call("UpdateMethod", { ...where, patchOperations: [replace("/apiKeyRequired", "false")] });
  await call("CreateDeployment", { restApiId, stageName: "prod" });
}

async function domain(restApiId) {
  const domainName = "js.stories.test";
  const read = (name) => readFileSync(`${process.env.STORY_CERTIFICATES}/${name}.pem`, "utf8");
  const byHost = (path) => request(path, { host: domainName });
  await call("CreateDomainName", {
    domainName,
    certificateBody: read("certificate"),
    certificatePrivateKey: read("key"),
  });
  await call("CreateBasePathMapping", { domainName, basePath: "v1", restApiId, stage: "prod" });
  assert.deepEqual(await byHost("/v1/pets"), [200, "two"]);
  const renamed = [replace("/basePath", "v2")];
  await call("UpdateBasePathMapping", { domainName, basePath: "v1", patchOperations: renamed });
  assert.deepEqual(await byHost("/v2/pets"), [200, "two"]);
  assert.deepEqual(await byHost("/v1/pets"), [403, FORBIDDEN]);
  const one = { domainName, basePath: "v2" };
  assert.equal((await call("GetBasePathMapping", one)).restApiId, restApiId);
  assert.equal((await call("GetBasePathMappings", { domainName })).items.length, 1);
  const shown = await call("GetDomainName", { domainName });
  assert.deepEqual(shown.endpointConfiguration.types, ["EDGE"]);
  const names = (await call("GetDomainNames", { limit: 500 })).items.map((item) => item.domainName);
  assert.ok(names.includes(domainName));
  await call("DeleteBasePathMapping", one);
  await call("DeleteDomainName", { domainName });
  await refused("NotFoundException", undefined, "GetDomainName", { domainName });
}

async function surroundings(restApiId) {
  const responseType = "DEFAULT_4XX";
  const response = { restApiId, responseType };
  const responseTemplates = { "application/json": "$context.error.responseType" };
  await call("PutGatewayResponse", { ...response, responseTemplates });
  await call("CreateDeployment", { restApiId, stageName: "prod" });
  await met(restApiId, "prod/nowhere", 403, "MISSING_AUTHENTICATION_TOKEN");
  assert.equal((await call("GetGatewayResponse", response)).defaultResponse, false);
  assert.equal((await call("GetGatewayResponses", { restApiId, limit: 500 })).items.length, 21);
  await call("DeleteGatewayResponse", response);

  const validator = await call("CreateRequestValidator", { restApiId, name: "v" });
  const check = { restApiId, requestValidatorId: validator.id };
  assert.equal((await call("GetRequestValidator", check)).validateRequestBody, false);
  await call("DeleteRequestValidator", check);

  const location = { type: "API" };
  const properties = '{"description":"by JavaScript"}';
  const part = await call("CreateDocumentationPart", { restApiId, location, properties });
  const piece = { restApiId, documentationPartId: part.id };
  assert.equal((await call("GetDocumentationPart", piece)).location.type, "API");
  await call("DeleteDocumentationPart", piece);

  const made = await call("GenerateClientCertificate", { description: "js" });
  const { clientCertificateId } = made;
  assert.ok(made.expirationDate > made.createdDate);
  const shown = await call("GetClientCertificate", { clientCertificateId });
  assert.match(shown.pemEncodedCertificate, /BEGIN CERTIFICATE/);
  await call("DeleteClientCertificate", { clientCertificateId });
  assert.ok((await call("GetAccount")).throttleSettings.burstLimit > 0);
}

async function documents(restApiId) {
  const one = { restApiId, stageName: "prod", exportType: "oas30", accepts: "application/json" };
  const exported = await call("GetExport", { ...one, parameters: { extensions: "integrations" } });
  const body = exported.body;
  assert.ok("/pets" in JSON.parse(Buffer.from(body).toString()).paths);
  const copy = await call("ImportRestApi", { body, failOnWarnings: false });
  await call("PutRestApi", { restApiId: copy.id, mode: "merge", body });
  await call("CreateDeployment", { restApiId: copy.id, stageName: "again" });
  await met(copy.id, "again/pets", 200, "two");
  await call("DeleteRestApi", { restApiId: copy.id });
}

const { restApiId, where } = await workingCopy();
await methods(where);
await models(restApiId);
await releases(restApiId, where);
await access(restApiId, where);
await domain(restApiId);
await surroundings(restApiId);
await documents(restApiId);
await call("DeleteRestApi", { restApiId });
await refused("NotFoundException", undefined, "GetRestApi", { restApiId });
assert.ok(used.size >= AT_LEAST, `${used.size} operations: ${[...used].sort()}`);
console.log(`javascript story: ${used.size} operations`);
