-- What operators look at and decide: dead letters that are replayed, payments that are settled by hand, and a record of
-- who did it. What expires, found without looking at what stays.

-- 1: a person had it sent again. Such callbacks are a line of their own beside that of their payment or subscription.
ALTER TABLE callbacks ADD COLUMN replayed INTEGER NOT NULL DEFAULT 0;
-- Attempts that were made before it was replayed last: the schedule counts from there.
ALTER TABLE callbacks ADD COLUMN schedule_from INTEGER NOT NULL DEFAULT 0;
-- 1: the walk of what expires has come by and left it, because it was not delivered long enough ago.
ALTER TABLE callbacks ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;

DROP INDEX callbacks_waiting;
CREATE INDEX callbacks_waiting_of_payment ON callbacks (payment, replayed)
    WHERE state = 'waiting' AND payment IS NOT NULL;
CREATE INDEX callbacks_waiting_of_subscription ON callbacks (subscription, replayed)
    WHERE state = 'waiting' AND subscription IS NOT NULL;
DROP INDEX callbacks_dead;
CREATE INDEX callbacks_dead ON callbacks (key) WHERE state = 'dead';
CREATE INDEX callbacks_dead_of_external ON callbacks (external, key) WHERE state = 'dead';
CREATE INDEX callbacks_passed ON callbacks (finished_at) WHERE passed = 1 AND state = 'delivered';
CREATE UNIQUE INDEX callbacks_id ON callbacks (id);
CREATE INDEX callbacks_of_payment ON callbacks (payment) WHERE payment IS NOT NULL;

-- What a person looks for first. Ordinary payments are in neither.
CREATE INDEX payments_review ON payments (key) WHERE review IS NOT NULL;
CREATE INDEX payments_open ON payments (state, key)
    WHERE state IN ('unknown', 'pending', 'action_required', 'authorized');

-- What people did, in the transaction that did it. Kept for ever.
CREATE TABLE audit (
    key INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- Who, as they said.
    who TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('settle', 'replay')),
    external TEXT NOT NULL,
    payment INTEGER REFERENCES payments (key),
    subscription INTEGER REFERENCES subscriptions (key),
    -- The name of the payment, refund, capture or callback that it was done to.
    subject TEXT NOT NULL,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX audit_payment ON audit (payment) WHERE payment IS NOT NULL;
CREATE INDEX audit_subscription ON audit (subscription) WHERE subscription IS NOT NULL;
CREATE INDEX audit_replays ON audit (subject) WHERE action = 'replay';

-- How far the walk of what expires has come in each table, in the order in which rows were made.
CREATE TABLE expiry (
    name TEXT PRIMARY KEY,
    passed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When the walk, having come by before the operation was decided, looks at it again.
ALTER TABLE operations ADD COLUMN look_again_at INTEGER;

CREATE INDEX operations_look_again ON operations (look_again_at) WHERE look_again_at IS NOT NULL;
CREATE INDEX webhook_events_forget ON webhook_events (forget_at) WHERE forget_at IS NOT NULL;
CREATE INDEX webhook_events_parked_until ON webhook_events (parked_until) WHERE news IS NOT NULL;
CREATE INDEX state_expires ON state (expires_at) WHERE expires_at IS NOT NULL;
-- What a token that leads to nothing is known by: it goes only where nothing refers to it.
CREATE INDEX callbacks_of_subscription ON callbacks (subscription) WHERE subscription IS NOT NULL;
CREATE INDEX subscriptions_merged_into ON subscriptions (merged_into) WHERE merged_into IS NOT NULL;
-- Calls that are being made again: until one has ended, nobody settles its payment by hand.
CREATE INDEX operations_repeating ON operations (payment) WHERE repeat_until IS NOT NULL;
