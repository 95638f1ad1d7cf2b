// Asks the Lambda Runtime API for events and hands them to the peer, over one connection. It stands in for aws-lambda-ric, which has to
// be compiled with a C++ toolchain and libcurl; it does less, so that it costs the peer no more.
import { Agent, request } from "node:http";
import { handler } from "./peer.ts";

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`;

type Answer = { headers: Record<string, string>; text: string };

const call = (method: string, path: string, body?: string) =>
  new Promise<Answer>((resolve, reject) => {
    const sent = request(base + path, { method, agent }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve({ headers: answer.headers as Record<string, string>, text }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });

const serve = async () => {
  for (;;) {
    const { headers, text } = await call("GET", "next");
    const id = headers["lambda-runtime-aws-request-id"];
    const deadline = Number(headers["lambda-runtime-deadline-ms"]);
    const context = { awsRequestId: id, functionName: process.env.AWS_LAMBDA_FUNCTION_NAME, getRemainingTimeInMillis: () => deadline - Date.now() };
    try {
      await call("POST", `${id}/response`, JSON.stringify(await handler(JSON.parse(text), context)));
    } catch (error: any) {
      await call("POST", `${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: error.message }));
    }
  }
};

serve().catch((error) => {
  console.error(error);
  process.exit(1);
});
