"""What the document cannot say about a request, so that whatever it allows is drawn in a way that the API has to take.

A request that is drawn to be taken is mended where JSON Schema has no words for a rule, and where the answer depends on what went before: it gets an id of its own,
times near now, a cursor that there is, a message that can be settled. A request that is drawn to be refused stays as it is. No check is switched off; the answers
that are right although a check cannot know it are told apart one by one, in `filter_failure`.
"""

import datetime
import itertools
import json
import re

import jsonschema_rs
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import UseAfterFree

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia"]
count = itertools.count(1)

# What the API has told: each state's cursor of a next page, the ids of messages, the generation of each that needs a person, those that are sent later, and the
# ids of campaigns.
cursors = {}
known = set()
needy = {}
later = []
campaigns = []
# The judge of messages, once there is one.
judges = []

schemathesis.openapi.format("iana-timezone", st.sampled_from(ZONES))


def own_id(drawn):
    """An id like the one drawn that no other message has, short enough for the .N that is added to it for an array."""
    suffix = f"-{next(count)}"
    return drawn[: 255 - len(".99") - len(suffix)] + suffix


def near(drawn):
    """The time drawn, on the day on which it is ahead, and less than 24 hours."""
    now = datetime.datetime.now(datetime.UTC)
    for days in (2, 1, 0, -1):  # in another zone it may be another day
        text = (now + datetime.timedelta(days=days)).strftime("%Y-%m-%d") + drawn[10:]
        if datetime.datetime.fromisoformat(re.sub(r"\.[0-9]+", "", text)) < now + datetime.timedelta(hours=23, minutes=59):
            break
    return text


def mend_content(content, channel):
    """A message, one of its fallbacks, or the body of one of DMLY's operations."""
    text = content.get("textMessage")
    if channel == "instagram" and isinstance(text, str):  # bytes, which a schema cannot count
        content["textMessage"] = text.encode()[:1000].decode(errors="ignore")
        if text.strip() and not content["textMessage"].strip():
            content["textMessage"] = "x"
    kind = content.get("mimeType")
    if isinstance(kind, str):
        names = [name.lower() for name in re.findall(r";\s*([^\s=;\"]+)\s*=", kind)]
        if len(set(names)) < len(names):  # a parameter twice
            content["mimeType"] = kind.split(";")[0]
    for element in content.get("elements") or []:
        if not element.get("buttons"):
            for name in [name for name in element if name != "title" and slip(name)]:
                del element[name]


def slip(name):
    """Whether a name is taken for "buttons" with a slip of one or two letters, where there are none."""
    return name != "buttons" and distance(name.lower().replace("_", "").replace("-", ""), "buttons") <= 2


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, above = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y)))
    return row[-1]


def mend_message(message):
    """A message in this project's own form."""
    if "id" in message:
        message["id"] = own_id(message["id"])
    if "sendAt" in message:
        message["sendAt"] = near(message["sendAt"])
    if "expiresAt" in message:  # later than any sendAt
        message["expiresAt"] = "2099-01-01" + message["expiresAt"][10:]
    if window := message.get("deliverWithin"):
        if window["timezone"] not in ZONES:
            window["timezone"] = ZONES[1]
        if window["from"] == window["to"]:
            window["to"] = "12:34" if window["from"] != "12:34" else "12:35"
    mend_content(message, message["channel"])
    for fallback in message.get("fallback", []):
        mend_content(fallback, fallback["channel"])


def mend_campaign(campaign):
    """A campaign, whose rows and message a schema cannot hold against each other."""
    campaign["id"] = f"{campaign['id'][:40]}-{next(count)}"
    campaign["audience"] = {"rows": [{"phone": f"+4915{next(count):09d}", "name": "Ada"}, {"phone": "none", "name": "Bob"}]}
    campaign["message"] = {
        "channel": "whatsapp", "type": "text", "workspace": {"id": "W1"},
        "recipient": {"phoneNumber": "{{phone}}"}, "textMessage": "Hello {{name}}",
    }
    if next(count) % 4:  # it is under way for as long as somebody may steer it
        campaign["message"]["sendAt"] = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)).isoformat()


@schemathesis.hook
def before_call(context, case, kwargs):
    if not to_be_taken(case):
        return
    operation = case.operation.label
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str):
        key = case.headers["Idempotency-Key"] = f'"{own_id(key[1:-1])}"' if key.startswith('"') else own_id(key)
    if operation == "POST /v1/messages":
        for message in case.body if isinstance(case.body, list) else [case.body]:
            mend_message(message)
            if key:  # it is the id of one message, and part of those of several
                message.pop("id", None)
    elif operation == "POST /v1/messages/{id}/settle":
        if needy and case.path_parameters["id"] not in known:
            case.path_parameters["id"] = next(iter(needy))
        case.body["generation"] = needy.get(case.path_parameters["id"], case.body["generation"])
    elif operation == "POST /v1/campaigns":
        mend_campaign(case.body)
    elif "/v1/campaigns/{id}" in operation:
        mine = campaigns[::2] if operation.endswith("/cancel") else campaigns[1::2]  # the others can still be paused
        if mine:
            case.path_parameters["id"] = mine[next(count) % len(mine)]
        if operation.endswith("/problems"):
            case.query.pop("cursor", None)
    elif operation in ("DELETE /v1/messages/{id}", "PATCH /v1/messages/{id}"):
        if operation.startswith("PATCH"):
            case.body["sendAt"] = near(case.body["sendAt"])
        if later and case.path_parameters["id"] not in known:
            case.path_parameters["id"] = later[next(count) % len(later)]  # again, too: that does the same
    elif operation.startswith("POST "):
        mend_content(case.body, operation.split("/")[3])
    elif operation == "GET /v1/messages" and "cursor" in case.query:
        case.query["cursor"] = cursors.get(case.query["state"])
        if not case.query["cursor"]:
            del case.query["cursor"]


@schemathesis.hook
def after_call(context, case, response):
    answer = body_of(response)
    if response.status_code not in (200, 202, 207) or not answer:
        return
    operation = case.operation.label
    if operation == "POST /v1/campaigns":
        if response.status_code == 202:
            campaigns.append(answer["id"])
    elif operation == "POST /v1/messages":
        answers, bodies = (answer, case.body) if isinstance(answer, list) else ([answer], [case.body])
        for receipt, message in zip(answers, bodies):
            if "id" in receipt:
                known.add(receipt["id"])
                if receipt["state"] == "scheduled":
                    later.append(receipt["id"])
    elif operation == "GET /v1/messages" or "/v1/messages/{id}" in operation:
        for message in answer.get("messages", [answer]):
            known.add(message["id"])
            needy.pop(message["id"], None)
            if message["needsAttention"]:
                needy[message["id"]] = message["generation"]
        if "next" in answer:
            cursors[case.query["state"]] = answer["next"]


@schemathesis.check
def each_message_is_taken(context, response, case):
    """Of an array that is drawn to be taken, each message is, if the document allows it: the tool draws an array's messages without looking at what their fields have
    to do with each other."""
    if to_be_taken(case) and response.status_code == 207:
        refused = [item for item in body_of(response) if item["status"] != 202 and allowed(case, item)]
        if refused:
            raise AssertionError(f"these were refused: {json.dumps(refused)}")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Keeps the failures that are the API's."""
    if isinstance(failure, UseAfterFree):  # DELETE cancels: the message can still be read, and says so
        return not (response.status_code == 200 and body_of(response)["state"] == "cancelled")
    if isinstance(failure, AcceptedNegativeData) and response.status_code == 207:  # of an array, each message is refused by itself
        wrong = [item["status"] for item in body_of(response) if not allowed(case, item)]
        return not wrong or not set(wrong) <= {400, 422}
    return True


def to_be_taken(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def allowed(case, item):
    """Whether the document allows the message of an array that an item of the answer is about."""
    components = case.operation.schema.raw_schema["components"]
    if not judges:
        judges.append(jsonschema_rs.Draft202012Validator({"$ref": "#/components/schemas/Message", "components": components}))
    return judges[0].is_valid(case.body[item["index"]])


def body_of(response):
    try:
        return json.loads(response.content)
    except ValueError:
        return None
