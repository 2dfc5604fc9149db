// An order's way with the AWS SDK for JavaScript v3. Prints one JSON object; whatever fails ends it with a status of 1.
import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { ConditionalCheckFailedException, CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { CreateFunctionCommand, InvokeCommand, InvokeWithResponseStreamCommand, LambdaClient, waitUntilFunctionActiveV2 } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { Upload } from "@aws-sdk/lib-storage";
import { readFileSync } from "node:fs";

const [role, zip] = process.argv.slice(2);
const settings = { endpoint: process.env.AWS_ENDPOINT_URL, forcePathStyle: true };
const found = {};

// SNS to SQS
const sns = new SNSClient(settings);
const sqs = new SQSClient(settings);
const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "OrderTopic" }));
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "OrderQueue" }));
const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
const allow = { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: Attributes.QueueArn };
const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [allow] });
await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
const raw = { RawMessageDelivery: "true" };
await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: Attributes.QueueArn, Attributes: raw }));
const status = { DataType: "String", StringValue: "new" };
await sns.send(new PublishCommand({ TopicArn, Message: '{"orderId":"1"}', MessageAttributes: { status } }));
const received = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20, MessageAttributeNames: ["All"] }));
const [message] = received.Messages;
found.message = message.Body;
found.status = message.MessageAttributes.status.StringValue;
await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));

// DynamoDB, with plain JavaScript values
const plain = new DynamoDBClient(settings);
const table = DynamoDBDocumentClient.from(plain);
const AttributeDefinitions = [{ AttributeName: "orderId", AttributeType: "S" }];
const KeySchema = [{ AttributeName: "orderId", KeyType: "HASH" }];
await plain.send(new CreateTableCommand({ TableName: "Orders", BillingMode: "PAY_PER_REQUEST", AttributeDefinitions, KeySchema }));
await waitUntilTableExists({ client: plain, maxWaitTime: 60 }, { TableName: "Orders" });
const put = { TableName: "Orders", Item: { orderId: "1", total: 19.5, items: [{ sku: "a" }] }, ConditionExpression: "attribute_not_exists(orderId)" };
await table.send(new PutCommand(put));
try {
  await table.send(new PutCommand({ ...put, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }));
} catch (error) {
  if (!(error instanceof ConditionalCheckFailedException)) throw error;
  found.stored = error.Item.orderId.S;
}
const query = { TableName: "Orders", KeyConditionExpression: "orderId = :id", ExpressionAttributeValues: { ":id": "1" } };
found.items = (await table.send(new QueryCommand(query))).Items;

// S3: an upload in parts
const s3 = new S3Client(settings);
await s3.send(new CreateBucketCommand({ Bucket: "archive" }));
const Body = Buffer.alloc(11 * 1024 * 1024, "order ");
await new Upload({ client: s3, params: { Bucket: "archive", Key: "a/ä b", Body, Tagging: "year=2026" } }).done();
const object = await s3.send(new GetObjectCommand({ Bucket: "archive", Key: "a/ä b" }));
found.sameBytes = Buffer.compare(Buffer.from(await object.Body.transformToByteArray()), Body) === 0;

// Lambda, answered whole and as a stream, and its log
const functions = new LambdaClient(settings);
const Code = { ZipFile: readFileSync(zip) };
await functions.send(new CreateFunctionCommand({ FunctionName: "Echo", Runtime: "python3.13", Handler: "echo.handler", Role: role, Code }));
await waitUntilFunctionActiveV2({ client: functions, maxWaitTime: 60 }, { FunctionName: "Echo" });
const Payload = JSON.stringify({ orderId: "1" });
const answer = await functions.send(new InvokeCommand({ FunctionName: "Echo", Payload, LogType: "Tail" }));
found.answer = JSON.parse(Buffer.from(answer.Payload).toString());
found.tail = Buffer.from(answer.LogResult, "base64").toString().includes("echo of 1");
const chunks = [];
const streamed = await functions.send(new InvokeWithResponseStreamCommand({ FunctionName: "Echo", Payload }));
for await (const event of streamed.EventStream) if (event.PayloadChunk) chunks.push(Buffer.from(event.PayloadChunk.Payload));
found.streamed = JSON.parse(Buffer.concat(chunks).toString());
const logs = new CloudWatchLogsClient(settings);
const search = new FilterLogEventsCommand({ logGroupName: "/aws/lambda/Echo", filterPattern: '"echo of"' });
// Lines arrive a moment after the answers.
for (const deadline = Date.now() + 60_000; Date.now() < deadline; await new Promise((wake) => setTimeout(wake, 20))) {
  found.lines = (await logs.send(search)).events.length;
  if (found.lines === 2) break;
}

console.log(JSON.stringify(found));
