//! The way of one operation, the same for every kind: claim, call, classify, finish, answer. What differs between
//! kinds is the data in [`Plan`].

use super::call::Called;
use super::ending::{Returned, returned};
use super::running::Waited;
use super::told::{self, Told};
use super::{Answered, Caller, Ended, Error, Operations, Respond};
use crate::capabilities::Report;
use crate::clock::Timestamp;
use crate::model::{
    Acknowledgement, Amount, Answer, Changes, Kind, Operation, Outcome, Phase, Reference, Refused, Request, Seed,
    Settled, Subscribed, classify,
};
use crate::registry::Serving;
use crate::store::{Claim, Claimed, Finish, Finished, StoreError, Subject, What};
use crate::{crash_point, task, telemetry};
use std::time::Duration;

/// What one kind of operation adds to the pipeline.
pub(super) struct Plan {
    /// The plugin that it runs on, and its provider.
    pub(super) serving: Serving,
    /// Who asks.
    pub(super) caller: Caller,
    /// How much it is about.
    pub(super) amount: Option<Amount>,
    /// What it claims.
    pub(super) what: What,
    /// Makes the plugin's request, once it is known what it is done to.
    pub(super) request: MakeRequest,
    /// Makes the answer.
    pub(super) respond: Respond,
}

/// Makes the plugin's request of a claimed operation.
pub(super) type MakeRequest = Box<dyn FnOnce(&Operation, &Subject) -> Request + Send + Sync>;

/// An operation that is ours to run, or an answer that was found instead.
enum Begun {
    /// It has its lease until then.
    New(Box<Operation>, Box<Subject>, Timestamp),
    Answered(Answered),
}

/// How long, and how often, an end is tried to be written.
const WRITE_PATIENCE: Duration = Duration::from_secs(3);
const WRITE_AGAIN: Duration = Duration::from_millis(100);

/// How soon a running operation that nobody here runs is looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Operations {
    /// Runs the plan in a task of its own: a caller that hangs up changes nothing.
    pub(super) async fn perform(&self, plan: Plan) -> Answered {
        let (operations, respond, kind) = (self.clone(), plan.respond, plan.what.kind());
        let reference = Reference::random();
        let name = reference.0.clone();
        let performed = task::to_its_end("operation", async move { operations.run(plan, reference).await }).await;
        performed.unwrap_or_else(|| vanished(kind, name, respond))
    }

    async fn run(&self, plan: Plan, reference: Reference) -> Answered {
        let turn = self.0.running.begin(&reference);
        let (operation, subject, until) = match self.begin(&plan, reference).await {
            Ok(Begun::New(operation, subject, until)) => (*operation, *subject, until),
            Ok(Begun::Answered(answered)) => return answered,
            Err(error) => return refused(plan.respond, error),
        };
        crash_point!("claimed");
        let request = (plan.request)(&operation, &subject);
        let called = if self.may_outlast(until, &plan.serving) {
            let external = &operation.external;
            tracing::warn!(external, %operation.reference, "not called: claiming took so long that its lease could lapse meanwhile");
            Called::turned_away()
        } else {
            self.call(&plan.serving, &operation, request).await
        };
        crash_point!("called");
        let Returned { ending, subscribed } = returned(called.response);
        let outcome = classify(called.report.departures, ending, operation.amount.as_ref());
        let outcome = self.unless_over(&operation, &subject, outcome).await;
        tell_operator(&plan.serving, &operation, &outcome);
        let end = End { outcome, subscribed, changes: changes(plan.what), report: called.report, again: false };
        let answered = self.finish(&operation, &subject, end, plan.respond).await;
        crash_point!("finished");
        turn.share(&answered);
        self.0.outbox.wake();
        answered
    }

    /// A subscription that is over is ended, however the provider says that it has none; so is one whose end got lost before.
    async fn unless_over(&self, operation: &Operation, subject: &Subject, outcome: Outcome) -> Outcome {
        let Some(subscription) = subject.subscription.as_ref().filter(|_| operation.kind == Kind::Expire) else {
            return outcome;
        };
        let gone = matches!(outcome, Outcome::NotExecuted(Refused::NotFound(_)));
        let ended = matches!(outcome, Outcome::NotExecuted(Refused::Conflict(_))) || gone;
        if ended && subscription.state.is_over() {
            return Outcome::Succeeded(Acknowledgement::default());
        }
        if gone && self.0.store.an_end_was_lost(subscription.key).await.unwrap_or(false) {
            return Outcome::Succeeded(Acknowledgement::default());
        }
        outcome
    }

    /// Claims the operation, or finds out why it is not ours to run (rules 15 to 18).
    async fn begin(&self, plan: &Plan, reference: Reference) -> Result<Begun, Error> {
        let give_up = tokio::time::Instant::now() + self.0.settings.share_wait;
        let mut claim = self.claim(plan, reference);
        loop {
            // Who has waited needs the whole of its lease like any other.
            claim.now = self.0.clock.now();
            claim.lease_until = self.lease_until(claim.now, plan.serving.provider.limits.deadline);
            let running = match self.0.store.claim(claim.clone()).await.map_err(store_away)? {
                Claimed::New { operation, subject } => {
                    return Ok(Begun::New(Box::new(operation), Box::new(subject), claim.lease_until));
                }
                Claimed::Replay { operation, subject } => {
                    return Ok(Begun::Answered(replayed(&operation, &subject, plan.respond)));
                }
                Claimed::Running { reference } => reference,
                refused => return Err(refusal(refused, plan.what.kind())),
            };
            let patience = give_up.saturating_duration_since(tokio::time::Instant::now());
            match self.0.running.wait(&running, patience).await {
                Waited::Shared(answered) => return Ok(Begun::Answered(Answered { replayed: true, ..answered })),
                Waited::Gone if !patience.is_zero() => self.wait_elsewhere(&running, give_up).await,
                Waited::Gone | Waited::TooLong => {
                    return Err(Error::StillRunning { retry_after: Duration::from_secs(1) });
                }
            }
        }
    }

    /// Waits until what another host runs is over, as far as can be read: only then is it worth a claim.
    async fn wait_elsewhere(&self, running: &Reference, give_up: tokio::time::Instant) {
        loop {
            let patience = give_up.saturating_duration_since(tokio::time::Instant::now());
            tokio::time::sleep(LOOK_AGAIN.min(patience)).await;
            let found = self.0.store.operation_by_reference(&running.0).await;
            let open = found.is_ok_and(|found| found.is_some_and(|operation| operation.phase != Phase::Finished));
            if !open || patience.is_zero() {
                return;
            }
        }
    }

    fn claim(&self, plan: &Plan, reference: Reference) -> Claim {
        let now = self.0.clock.now();
        Claim {
            now,
            external: plan.serving.provider.external.clone(),
            caller: plan.caller.name.clone(),
            idempotency_key: plan.caller.idempotency_key.clone(),
            keys_live: self.0.settings.keys_live,
            fingerprint: plan.caller.fingerprint.clone(),
            reference,
            seed: Seed::random(),
            version: plan.serving.plugin.version().clone(),
            amount: plan.amount.clone(),
            lease_until: self.lease_until(now, plan.serving.provider.limits.deadline),
            what: plan.what.clone(),
        }
    }

    /// Whether a call that begins now could outlast its operation's lease.
    fn may_outlast(&self, lease_until: Timestamp, serving: &Serving) -> bool {
        self.0.clock.now().plus(serving.provider.limits.deadline) > lease_until
    }

    fn lease_until(&self, now: Timestamp, deadline: Duration) -> Timestamp {
        now.plus(deadline).plus(self.0.settings.lease_margin)
    }

    /// Writes the end down, and only then answers (rule 4).
    pub(super) async fn finish(
        &self,
        operation: &Operation,
        subject: &Subject,
        end: End,
        respond: Respond,
    ) -> Answered {
        let End { outcome, subscribed, changes, report, again } = end;
        let told = Told { operation, outcome: &outcome, learned: &report.learned, subscribed: subscribed.as_deref() };
        let ids = told.ids(subject);
        let kept = is_kept(operation.kind, &outcome);
        let now = self.0.clock.now();
        let finish = Finish {
            now,
            operation: operation.key,
            fence: operation.fence,
            settled: told::settled(&outcome),
            news: told.news(),
            subscription_news: told.subscription_news(),
            changes: changes.filter(|_| matches!(outcome, Outcome::Succeeded(_))),
            emitted: if kept_emits(&outcome) { report.emitted } else { Vec::new() },
            told: if matches!(outcome, Outcome::NotExecuted(_)) {
                Default::default()
            } else {
                ids.told(operation.kind)
            },
            answer: None,
            answer_if_contradicted: None,
            parked_until: now.plus(self.0.settings.parked),
            ask_at: self.first_asks(&operation.external, now),
            again,
        };
        let ended = ids.ended(operation.kind, outcome);
        let answer = respond(&Ok(ended.clone()));
        let doubtful = respond(&Ok(in_doubt(&ended)));
        let answer_if_contradicted = Some(doubtful.clone());
        let finish = Finish { answer: kept.then(|| answer.clone()), answer_if_contradicted, ..finish };
        let settled = finish.settled;
        match self.write_end(finish).await {
            Ok(Written::Now(finished)) => {
                self.follow_up_finished(operation, &finished);
                let answer = if finished.settled == settled { answer } else { doubtful };
                Answered { answer, replayed: false }
            }
            Ok(Written::Before(ended)) => match (ended.answer, ended.outcome) {
                (Some(kept), _) => Answered { answer: kept, replayed: false },
                (None, Some(outcome)) if outcome == settled => Answered { answer, replayed: false },
                (None, Some(Settled::NotExecuted)) => refused(respond, Error::StoreAway),
                _ => Answered { answer: doubtful, replayed: false },
            },
            Err(error) => {
                tracing::error!(%error, reference = %operation.reference, left = report.departures.left, "an outcome could not be written down");
                unwritten(ended, report.departures.left, respond)
            }
        }
    }

    /// Tells a person what they must know of an operation's end, and wakes whoever has something to do now.
    fn follow_up_finished(&self, operation: &Operation, finished: &Finished) {
        if let Some(changed) = &finished.changed {
            self.follow_up(changed);
        }
        if let Some(changed) = &finished.subscription {
            self.follow_up_subscription(changed);
        }
        if finished.given_up {
            self.give_up(operation);
        }
        for received in &finished.emitted {
            self.after_event(&operation.external, received);
        }
    }
}

/// What a call brought.
pub(super) struct End {
    pub(super) outcome: Outcome,
    /// The subscription that began with it.
    pub(super) subscribed: Option<Box<Subscribed>>,
    /// What it was to change of a subscription.
    pub(super) changes: Option<Changes>,
    pub(super) report: Report,
    /// It was made again, after it had ended as unknown.
    pub(super) again: bool,
}

/// How an end came to be on disk.
enum Written {
    /// By us, and we know what followed.
    Now(Box<Finished>),
    /// By a try of ours whose answer was lost, or by whoever found its lease lapsed: the operation as it stands.
    Before(Box<Operation>),
}

fn changes(what: What) -> Option<Changes> {
    match what {
        What::Update(_, changes) => Some(changes),
        _ => None,
    }
}

/// Whether an answer is kept for repeats: not what was not executed, nor what a repeat does again (rule 19).
fn is_kept(kind: Kind, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::NotExecuted(_) => false,
        Outcome::Unknown { .. } => !kind.can_repeat(),
        _ => true,
    }
}

impl Operations {
    /// Tries again while the store is away, for as long as a caller can be kept waiting: what is not written is lost,
    /// and must be asked for when the lease has lapsed. What has an end already is read back: it may be this very one,
    /// whose answer was lost.
    async fn write_end(&self, finish: Finish) -> Result<Written, StoreError> {
        let give_up = tokio::time::Instant::now() + WRITE_PATIENCE;
        loop {
            let error = match self.0.store.finish(finish.clone()).await {
                Ok(finished) => return Ok(Written::Now(Box::new(finished))),
                Err(error) => error,
            };
            match error {
                StoreError::Away(_) if tokio::time::Instant::now() < give_up => {
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                StoreError::Gone => {
                    let found = self.0.store.operation(finish.operation).await?;
                    let ended = found.filter(|found| found.fence == finish.fence && found.phase == Phase::Finished);
                    return ended.map(|ended| Written::Before(Box::new(ended))).ok_or(error);
                }
                _ => return Err(error),
            }
        }
    }
}

/// The same end, as far as anybody can vouch for it.
fn in_doubt(ended: &Ended) -> Ended {
    let outcome = Outcome::Unknown { reason: "verified news says otherwise".into(), id: None };
    Ended { outcome, ..ended.clone() }
}

/// The outcome is not on disk: what left stays *sent* and unknown; where nothing left, nothing was done (rules 4, 18).
fn unwritten(ended: Ended, left: u32, respond: Respond) -> Answered {
    if left == 0 {
        return refused(respond, Error::StoreAway);
    }
    let outcome = Outcome::Unknown { reason: "the outcome could not be written down".into(), id: None };
    Answered { answer: respond(&Ok(Ended { outcome, ..ended })), replayed: false }
}

/// Only a fault of the host takes the task away. What it had sent is found by its lease.
fn vanished(kind: Kind, reference: String, respond: Respond) -> Answered {
    let outcome = Outcome::Unknown { reason: "the host failed".into(), id: None };
    let (payment_id, refund_id, subscription_token) = (reference.clone(), reference.clone(), reference);
    let ended = Ended { kind, outcome, payment_id, refund_id, subscription_token };
    Answered { answer: respond(&Ok(ended)), replayed: false }
}

/// The answer that was given then. A lapsed operation has none: it replays as unknown (rule 18).
fn replayed(operation: &Operation, subject: &Subject, respond: Respond) -> Answered {
    let answer = operation.answer.clone().unwrap_or_else(|| lapsed(operation, subject, respond));
    Answered { answer, replayed: true }
}

fn lapsed(operation: &Operation, subject: &Subject, respond: Respond) -> Answer {
    let outcome = Outcome::Unknown { reason: "its host died".into(), id: None };
    respond(&Ok(told::ids_of(operation, subject).ended(operation.kind, outcome)))
}

/// A trapped guest has emitted nothing.
fn kept_emits(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::NotExecuted(_) | Outcome::Unknown { .. })
}

fn tell_operator(serving: &Serving, operation: &Operation, outcome: &Outcome) {
    let external = &serving.provider.external;
    let labels =
        [("external", external.clone()), ("kind", operation.kind.name().into()), ("outcome", outcome.name().into())];
    metrics::counter!(telemetry::OPERATIONS, &labels).increment(1);
    let (reference, kind, version) = (&operation.reference, operation.kind.name(), operation.version.short());
    match outcome {
        Outcome::Unknown { reason, .. } => {
            tracing::warn!(external, kind, %reference, version, reason, "the outcome is unknown");
        }
        Outcome::NotExecuted(why) => tracing::warn!(external, kind, %reference, version, ?why, "not executed"),
        outcome => tracing::info!(external, kind, %reference, version, outcome = outcome.name(), "operation"),
    }
}

/// The answer to what is not begun.
pub(super) fn refused(respond: Respond, error: Error) -> Answered {
    Answered { answer: respond(&Err(error)), replayed: false }
}

pub(super) fn store_away(error: StoreError) -> Error {
    tracing::error!(%error, "the store is not available");
    Error::StoreAway
}

fn refusal(claimed: Claimed, kind: Kind) -> Error {
    let invalid = |pointer: &str, reason: String| Error::Invalid(vec![crate::model::Fault::new(pointer, reason)]);
    match claimed {
        Claimed::KeyReused => Error::KeyReused,
        Claimed::BusinessKeyUsed { payment } => {
            Error::BusinessKeyUsed { payment_id: payment.shown_id().to_owned(), state: payment.state.name() }
        }
        Claimed::StateForbids { payment } => {
            Error::StateForbids { payment_id: payment.shown_id().to_owned(), state: payment.state.name() }
        }
        Claimed::SubscriptionForbids { subscription } => Error::SubscriptionForbids {
            subscription_token: subscription.shown_token().to_owned(),
            state: subscription.state.name(),
        },
        Claimed::CurrencyDiffers { currency } => invalid("/currency", format!("the payment was made in {currency}")),
        Claimed::AmountNeeded => invalid("/amount", "is required: how much was reserved is not known here".to_owned()),
        Claimed::RefundRepeated { refund } => Error::RefundRepeated { refund_id: refund.shown_id().to_owned() },
        Claimed::CaptureRepeated { payment } => Error::CaptureRepeated { payment_id: payment.shown_id().to_owned() },
        Claimed::TooLarge { left } if kind == Kind::Capture => Error::CaptureTooLarge { left },
        Claimed::TooLarge { left } => Error::RefundTooLarge { left },
        // Another has carried it out: there is nothing to be told, and nothing to be tried again.
        Claimed::FollowedUp => Error::StillRunning { retry_after: Duration::from_secs(1) },
        Claimed::New { .. } | Claimed::Replay { .. } | Claimed::Running { .. } => Error::StoreAway,
    }
}
