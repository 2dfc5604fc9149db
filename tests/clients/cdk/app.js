// The order system with AWS CDK, with what its constructs add: TLS-only policies, roles, an alarm, an asset in S3.
const { App, Stack, Duration, RemovalPolicy, CfnOutput } = require("aws-cdk-lib");
const dynamodb = require("aws-cdk-lib/aws-dynamodb");
const lambda = require("aws-cdk-lib/aws-lambda");
const { SqsEventSource } = require("aws-cdk-lib/aws-lambda-event-sources");
const logs = require("aws-cdk-lib/aws-logs");
const sns = require("aws-cdk-lib/aws-sns");
const { SqsSubscription } = require("aws-cdk-lib/aws-sns-subscriptions");
const sqs = require("aws-cdk-lib/aws-sqs");
const s3 = require("aws-cdk-lib/aws-s3");
const cw = require("aws-cdk-lib/aws-cloudwatch");
const { SnsAction } = require("aws-cdk-lib/aws-cloudwatch-actions");

class Shop extends Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const topic = new sns.Topic(this, "OrderTopic", { topicName: "OrderTopic" });
    const failed = new sqs.Queue(this, "OrderDLQ", { queueName: "OrderDLQ", retentionPeriod: Duration.days(14), enforceSSL: true });
    const queue = new sqs.Queue(this, "OrderQueue", {
      queueName: "OrderQueue", visibilityTimeout: Duration.seconds(180), deadLetterQueue: { queue: failed, maxReceiveCount: 3 },
    });
    topic.addSubscription(new SqsSubscription(queue, { rawMessageDelivery: true }));
    const table = new dynamodb.Table(this, "Orders", {
      tableName: "Orders", partitionKey: { name: "orderId", type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST, removalPolicy: RemovalPolicy.DESTROY,
    });
    const processor = new lambda.Function(this, "OrderProcessor", {
      functionName: "OrderProcessor", runtime: lambda.Runtime.PYTHON_3_13, handler: "processor.lambda_handler",
      code: lambda.Code.fromAsset(process.env.PROCESSOR), timeout: Duration.seconds(30),
      logGroup: new logs.LogGroup(this, "Log", { logGroupName: "/aws/lambda/OrderProcessor", removalPolicy: RemovalPolicy.DESTROY }),
      environment: { TABLE_NAME: table.tableName },
    });
    table.grantWriteData(processor);
    processor.addEventSource(new SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true }));
    const alarms = new sns.Topic(this, "Alarms");
    failed.metricApproximateNumberOfMessagesVisible().createAlarm(this, "NotEmpty", { threshold: 1, evaluationPeriods: 1 }).addAlarmAction(new SnsAction(alarms));
    new s3.Bucket(this, "Archive", { encryption: s3.BucketEncryption.S3_MANAGED, enforceSSL: true, versioned: true, removalPolicy: RemovalPolicy.DESTROY, lifecycleRules: [{ expiration: Duration.days(30) }] });
    new CfnOutput(this, "Topic", { value: topic.topicArn });
  }
}
const app = new App();
new Shop(app, "Shop", { env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION } });
