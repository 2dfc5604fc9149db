import json
import boto3

dynamodb = boto3.resource('dynamodb')
table = dynamodb.Table('Orders')

def lambda_handler(event, context):
    for record in event['Records']:
        try:
            print("Raw SQS record body:", record['body'])

            message = json.loads(record['body'])
            if isinstance(message, str):
                message = json.loads(message)

            print("Parsed message:", message)

            # Save to DynamoDB
            table.put_item(Item=message)
            print("Order saved:", message['orderId'])

        except Exception as e:
            print("Error processing message:", e)
            raise e
