// Answers with its event; streams, fails, waits or exits when the event says so.
import { existsSync } from "node:fs";

export const handler = async (event, context) => {
  if (event.do === "fail") throw new TypeError("no dog");
  if (event.do === "exit") process.exit(3);
  if (event.do === "sleep") await new Promise((resolve) => setTimeout(resolve, 600_000));
  console.log("hello from node");
  return { event, id: context.awsRequestId, arn: context.invokedFunctionArn, pid: process.pid };
};

export const streams = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "x-by": "node" } });
  for (const chunk of ["one,", "two,", "three"]) {
    stream.write(chunk);
    // The rest is written when the caller has told that the first has come.
    while (event.until && !existsSync(event.until)) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (event.fail) throw new Error("midway");
  stream.end();
});
