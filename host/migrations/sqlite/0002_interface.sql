-- Subscriptions; operations that belong to a subscription or to nothing; captures; what plugins ask to be done next.
-- SQLite cannot loosen a constraint: tables are made anew and filled. Foreign keys are off while this runs, and checked
-- before it is committed.

-- What a merchant knows by its token (model::Subscription).
CREATE TABLE subscriptions (
    key INTEGER PRIMARY KEY,
    external TEXT NOT NULL,
    -- 1: made elsewhere, and learnt of (rule 5).
    adopted INTEGER NOT NULL,
    reference TEXT NOT NULL,
    -- Every token that the provider ever gave it, the one to show first. `subscription_names` finds it by them.
    tokens TEXT NOT NULL,
    told TEXT,
    shop_transaction_id TEXT,
    payment_method TEXT,
    amount INTEGER,
    currency TEXT,
    interval TEXT,
    interval_count INTEGER,
    expires_after INTEGER,
    state TEXT NOT NULL,
    metadata TEXT,
    carry TEXT,
    carry_format INTEGER,
    sequence INTEGER NOT NULL,
    observed_at INTEGER,
    ask_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- An adopted subscription that turned out to be one of ours lives on in it.
    merged_into INTEGER REFERENCES subscriptions (key)
) STRICT;

CREATE UNIQUE INDEX subscriptions_reference ON subscriptions (reference);
CREATE INDEX subscriptions_ask ON subscriptions (ask_at) WHERE ask_at IS NOT NULL;

-- By which names a subscription is found, for ever: the provider's tokens, and what merchants were told.
CREATE TABLE subscription_names (
    external TEXT NOT NULL,
    name TEXT NOT NULL,
    subscription INTEGER NOT NULL REFERENCES subscriptions (key),
    PRIMARY KEY (external, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE new_payments (
    key INTEGER PRIMARY KEY,
    external TEXT NOT NULL,
    -- model::Origin
    origin TEXT NOT NULL,
    subscription INTEGER REFERENCES subscriptions (key),
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

INSERT INTO new_payments
SELECT key, external, kind, NULL, reference, shop_transaction_id, business_key, business_key_held, payment_method,
       amount, currency, authorized, captured, refunded, state, ids, told, description, metadata, decline_code, carry,
       carry_format, review, sequence, observed_at, expires_at, ask_at, checked_at, created_at, updated_at, merged_into
FROM payments;
DROP TABLE payments;
ALTER TABLE new_payments RENAME TO payments;

CREATE UNIQUE INDEX payments_business_key ON payments (external, origin, business_key) WHERE business_key_held = 1;
CREATE INDEX payments_shop_transaction ON payments (external, shop_transaction_id)
    WHERE shop_transaction_id IS NOT NULL;
CREATE INDEX payments_ask ON payments (ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX payments_subscription ON payments (subscription) WHERE subscription IS NOT NULL;

-- Calls that may move money (model::Operation); the row of a refund, a capture or a void is that itself
-- (model::Refund, model::Capture).
CREATE TABLE new_operations (
    key INTEGER PRIMARY KEY,
    payment INTEGER REFERENCES payments (key),
    subscription INTEGER REFERENCES subscriptions (key),
    external TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL UNIQUE,
    -- NULL for a refund that was made elsewhere and is adopted: nobody called us for it.
    caller TEXT,
    -- Rule 17; NULL where none was given, and once it is free again (rule 19).
    idempotency_key TEXT,
    fingerprint TEXT NOT NULL,
    seed BLOB NOT NULL,
    version TEXT NOT NULL,
    amount INTEGER,
    currency TEXT,
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
    -- Of a refund, a capture or a void only.
    action_state TEXT,
    ids TEXT,
    told TEXT,
    description TEXT,
    carry TEXT,
    carry_format INTEGER,
    -- Of a capture: no further one follows.
    last INTEGER
) STRICT;

INSERT INTO new_operations
SELECT key, payment, NULL, external, kind, reference, caller, idempotency_key, fingerprint, seed, version, amount,
       currency, attempt, phase, outcome, fence, lease_until, writes, created_at, sent_at, finished_at, answer_status,
       answer_headers, answer_body, refund_state, ids, told, description, carry, carry_format, NULL
FROM operations;
DROP TABLE operations;
ALTER TABLE new_operations RENAME TO operations;

CREATE UNIQUE INDEX operations_idempotency_key ON operations (idempotency_key, caller, external, kind)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX operations_actions ON operations (payment) WHERE kind IN ('refund', 'capture', 'void');
CREATE INDEX operations_subscription ON operations (subscription, kind) WHERE subscription IS NOT NULL;
CREATE INDEX operations_open ON operations (lease_until) WHERE phase <> 'finished';

-- What merchants are to be told (rules 29 to 33), of a payment or of a subscription.
CREATE TABLE new_callbacks (
    key INTEGER PRIMARY KEY,
    payment INTEGER REFERENCES payments (key),
    subscription INTEGER REFERENCES subscriptions (key),
    external TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    body BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts INTEGER NOT NULL,
    -- Only the oldest waiting callback of a payment or subscription has one, so that what is due is found without
    -- looking at the backlog (rule 32). While it is being delivered: when its lease lapses.
    due_at INTEGER,
    -- Set while it is being delivered.
    fence INTEGER,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    CHECK ((payment IS NULL) <> (subscription IS NULL))
) STRICT;

INSERT INTO new_callbacks
SELECT key, payment, NULL, external, id, type, sequence, body, state, attempts, due_at, fence, created_at, finished_at
FROM callbacks;
DROP TABLE callbacks;
ALTER TABLE new_callbacks RENAME TO callbacks;

CREATE INDEX callbacks_due ON callbacks (external, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX callbacks_waiting ON callbacks (payment, subscription) WHERE state = 'waiting';
CREATE INDEX callbacks_dead ON callbacks (payment, subscription) WHERE state = 'dead';

-- What plugins ask to be done next about a payment: once for each payment and content (rule 14).
CREATE TABLE follow_ups (
    key INTEGER PRIMARY KEY,
    payment INTEGER NOT NULL REFERENCES payments (key),
    -- NULL: capture all of it. Else: resume with this JSON.
    resume TEXT,
    -- sha256 over both, in hex.
    digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'given_up')),
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    -- The operation that carries it out.
    operation INTEGER REFERENCES operations (key),
    created_at INTEGER NOT NULL,
    UNIQUE (payment, digest)
) STRICT;

CREATE INDEX follow_ups_due ON follow_ups (due_at) WHERE state = 'waiting';
CREATE INDEX follow_ups_operation ON follow_ups (operation) WHERE operation IS NOT NULL;
