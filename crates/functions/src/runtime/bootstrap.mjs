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
const PRELUDE = Symbol("prelude");
const METADATA = "application/vnd.awslambda.http-integration-response";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let requestId;

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
      trace: lines(error.stack),
    };
  }
  return { errorType: typeof error, errorMessage: text(error), trace: [] };
}

const lines = (stack) => String(stack ?? "").split("\n");

function text(thrown) {
  try {
    return String(thrown);
  } catch {
    return "what was thrown has no text";
  }
}

/** The line of an error, with whatever it carries. */
function logError(what, thrown) {
  const shown = (_, value) => value instanceof Error
    ? { errorType: value.name, errorMessage: value.message, code: value.code, ...value,
        stack: lines(value.stack) }
    : value;
  const error = thrown instanceof Error ? thrown : new Error(text(thrown));
  let told;
  try {
    told = JSON.stringify(error, shown);
  } catch {
    told = JSON.stringify(described(error));
  }
  console.error(what, `\t${told}`);
}

function postError(path, error, what = "Invoke Error") {
  const told = described(error);
  logError(what, error);
  const headers = {
    "Content-Type": "application/json",
    "Lambda-Runtime-Function-Error-Type": header(told.errorType),
  };
  return call("POST", path, JSON.stringify(told), headers);
}

const header = (text) => String(text).replace(/[^\x20-\x7e]/g, "?");

// --- log lines as they look at AWS

for (const [method, level] of Object.entries(
  { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE",
    fatal: "FATAL" })) {
  console[method] = (...words) => {
    const text = format(...words).replace(/\n/g, "\r");
    process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
  };
}

// --- the handler

function failure(name, message) {
  const error = new Error(message);
  Object.defineProperty(error, "name", { value: name });
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
    // What an ES module misses is told as it is, by AWS's client too.
    if (error?.code === "MODULE_NOT_FOUND") throw failure("Runtime.ImportModuleError", String(error));
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
      stream[PRELUDE] = [JSON.stringify(metadata), Buffer.alloc(8)];
      return stream;
    },
  },
};

function responseStream(id) {
  const stream = new PassThrough();
  let contentType = "application/octet-stream";
  let sending;
  let begun = false;
  stream.setContentType = (type) => {
    if (begun) throw failure("Runtime.InvalidStreamingOperation", "Cannot set content-type, too late.");
    contentType = type;
  };
  const write = stream.write.bind(stream);
  // As at AWS, metadata go before what is written first, and are lost where
  // nothing is: `end` with a chunk writes none.
  stream.write = (chunk, ...more) => {
    const bytes = typeof chunk === "string" || Buffer.isBuffer(chunk) || chunk?.constructor === Uint8Array;
    if (!begun) stream[PRELUDE]?.forEach((part) => write(part));
    begun = true;
    return write(bytes ? chunk : JSON.stringify(chunk), ...more);
  };
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
    // One that is never ended runs into the function's timeout, as at AWS.
    const alive = setInterval(() => {}, 2 ** 30);
    await drained;
    clearInterval(alive);
    start().request.end();
    await sending.answered;
  };
  stream.fail = async (error) => {
    // What has been ended is answered: such an error is for the log alone.
    if (stream.writableEnded) {
      logError("Invoke Error", error);
      return stream.done();
    }
    if (!sending) return postError(`/invocation/${id}/error`, error);
    const told = described(error);
    logError("Invoke Error", error);
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
    // What is answered once nothing is left to do: null, unless a callback
    // says otherwise.
    let last = null;
    const idle = () => resolve(last);
    // Only what is said first counts.
    let said = false;
    const first = (answer) => (...words) => {
      if (said) return;
      said = true;
      answer(...words);
    };
    const settle = (answer, value) => {
      process.removeListener("beforeExit", idle);
      answer(value);
    };
    const done = (error, result) => error == null ? settle(resolve, result) : settle(reject, error);
    const callback = (error, result) => {
      if (error != null || !context.callbackWaitsForEmptyEventLoop) done(error, result);
      else last = result;
    };
    context.done = first(done);
    context.succeed = first((result) => settle(resolve, result));
    context.fail = first((error) => settle(reject, error ?? "handled"));
    process.once("beforeExit", idle);
    const returned = handler(event, context, first(callback));
    if (typeof returned?.then === "function") {
      returned.then(context.succeed, context.fail);
    }
  });
}

function serialized(result) {
  let json;
  try {
    json = JSON.stringify(result === undefined ? null : result);
  } catch {
    throw new Error("Unable to stringify response body");
  }
  // Such as a function: AWS's client posts nothing of use for it either.
  return json ?? "null";
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
      const returned = handler(JSON.parse(body), stream, context);
      if (typeof returned?.then !== "function") throw "Streaming does not support non-async handlers.";
      if ((await returned) !== undefined) console.warn("Streaming handlers ignore return values.");
    } catch (error) {
      await stream.fail(error);
      return;
    }
    await stream.done();
    return;
  }
  let answered;
  try {
    answered = serialized(await run(handler, JSON.parse(body), context));
  } catch (error) {
    await postError(`/invocation/${id}/error`, error);
    return;
  }
  await call("POST", `/invocation/${id}/response`, answered, { "Content-Type": "application/json" });
}

async function fatal(what, error, code) {
  const path = requestId ? `/invocation/${requestId}/error` : "/init/error";
  await postError(path, error, what).catch(() => {});
  process.exit(code);
}
process.on("uncaughtException", (error) => fatal("Uncaught Exception", error, 129));
process.on("unhandledRejection", (reason) => {
  const error = failure("Runtime.UnhandledPromiseRejection", text(reason));
  return fatal("Unhandled Promise Rejection", error, 128);
});

let handler;
try {
  handler = await findHandler(process.argv[2]);
} catch (error) {
  await postError("/init/error", error, "Uncaught Exception");
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
