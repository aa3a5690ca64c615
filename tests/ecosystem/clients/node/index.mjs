// What functions do, and what they do wrong, for the story of Node's clients.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const context = async (event, context) => {
  console.log("hello", { from: "node" });
  console.error("two\nlines");
  const { getRemainingTimeInMillis, ...told } = context;
  return { event, told, left: context.getRemainingTimeInMillis(), pid: process.pid,
    trace: process.env._X_AMZN_TRACE_ID };
};

export const does = async (event) => {
  switch (event.do) {
    case "fail": throw Object.assign(new TypeError("no dög\nat all"), { code: 7 });
    case "text": throw "text";
    case "later": setTimeout(() => { throw new RangeError("later"); }, 1); return pause(60_000);
    case "unheard": Promise.reject(new Error("unheard")); return pause(60_000);
    case "exit": process.exit(3);
    case "circle": return Object.assign(event, { circle: event });
    case "nothing": return undefined;
    case "bytes": return "x".repeat(event.n - 2);
    case "wait": await pause(event.ms); return process.pid;
    default: return event;
  }
};

export const older = (event, context, callback) => {
  if (event.wait === undefined) return context.done(event.fail && new Error(event.fail), "done");
  context.callbackWaitsForEmptyEventLoop = event.wait;
  setTimeout(() => { event.waited = true; }, 20);
  callback(null, event);
  callback(new Error("too late"));
};

export const silent = () => {};

export const plain = awslambda.streamifyResponse((event, stream) => {
  if (event.end) stream.end("plain");
});

export const open = awslambda.streamifyResponse(async (event, stream) => { stream.write("open"); });

export const streams = awslambda.streamifyResponse(async (event, stream, context) => {
  if (event.do === "early") throw new Error("early");
  if (event.do === "none") return stream.end();
  if (event.do === "late") {
    setTimeout(() => { stream.write({ by: "object" }); stream.end(", late"); }, 20);
    return;
  }
  stream = awslambda.HttpResponseStream.from(
    stream, { statusCode: 201, headers: { "x-by": "node" }, cookies: ["a=b"] });
  if (event.do === "bare") return stream.end("no metadata");
  if (event.do === "mebibytes") {
    const block = Buffer.alloc(1 << 20, "x");
    for (let sent = 0; sent < event.n; sent++) {
      if (!stream.write(block)) await new Promise((resolve) => stream.once("drain", resolve));
    }
    return stream.end();
  }
  for (const chunk of ["one,", Buffer.from("two,"), "three"]) stream.write(chunk);
  if (event.do === "fail") throw new Error("midway");
  if (event.do === "type") stream.setContentType("text/plain");
  // What was written is on its way before the process ends.
  if (event.do === "exit") { await pause(200); process.exit(3); }
  stream.end();
});
