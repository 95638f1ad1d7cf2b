// A batch of messages through Powertools for AWS Lambda (TypeScript), put together as its documentation recommends.
//
// A message's own id is its idempotency key. The key of DMLY is fetched before the batch and kept for five minutes, the connections
// are kept alive, all messages are sent at once, and an in-progress record expires with the invocation (registerLambdaContext).
import { Agent, request } from "node:http";
import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { getSecret } from "@aws-lambda-powertools/parameters/secrets";

type Message = { id: string; workspace: object; recipient: object; textMessage: string };

const processor = new BatchProcessor(EventType.SQS);
const config = new IdempotencyConfig({ eventKeyJmesPath: "id", throwOnNoIdempotencyKey: true });
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env.TABLE!, keyAttr: "pk", sortKeyAttr: "sk" });
const agent = new Agent({ keepAlive: true });
const url = process.env.DMLY_BASE_URL + "/v1/messages/whatsapp/sendtext";
const timeout = Number(process.env.POST_SECONDS) * 1000;

const post = (body: string, key: string) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const headers = { "x-api-key": key, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const posted = request(url, { method: "POST", agent, headers, timeout }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode!, text }));
      answer.on("error", reject);
    });
    posted.on("timeout", () => posted.destroy(new Error("DMLY did not answer in time")));
    posted.on("error", reject);
    posted.end(body);
  });

const send = makeIdempotent(
  async ({ workspace, recipient, textMessage }: Message, key: string) => {
    const { status, text } = await post(JSON.stringify({ workspace, recipient, textMessage }), key);
    const sent = status === 200 ? JSON.parse(text) : {};
    if (status !== 200 || sent.error) throw new Error(`DMLY answered ${status}`);
    return { id: sent.id, status: sent.status };
  },
  { persistenceStore, config, dataIndexArgument: 0 },
);

export const handler = async (event: any, context: any) => {
  config.registerLambdaContext(context);
  const key = (await getSecret(process.env.DMLY_KEY_SECRET!, { maxAge: 300 })) as string;
  return processPartialResponse(event, (record: any) => send(JSON.parse(record.body), key), processor, { context });
};
