// Answers with the event, with what its query asks for, or as a stream.
import { existsSync } from "node:fs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const handler = async (event, context) => {
  const query = event.queryStringParameters ?? {};
  if ("answer" in query) return JSON.parse(query.answer);
  if ("fail" in query) throw new Error("on purpose");
  const told = { event, version: context.functionVersion,
    official: process.argv[1].includes("aws-lambda-ric") };
  return { statusCode: 200, headers: { "X-By": "node" }, body: JSON.stringify(told) };
};

export const streams = awslambda.streamifyResponse(async (event, stream) => {
  const query = event.queryStringParameters ?? {};
  if (query.fail === "early") throw new Error("on purpose");
  if (query.bare) return stream.end("no metadata");
  stream = awslambda.HttpResponseStream.from(
    stream, { statusCode: 201, headers: { "x-by": "node" }, cookies: ["a=b", "c=d"] });
  stream.write("one,");
  // The rest is written when the caller has told that the first has come.
  while (query.until && !existsSync(query.until)) await pause(10);
  stream.write("two,");
  if (query.fail) throw new Error("on purpose");
  stream.end("three");
});
