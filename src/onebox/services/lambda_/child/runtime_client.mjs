// The runtime client of Node.js functions: loads the handler and serves the Lambda Runtime API.
//
// Run in the folder of the function's code as `node runtime_client.mjs HANDLER`. Standard modules only, Node.js 16
// and later. Handlers are async functions or take a callback; they are exports of CommonJS or ES modules.
// AWS: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import process from "node:process";
import { Writable } from "node:stream";
import { format } from "node:util";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const taskRoot = process.env.LAMBDA_TASK_ROOT;
const logsJson = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const leastLevel = levels.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL || "TRACE");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const extensions = ["", ".js", ".mjs", ".cjs"];
let requestId = "";
let responseStream; // of the running invocation, if its handler streams

class RuntimeError extends Error {
  constructor(type, message) {
    super(message);
    this.name = type;
  }
}

function send(method, route, headers, body) {
  return new Promise((resolve, reject) => {
    const options = { host, port, agent, method, path: `/2018-06-01/runtime/${route}`, headers };
    const request = http.request(options, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString("utf8") }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

function post(route, value) {
  const body = Buffer.from(value, "utf8");
  const headers = {
    "Content-Type": "application/json",
    "Content-Length": body.length,
    "X-Onebox-Peak-Memory-Kib": String(Math.round(process.resourceUsage().maxRSS)),
  };
  return send("POST", route, headers, body);
}

function describeError(error) {
  if (!(error instanceof Error)) {
    return JSON.stringify({ errorType: typeof error, errorMessage: String(error), trace: [] });
  }
  const trace = String(error.stack || error).split("\n");
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, trace });
}

// The console writes as AWS's does: the time, the request and the level before each message.

function writeLog(level, values) {
  if (logsJson && levels.indexOf(level) < leastLevel) return;
  const timestamp = new Date().toISOString();
  if (logsJson) {
    const message = values.length === 1 && typeof values[0] === "object" ? values[0] : format(...values);
    const shown = message instanceof Error ? format(message) : message;
    fs.writeSync(1, `${JSON.stringify({ timestamp, level, requestId, message: shown })}\n`);
  } else {
    const text = format(...values).replace(/\n/g, "\r");
    fs.writeSync(1, `${timestamp}\t${requestId || "undefined"}\t${level}\t${text}\n`);
  }
}

const methods = { log: "INFO", info: "INFO", debug: "DEBUG", trace: "TRACE", warn: "WARN", error: "ERROR" };
for (const [method, level] of Object.entries(methods)) {
  console[method] = (...values) => writeLog(level, values);
}

// Streamed responses: the handler gets a stream whose parts are sent as they are written. The request to onebox begins
// with the first of them, so that an error before it is an ordinary one.

const streaming = Symbol.for("aws.lambda.runtime.handler.streaming");
const withPrelude = "application/vnd.awslambda.http-integration-response";

class ResponseStream extends Writable {
  #id;
  #contentType = "application/octet-stream";
  #prelude;
  #request;
  #answered;

  constructor(id) {
    super();
    this.#id = id;
  }

  get hasBegun() {
    return this.#request !== undefined;
  }

  setContentType(contentType) {
    this.#contentType = contentType;
  }

  setPrelude(prelude) {
    this.#contentType = withPrelude;
    this.#prelude = Buffer.concat([Buffer.from(JSON.stringify(prelude)), Buffer.alloc(8)]);
  }

  // Ends the request after an error of the handler, which goes into its trailers.
  async fail(described) {
    const error = JSON.parse(described);
    this.#request.addTrailers({
      "Lambda-Runtime-Function-Error-Type": error.errorType,
      "Lambda-Runtime-Function-Error-Body": Buffer.from(described).toString("base64"),
    });
    this.#request.end();
    await this.#answered;
  }

  _write(chunk, encoding, done) {
    this.#begin();
    this.#request.write(Buffer.from(chunk, encoding), done);
  }

  _final(done) {
    this.#begin();
    this.#request.end();
    this.#answered.then(() => done(), done);
  }

  #begin() {
    if (this.hasBegun) return;
    const headers = {
      "Content-Type": this.#contentType,
      "Lambda-Runtime-Function-Response-Mode": "streaming",
      "Transfer-Encoding": "chunked",
      Trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
    };
    this.#answered = new Promise((resolve, reject) => {
      const route = `/2018-06-01/runtime/invocation/${this.#id}/response`;
      this.#request = http.request({ host, port, agent, method: "POST", path: route, headers }, (answer) => {
        answer.resume();
        answer.on("end", resolve);
      });
      this.#request.on("error", reject);
    });
    if (this.#prelude !== undefined) this.#request.write(this.#prelude);
  }
}

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[streaming] = options?.highWaterMark ?? true;
    return handler;
  },
  HttpResponseStream: {
    from(stream, prelude) {
      stream.setPrelude(prelude);
      return stream;
    },
  },
};

async function serveStreamed(handler, event, context) {
  const stream = (responseStream = new ResponseStream(requestId));
  const finished = new Promise((resolve, reject) => stream.once("finish", resolve).once("error", reject));
  finished.catch(() => {});
  try {
    await handler(event, stream, context);
    await finished;
  } catch (error) {
    const described = describeError(error);
    writeLog("ERROR", [`Invoke Error \t${described}`]);
    await reportError(described);
  }
}

// A response that has begun carries its error at its end.
function reportError(described) {
  if (responseStream?.hasBegun) return responseStream.fail(described);
  return post(`invocation/${requestId}/error`, described);
}

async function loadHandler(text) {
  const folder = path.dirname(text);
  const base = path.basename(text);
  const dot = base.indexOf(".");
  if (dot < 1) throw new RuntimeError("Runtime.MalformedHandlerName", "Bad handler");
  const stem = path.resolve(taskRoot, folder, base.slice(0, dot));
  const found = extensions.map((extension) => stem + extension).find((name) => isFile(name));
  if (found === undefined) {
    throw new RuntimeError("Runtime.ImportModuleError", `Error: Cannot find module '${base.slice(0, dot)}'`);
  }
  const module = await importModule(found);
  const names = base.slice(dot + 1).split(".");
  const pick = (start) => names.reduce((value, name) => (value == null ? undefined : value[name]), start);
  const handler = pick(module) ?? pick(module.default);
  if (typeof handler !== "function") {
    throw new RuntimeError("Runtime.HandlerNotFound", `${text} is undefined or not exported`);
  }
  return handler;
}

function isFile(name) {
  return fs.statSync(name, { throwIfNoEntry: false })?.isFile() ?? false;
}

async function importModule(file) {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw Object.assign(new RuntimeError("Runtime.UserCodeSyntaxError", String(error)), { stack: error.stack });
    }
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code)) {
      throw Object.assign(new RuntimeError("Runtime.ImportModuleError", String(error)), { stack: error.stack });
    }
    throw error;
  }
}

function makeContext(headers) {
  const deadlineMs = Number(headers["lambda-runtime-deadline-ms"]);
  const clientContext = headers["lambda-runtime-client-context"];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext ? JSON.parse(clientContext) : undefined,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

// The handler's result, by its promise or its callback. A callback's counts when the event loop is empty, unless the
// handler asks not to wait for that.
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    let settled = false;
    const settle = (error, result) => {
      if (settled) return;
      settled = true;
      const end = () => (error == null ? resolve(result) : reject(error));
      if (context.callbackWaitsForEmptyEventLoop) process.once("beforeExit", end);
      else end();
    };
    context.done = settle;
    context.succeed = (result) => settle(null, result);
    context.fail = (error) => settle(error ?? "handled");
    const nothing = () => {
      if (!settled) resolve(null);
    };
    process.once("beforeExit", nothing);
    const answered = handler(event, context, settle);
    if (typeof answered?.then === "function") {
      process.removeListener("beforeExit", nothing);
      process.once("beforeExit", nothing);
      answered.then(resolve, reject);
    }
  }).finally(() => process.removeAllListeners("beforeExit"));
}

async function serveOne(handler) {
  const next = await send("GET", "invocation/next", {}, undefined);
  requestId = next.headers["lambda-runtime-aws-request-id"];
  process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
  if (handler[streaming]) {
    await serveStreamed(handler, JSON.parse(next.body), makeContext(next.headers));
    return;
  }
  try {
    const result = await run(handler, JSON.parse(next.body), makeContext(next.headers));
    await post(`invocation/${requestId}/response`, JSON.stringify(result) ?? "null");
  } catch (error) {
    const described = describeError(error);
    writeLog("ERROR", [`Invoke Error \t${described}`]);
    await reportError(described);
  }
}

// Errors that nobody caught end the process, as on AWS; onebox is told why.
async function endProcess(error) {
  const described = describeError(error);
  writeLog("ERROR", [`Uncaught Exception \t${described}`]);
  if (requestId) await reportError(described);
  process.exit(129);
}

async function main() {
  let handler;
  try {
    handler = await loadHandler(process.argv[2]);
  } catch (error) {
    writeLog("ERROR", [`Uncaught Exception \t${describeError(error)}`]);
    await post("init/error", describeError(error));
    process.exit(1);
  }
  process.on("uncaughtException", endProcess);
  process.on("unhandledRejection", (reason) => {
    endProcess(new RuntimeError("Runtime.UnhandledPromiseRejection", String(reason)));
  });
  for (;;) {
    await serveOne(handler);
    requestId = "";
    responseStream = undefined;
  }
}

// Without an answer from onebox there is nobody to work for.
main().catch(() => process.exit(1));
