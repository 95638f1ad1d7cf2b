"""A batch of messages through Powertools for AWS Lambda (Python), put together as its documentation recommends.

A message's own id is its idempotency key. The key of DMLY is fetched before the batch and kept for five minutes, the
connections are kept alive, and an in-progress record expires with the invocation (register_lambda_context).
"""

import asyncio
import functools
import json
import os
from concurrent.futures import ThreadPoolExecutor

import urllib3
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    BatchProcessor,
    EventType,
    async_process_partial_response,
    process_partial_response,
)
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function

BATCH = 10

one_by_one = BatchProcessor(event_type=EventType.SQS)
at_once = AsyncBatchProcessor(event_type=EventType.SQS)
store = DynamoDBPersistenceLayer(table_name=os.environ["TABLE"], key_attr="pk", sort_key_attr="sk")
config = IdempotencyConfig(event_key_jmespath="id", raise_on_no_idempotency_key=True)
connections = urllib3.PoolManager(maxsize=BATCH, timeout=float(os.environ["POST_SECONDS"]), retries=False)
threads = ThreadPoolExecutor(BATCH)
url = os.environ["DMLY_BASE_URL"] + "/v1/messages/whatsapp/sendtext"


@idempotent_function(data_keyword_argument="message", config=config, persistence_store=store)
def send(message, key):
    body = {name: message[name] for name in ("workspace", "recipient", "textMessage")}
    headers = {"x-api-key": key, "content-type": "application/json"}
    answer = connections.request("POST", url, body=json.dumps(body), headers=headers)
    sent = answer.json() if answer.status == 200 else {}
    if answer.status != 200 or sent.get("error"):
        raise RuntimeError(f"DMLY answered {answer.status}")
    return {"id": sent["id"], "status": sent["status"]}


def key():
    return parameters.get_secret(os.environ["DMLY_KEY_SECRET"], max_age=300)


def batch(event, context):
    """Sends one message after the other."""
    config.register_lambda_context(context)
    send_record = functools.partial(handle, key=key())
    return process_partial_response(event=event, record_handler=send_record, processor=one_by_one, context=context)


def handle(record, key):
    return send(message=json.loads(record.body), key=key)


def batch_in_threads(event, context):
    """Sends all messages at once, each in a thread: idempotent_function does not wait for a coroutine."""
    config.register_lambda_context(context)
    send_record = functools.partial(handle_in_thread, key=key())
    return async_process_partial_response(event=event, record_handler=send_record, processor=at_once, context=context)


async def handle_in_thread(record, key):
    return await asyncio.get_running_loop().run_in_executor(threads, functools.partial(handle, record, key))
