-- Recovery (rules 6 to 10): how often was asked, and what a repeat of a call needs.

-- Questions since what is open came to stand so, and when that was.
ALTER TABLE payments ADD COLUMN asks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN open_since BIGINT;
-- 1: somebody has taken the question that is due, and `ask_at` is when that lapses.
ALTER TABLE payments ADD COLUMN asking BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN asks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN open_since BIGINT;
ALTER TABLE subscriptions ADD COLUMN asking BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN review TEXT COLLATE "C";

-- Who has most to ask for holds up no other: what is due is found external by external.
DROP INDEX payments_ask;
CREATE INDEX payments_ask ON payments (external, ask_at) WHERE ask_at IS NOT NULL;
DROP INDEX subscriptions_ask;
CREATE INDEX subscriptions_ask ON subscriptions (external, ask_at) WHERE ask_at IS NOT NULL;

CREATE INDEX payments_asking ON payments (ask_at) WHERE asking = 1;
CREATE INDEX subscriptions_asking ON subscriptions (ask_at) WHERE asking = 1;

-- What is open was asked for only now and then until now: all of it is due.
UPDATE payments SET ask_at = updated_at
WHERE ask_at IS NULL AND merged_into IS NULL
  AND (state IN ('unknown', 'pending', 'action_required')
       OR EXISTS (SELECT 1 FROM operations
                  WHERE operations.payment = payments.key AND kind IN ('refund', 'capture', 'void')
                    AND action_state IN ('unknown', 'pending')));
UPDATE subscriptions SET ask_at = updated_at
WHERE ask_at IS NULL AND merged_into IS NULL AND (state = 'pending' OR state = 'unknown' AND adopted = 0);

-- What the plugin was asked to do, sealed: kept from the first write on, until the operation is decided.
ALTER TABLE operations ADD COLUMN request BYTEA;
-- The call is being made again, under a fence of its own: until when.
ALTER TABLE operations ADD COLUMN repeat_until BIGINT;
-- When a write of it was about to leave last; while it is being made again, when that lapses.
ALTER TABLE operations ADD COLUMN attempted_at BIGINT;

CREATE INDEX operations_repeatable ON operations (payment) WHERE request IS NOT NULL AND phase = 'finished';
