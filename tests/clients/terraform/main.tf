# The order notification system of the project, written for Terraform, and a bucket with what people set on buckets.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "endpoint" { type = string }
variable "package" { type = string }


provider "aws" {
  region            = "us-east-1"
  access_key        = "test"
  secret_key        = "test"
  s3_use_path_style = true
  default_tags {
    tags = { System = "orders" }
  }
  endpoints {
    cloudwatch = var.endpoint
    dynamodb   = var.endpoint
    iam        = var.endpoint
    lambda     = var.endpoint
    logs       = var.endpoint
    s3         = var.endpoint
    sns        = var.endpoint
    sqs        = var.endpoint
    ssm        = var.endpoint
    sts        = var.endpoint
  }
}

resource "aws_dynamodb_table" "orders" {
  name         = "Orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "orderId"
  attribute {
    name = "orderId"
    type = "S"
  }
  attribute {
    name = "userId"
    type = "S"
  }
  global_secondary_index {
    name            = "byUser"
    hash_key        = "userId"
    projection_type = "ALL"
  }
  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }
  point_in_time_recovery { enabled = true }
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
}

resource "aws_sns_topic" "orders" { name = "OrderTopic" }

resource "aws_sqs_queue" "dead_letters" {
  name                      = "OrderDLQ"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "orders" {
  name                       = "OrderQueue"
  visibility_timeout_seconds = 180
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 3
  })
}

data "aws_iam_policy_document" "from_topic" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.orders.arn]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sns_topic.orders.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.url
  policy    = data.aws_iam_policy_document.from_topic.json
}

resource "aws_sns_topic_subscription" "orders" {
  topic_arn            = aws_sns_topic.orders.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.orders.arn
  raw_message_delivery = true
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "processor" {
  name               = "LambdaOrderProcessorRole"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy_attachment" "processor" {
  for_each = toset([
    "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
    "arn:aws:iam::aws:policy/AmazonSQSFullAccess",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
  ])
  role       = aws_iam_role.processor.name
  policy_arn = each.value
}

resource "aws_cloudwatch_log_group" "processor" {
  name              = "/aws/lambda/OrderProcessor"
  retention_in_days = 14
}

resource "aws_lambda_function" "processor" {
  function_name    = "OrderProcessor"
  role             = aws_iam_role.processor.arn
  runtime          = "python3.12"
  handler          = "handler.lambda_handler"
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)
  timeout          = 30
  publish          = true
  depends_on       = [aws_cloudwatch_log_group.processor, aws_iam_role_policy_attachment.processor]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.processor.function_name
  function_version = aws_lambda_function.processor.version
}

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn        = aws_sqs_queue.orders.arn
  function_name           = aws_lambda_alias.live.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "OrderDLQNotEmpty"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  alarm_actions       = [aws_sns_topic.orders.arn]
}

resource "aws_cloudwatch_dashboard" "orders" {
  dashboard_name = "Orders"
  dashboard_body = jsonencode({ widgets = [{ type = "text", width = 6, height = 2, properties = { markdown = "Orders" } }] })
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  pattern        = "ERROR"
  log_group_name = aws_cloudwatch_log_group.processor.name
  metric_transformation {
    name      = "Errors"
    namespace = "Orders"
    value     = "1"
  }
}

resource "aws_ssm_parameter" "table" {
  name  = "/orders/table"
  type  = "String"
  value = aws_dynamodb_table.orders.name
}

resource "aws_s3_bucket" "archive" {
  bucket = "orders-archive-of-the-shop"
}

resource "aws_s3_bucket_versioning" "archive" {
  bucket = aws_s3_bucket.archive.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id
  rule {
    id     = "old"
    status = "Enabled"
    filter {}
    expiration { days = 365 }
    noncurrent_version_expiration {
      noncurrent_days           = 30
      newer_noncurrent_versions = 3
    }
  }
  rule {
    id     = "markers"
    status = "Enabled"
    filter { prefix = "" }
    expiration { expired_object_delete_marker = true }
  }
}

resource "aws_sqs_queue" "archived" {
  name = "ArchivedOrders"
}

resource "aws_sqs_queue_policy" "archived" {
  queue_url = aws_sqs_queue.archived.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.archived.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_s3_bucket.archive.arn } }
    }]
  })
}

resource "aws_s3_bucket_notification" "archive" {
  bucket = aws_s3_bucket.archive.id
  queue {
    queue_arn     = aws_sqs_queue.archived.arn
    events        = ["s3:ObjectCreated:*", "s3:LifecycleExpiration:*"]
    filter_prefix = "orders/"
    filter_suffix = ".json"
  }
  depends_on = [aws_sqs_queue_policy.archived]
}

resource "aws_s3_bucket_public_access_block" "archive" {
  bucket                  = aws_s3_bucket.archive.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

resource "aws_s3_object" "readme" {
  bucket       = aws_s3_bucket.archive.id
  key          = "README.txt"
  content      = "Orders by hour."
  content_type = "text/plain"
}

output "topic" { value = aws_sns_topic.orders.arn }
