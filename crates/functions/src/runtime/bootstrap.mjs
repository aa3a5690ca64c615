// Gatewright's client of the Lambda Runtime API for Node.
//
// Stands in for aws-lambda-ric, which needs a native build: it loads the
// handler that its argument names, asks for invocations, and answers them.
// Async and callback handlers, and awslambda.streamifyResponse, work as they
// do at AWS. Nothing but Node itself is used.

import http from "node:http";
import path from "node:path";
import { existsSync } from "node:fs";
import { PassThrough } from "node:stream";
import { format } from "node:util";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const BASE = "/2018-06-01/runtime";
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const METADATA = "application/vnd.awslambda.http-integration-response";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let requestId = "";

// --- the Runtime API

function open(method, path, headers = {}) {
  const request = http.request({ host, port, method, path: BASE + path, headers, agent });
  request.setNoDelay(true);
  const answered = new Promise((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ response, body: Buffer.concat(chunks) }));
    });
  });
  return { request, answered };
}

function call(method, path, body, headers = {}) {
  const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
  const { request, answered } = open(method, path, { ...headers, ...length });
  request.end(body);
  return answered;
}

function described(error) {
  if (error instanceof Error) {
    return {
      errorType: error.name,
      errorMessage: error.message,
      trace: (error.stack ?? "").split("\n"),
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function postError(path, error) {
  const told = described(error);
  console.error(path === "/init/error" ? "Uncaught Exception" : "Invoke Error", JSON.stringify(told));
  const headers = {
    "Content-Type": "application/json",
    "Lambda-Runtime-Function-Error-Type": header(told.errorType),
  };
  return call("POST", path, JSON.stringify(told), headers);
}

const header = (text) => String(text).replace(/[^\x20-\x7e]/g, "?");

// --- log lines as they look at AWS

for (const [method, level] of Object.entries(
  { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE" })) {
  console[method] = (...words) => {
    const text = format(...words).replace(/\n/g, "\r");
    process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
  };
}

// --- the handler

function failure(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

async function findHandler(name) {
  const folder = path.dirname(name);
  const file = path.basename(name);
  const dot = file.indexOf(".");
  if (dot < 1) throw failure("Runtime.MalformedHandlerName", "Bad handler");
  const module = path.resolve(process.cwd(), folder, file.slice(0, dot));
  const found = ["", ".js", ".mjs", ".cjs"].map((ending) => module + ending).find(existsSync);
  if (!found) {
    const text = `Error: Cannot find module '${file.slice(0, dot)}'\nRequire stack:\n- ${module}`;
    throw failure("Runtime.ImportModuleError", text);
  }
  let loaded;
  try {
    loaded = await import(pathToFileURL(found));
  } catch (error) {
    if (error instanceof SyntaxError) throw failure("Runtime.UserCodeSyntaxError", String(error));
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code)) {
      throw failure("Runtime.ImportModuleError", String(error));
    }
    throw error;
  }
  const steps = file.slice(dot + 1).split(".");
  // What CommonJS exports may only be found below `default`.
  for (const root of [loaded, loaded.default]) {
    const handler = steps.reduce((at, step) => at?.[step], root);
    if (typeof handler === "function") return handler;
  }
  throw failure("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
}

// --- streaming

globalThis.awslambda = {
  streamifyResponse(handler) {
    handler[STREAMING] = "response";
    return handler;
  },
  HttpResponseStream: {
    from(stream, metadata) {
      stream.setContentType(METADATA);
      stream.write(JSON.stringify(metadata));
      stream.write(Buffer.alloc(8));
      return stream;
    },
  },
};

function responseStream(id) {
  const stream = new PassThrough();
  let contentType = "application/octet-stream";
  let sending;
  stream.setContentType = (type) => { contentType = type; };
  // The head goes with the first byte, when the content type is known.
  const start = () => {
    if (sending) return sending;
    sending = open("POST", `/invocation/${id}/response`, {
      "Content-Type": contentType,
      "Lambda-Runtime-Function-Response-Mode": "streaming",
      "Transfer-Encoding": "chunked",
      Trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
    });
    return sending;
  };
  stream.on("data", (chunk) => {
    if (!start().request.write(chunk)) {
      stream.pause();
      sending.request.once("drain", () => stream.resume());
    }
  });
  const drained = new Promise((resolve) => stream.on("end", resolve));
  stream.done = async () => {
    if (!stream.writableEnded) stream.end();
    await drained;
    start().request.end();
    await sending.answered;
  };
  stream.fail = async (error) => {
    if (!sending) return postError(`/invocation/${id}/error`, error);
    const told = described(error);
    console.error("Invoke Error", JSON.stringify(told));
    sending.request.addTrailers({
      "Lambda-Runtime-Function-Error-Type": header(told.errorType),
      "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(told)).toString("base64"),
    });
    sending.request.end();
    return sending.answered;
  };
  return stream;
}

// --- invocations

function contextOf(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"] ?? 0);
  const json = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  const env = process.env;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: json("lambda-runtime-client-context"),
    identity: json("lambda-runtime-cognito-identity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/** The result of a handler that returns a promise or takes a callback. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    // Neither: AWS answers null once nothing is left to do.
    const idle = () => resolve(null);
    const settled = () => process.removeListener("beforeExit", idle);
    const callback = (error, result) => {
      settled();
      if (error == null) resolve(result);
      else reject(error);
    };
    context.done = callback;
    context.succeed = (result) => callback(null, result);
    context.fail = (error) => callback(error ?? "handled");
    process.once("beforeExit", idle);
    const returned = handler(event, context, callback);
    if (typeof returned?.then === "function") {
      returned.then(
        (result) => callback(null, result),
        (error) => { settled(); reject(error); },
      );
    }
  });
}

async function answer(handler, response, body) {
  const headers = response.headers;
  const id = (requestId = headers["lambda-runtime-aws-request-id"]);
  const trace = headers["lambda-runtime-trace-id"];
  if (trace) process.env._X_AMZN_TRACE_ID = trace;
  const context = contextOf(headers);
  if (handler[STREAMING]) {
    const stream = responseStream(id);
    try {
      await handler(JSON.parse(body), stream, context);
    } catch (error) {
      await stream.fail(error);
      return;
    }
    await stream.done();
    return;
  }
  let text;
  try {
    text = JSON.stringify((await run(handler, JSON.parse(body), context)) ?? null);
  } catch (error) {
    await postError(`/invocation/${id}/error`, error);
    return;
  }
  await call("POST", `/invocation/${id}/response`, text, { "Content-Type": "application/json" });
}

async function fatal(kind, error) {
  const told = failure(kind, String(error?.stack ?? error));
  await postError(requestId ? `/invocation/${requestId}/error` : "/init/error", told).catch(() => {});
  process.exit(1);
}
process.on("uncaughtException", (error) => fatal("Runtime.UncaughtException", error));
process.on("unhandledRejection", (error) => fatal("Runtime.UnhandledPromiseRejection", error));

let handler;
try {
  handler = await findHandler(process.argv[2]);
} catch (error) {
  await postError("/init/error", error);
  process.exit(1);
}
for (;;) {
  let next;
  try {
    next = await call("GET", "/invocation/next");
  } catch {
    // Whoever started us has gone.
    process.exit(0);
  }
  await answer(handler, next.response, next.body);
}
