// Runs before Lambda's runtime client in a worker of a nodejs function: the Node.js must be the one that the
// function asks for, and the handler is what a wrapper may have made of it.
import { request } from "node:http";
const wanted = /nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)[1];
if (process.versions.node.split(".")[0] !== wanted) {
  const type = "Runtime.InvalidRuntime";
  const text = `nodejs${wanted}.x needs Node.js ${wanted}, but ${process.execPath} is ${process.version}: put one of ${wanted} first on the PATH of lambdapool`;
  const body = JSON.stringify({ errorType: type, errorMessage: text, stackTrace: [] });
  const headers = { "Lambda-Runtime-Function-Error-Type": type, "Content-Length": Buffer.byteLength(body) };
  const url = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/init/error`;
  await new Promise((done) => request(url, { method: "POST", headers }, (answer) => answer.resume().on("end", done)).on("error", done).end(body));
  process.exit(1);
}
process.argv[2] = process.env._HANDLER;
