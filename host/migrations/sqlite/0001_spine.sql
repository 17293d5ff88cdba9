-- Payments, operations, their names, callbacks, webhook events and the plugins' own state.
-- Moments are milliseconds since 1970-01-01 UTC, amounts minor units, lists JSON text.

-- What a merchant knows and a refund refers to (model::Payment).
CREATE TABLE payments (
    key INTEGER PRIMARY KEY,
    external TEXT NOT NULL,
    -- 'pay': made by an operation of ours; 'adopted': made elsewhere, and learnt of (rule 5).
    kind TEXT NOT NULL CHECK (kind IN ('pay', 'adopted')),
    reference TEXT NOT NULL,
    shop_transaction_id TEXT,
    -- Rule 15. The key stays with the payment; whether the payment holds it is told apart, because a late success
    -- takes it back where nobody else has it. NULL where the configuration gives business keys up.
    business_key TEXT,
    business_key_held INTEGER NOT NULL DEFAULT 0,
    payment_method TEXT,
    amount INTEGER,
    currency TEXT,
    authorized INTEGER,
    captured INTEGER,
    refunded INTEGER NOT NULL,
    state TEXT NOT NULL,
    -- Every provider id ever learnt, the one to show first. `names` finds a payment by them.
    ids TEXT NOT NULL,
    told TEXT,
    description TEXT,
    metadata TEXT,
    decline_code TEXT,
    carry TEXT,
    carry_format INTEGER,
    review TEXT,
    sequence INTEGER NOT NULL,
    observed_at INTEGER,
    expires_at INTEGER,
    ask_at INTEGER,
    checked_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- An adopted payment that turned out to be one of ours lives on in it (rule 5).
    merged_into INTEGER REFERENCES payments (key)
) STRICT;

CREATE UNIQUE INDEX payments_business_key ON payments (external, kind, business_key) WHERE business_key_held = 1;
CREATE INDEX payments_shop_transaction ON payments (external, shop_transaction_id)
    WHERE shop_transaction_id IS NOT NULL;
CREATE INDEX payments_ask ON payments (ask_at) WHERE ask_at IS NOT NULL;

-- Calls that may move money (model::Operation); the row of a refund is the refund itself (model::Refund).
CREATE TABLE operations (
    key INTEGER PRIMARY KEY,
    payment INTEGER NOT NULL REFERENCES payments (key),
    external TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    -- NULL for a refund that was made elsewhere and is adopted: nobody called us for it.
    caller TEXT,
    -- Rule 17; NULL where none was given, and once the operation ended as not executed.
    idempotency_key TEXT,
    fingerprint TEXT NOT NULL,
    seed BLOB NOT NULL,
    version TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    phase TEXT NOT NULL,
    outcome TEXT,
    fence INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    -- What left, in order: method, URL and digest of each write (rule 8).
    writes TEXT,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    finished_at INTEGER,
    answer_status INTEGER,
    answer_headers TEXT,
    answer_body BLOB,
    -- Of a refund only.
    refund_state TEXT,
    ids TEXT,
    told TEXT,
    description TEXT,
    carry TEXT,
    carry_format INTEGER
) STRICT;

CREATE UNIQUE INDEX operations_idempotency_key ON operations (idempotency_key, caller, external, kind)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX operations_refunds ON operations (payment) WHERE kind = 'refund';
CREATE INDEX operations_open ON operations (lease_until) WHERE phase <> 'finished';

-- By which names a payment is found, for ever (rule 5): provider ids of payments and refunds, and what merchants
-- were told. The host's own references are found in `operations`.
CREATE TABLE names (
    external TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('payment', 'refund')),
    name TEXT NOT NULL,
    payment INTEGER NOT NULL REFERENCES payments (key),
    PRIMARY KEY (external, kind, name)
) STRICT, WITHOUT ROWID;

-- What merchants are to be told (rules 29 to 33).
CREATE TABLE callbacks (
    key INTEGER PRIMARY KEY,
    payment INTEGER NOT NULL REFERENCES payments (key),
    external TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    body BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts INTEGER NOT NULL,
    -- Only the oldest waiting callback of a payment has one, so that what is due is found without looking at the
    -- backlog (rule 32). While it is being delivered: when its lease lapses.
    due_at INTEGER,
    -- Set while it is being delivered.
    fence INTEGER,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

CREATE INDEX callbacks_due ON callbacks (external, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX callbacks_waiting ON callbacks (payment) WHERE state = 'waiting';
CREATE INDEX callbacks_dead ON callbacks (payment) WHERE state = 'dead';

-- Every attempt to deliver one (rule 33).
CREATE TABLE callback_attempts (
    key INTEGER PRIMARY KEY,
    callback INTEGER NOT NULL REFERENCES callbacks (key),
    at INTEGER NOT NULL,
    status INTEGER,
    error TEXT,
    duration_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX callback_attempts_callback ON callback_attempts (callback);

-- Events that webhooks brought: remembered by id once applied (rule 26), parked with their news until then (rule 27).
CREATE TABLE webhook_events (
    key INTEGER PRIMARY KEY,
    external TEXT NOT NULL,
    event_id TEXT,
    verified INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    -- The news of a parked event, as JSON; NULL once it is applied.
    news TEXT,
    parked_until INTEGER,
    -- How long it is remembered once applied.
    lives_ms INTEGER,
    forget_at INTEGER
) STRICT;

CREATE UNIQUE INDEX webhook_events_id ON webhook_events (external, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX webhook_events_parked ON webhook_events (external, verified) WHERE news IS NOT NULL;

-- The names that parked news goes by, so that it is found when a payment learns one of them.
CREATE TABLE parked_names (
    external TEXT NOT NULL,
    name TEXT NOT NULL,
    event INTEGER NOT NULL REFERENCES webhook_events (key),
    PRIMARY KEY (external, name, event)
) STRICT, WITHOUT ROWID;

CREATE INDEX parked_names_event ON parked_names (event);

-- What plugins keep for themselves, by external (capability `state`).
CREATE TABLE state (
    external TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    expires_at INTEGER,
    UNIQUE (external, key)
) STRICT;

CREATE INDEX state_expiry ON state (external, expires_at) WHERE expires_at IS NOT NULL;

-- How many keys an external has in `state`, so that the limit costs no counting.
CREATE TABLE state_sizes (
    external TEXT PRIMARY KEY,
    keys INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The host's own key, made at first start: one row.
CREATE TABLE host_key (
    key BLOB NOT NULL
) STRICT;
