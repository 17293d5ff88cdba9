"""What schemathesis cannot know of this host: what to wish of the sandbox, which id leads where, and where its check for
accepted requests is wrong here. Read by `cargo xtask conformance`; see schemathesis.toml beside it.
"""

import json
import zlib

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

# --- What is sent -----------------------------------------------------------------------------------------------------

# What may happen to a payment without anything going wrong: see plugins/sandbox/src/lib.rs. None: what the digits say.
SCENARIOS = [
    None,
    "succeed",
    "authorize",
    "authorize",
    "authorize",
    "auto-capture",
    "redirect",
    "continue",
    "decline",
    "pending-accepted",
    "pending-failed",
    "past-due",
]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Reaches what lies behind the checks of a request. What is meant to be refused is sent as it is."""
    if isinstance(lookup := (case.query or {}).get("lookup"), str):
        # What comes from a link, the tool does not spread over the query.
        name, _, value = lookup.partition("=")
        case.query = {name: value}
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    if isinstance(case.body, dict):
        case.body = reaching_further(case.body, case.formatted_path)
    key = (case.headers or {}).get("Idempotency-Key")
    if key is not None:
        case.headers["Idempotency-Key"] = of_its_own(key, [case.method, case.formatted_path, case.query, case.body])


def reaching_further(body, path):
    """The same body, to a reader who knows no more than the document. Equal requests are changed alike: the tool makes a
    sequence again, and gives up where it goes otherwise."""
    body = without_fractions(body)
    if isinstance(body.get("subscriptionInfo"), dict):
        body["subscriptionInfo"] = without_fractions(body["subscriptionInfo"])
    if "amount" in body and isinstance(body.get("providerData", {}), dict):
        wish = SCENARIOS[digest([path, body]) % len(SCENARIOS)]
        body["providerData"] = {**body.get("providerData", {}), **({"scenario": wish} if wish else {})}
    if isinstance(body.get("shopTransactionId"), str):
        body["shopTransactionId"] = of_its_own(body["shopTransactionId"], [path, body])
    return body


def without_fractions(members):
    """5.0 is an integer to JSON Schema, and none to the host, where no amount has a fraction. It is sent as 5."""
    names = ("amount", "intervalCount", "expiresAfter")
    whole = lambda name, value: name in names and isinstance(value, float) and value.is_integer()
    return {name: int(value) if whole(name, value) else value for name, value in members.items()}


# Which request each key and each shopTransactionId was first sent with.
FIRST = {}


def of_its_own(name, request):
    """A key, and a shopTransactionId, belongs to one request. The tool has few of them, and sends each with many."""
    number = digest(request)
    return name if FIRST.setdefault(name.strip('"'), number) == number else f"own-{number}"


def digest(value):
    return zlib.crc32(json.dumps(value, sort_keys=True, default=str).encode())


# --- What follows -----------------------------------------------------------------------------------------------------

PAYMENT = "$response.body#/paymentId"
TOKEN = "$response.body#/subscriptionToken"

PAYS = ("pay", "payWithMethod")
STARTS = ("startSubscription", "startSubscriptionWithMethod")
SUBSCRIBES = ("scheduleSubscription", "scheduleSubscriptionWithMethod", *STARTS)

# After which operations which other one may be asked for, with what of the first.
LINKS = [
    (PAYS, "capture", {"requestBody": {"paymentId": PAYMENT}}),
    (PAYS, "void", {"requestBody": {"paymentId": PAYMENT}}),
    (PAYS, "status", {"parameters": {"lookup": f"paymentId={{{PAYMENT}}}"}}),
    (PAYS, "check", {"parameters": {"lookup": f"paymentId={{{PAYMENT}}}"}}),
    ((*PAYS, *SUBSCRIBES), "refund", {"requestBody": {"paymentId": PAYMENT, "currency": "$request.body#/currency"}}),
    (("payByLink",), "status", {"parameters": {"lookup": f"paymentId={{{PAYMENT}}}"}}),
    (("refund",), "status", {"parameters": {"lookup": "refundId={$response.body#/refundId}"}}),
    (STARTS, "paySubscription", {"requestBody": {"subscriptionInfo": {"token": TOKEN}}}),
    (STARTS, "paySubscriptionWithMethod", {"requestBody": {"subscriptionInfo": {"token": TOKEN}}}),
    (SUBSCRIBES, "updateSubscription", {"parameters": {"subscriptionToken": TOKEN}}),
    (SUBSCRIBES, "subscriptionStatus", {"parameters": {"subscriptionToken": TOKEN}}),
    (SUBSCRIBES, "expireSubscription", {"parameters": {"subscriptionToken": TOKEN}}),
    (SUBSCRIBES, "expireSubscriptionByPost", {"parameters": {"subscriptionToken": TOKEN}}),
]


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The tool guesses by their names which ids lead where, and does not find all."""
    operations = [operation for path in raw_schema["paths"].values() for operation in path.values()]
    answers = {operation["operationId"]: operation["responses"]["200"] for operation in operations}
    for sources, target, handed_on in LINKS:
        for source in sources:
            answers[source].setdefault("links", {})[target] = {"operationId": target, **handed_on}


# --- What is judged ---------------------------------------------------------------------------------------------------


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """positive_data_acceptance holds that whatever fits the document is accepted, 409 aside. What is refused here with
    422 for the state of the host fits: no document knows what was paid. Every other check sees these answers too."""
    return not (isinstance(failure, RejectedPositiveData) and is_of_the_state(response.json()))


def is_of_the_state(problem):
    if problem["code"] == "invalid":
        return all(is_other_currency(fault) for fault in problem["errors"])
    return problem["code"] in ("refund_too_large", "capture_too_large")


def is_other_currency(fault):
    """What follows a payment or changes a subscription is in the currency in which that was begun."""
    begun_in = ("the payment was made in ", "the subscription is in ")
    return fault["pointer"] == "/currency" and fault["reason"].startswith(begun_in)
