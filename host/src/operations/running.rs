//! Who waits for whom: an equal request waits for the one that runs, and shares its answer (rule 18).

use super::Answered;
use crate::model::Reference;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The operations that run in this process.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<HashMap<Reference, watch::Receiver<Option<Answered>>>>>);

/// The place of one operation among them, until it is dropped.
pub(super) struct Turn {
    running: Running,
    reference: Reference,
    answered: watch::Sender<Option<Answered>>,
}

/// What waiting brought.
pub(super) enum Waited {
    /// The answer of the one that ran.
    Shared(Answered),
    /// It is over, or runs elsewhere: the store knows.
    Gone,
    /// It still runs.
    TooLong,
}

impl Running {
    /// Takes a place before the claim, so that nobody who loses to it can miss it.
    pub(super) fn begin(&self, reference: &Reference) -> Turn {
        let (answered, receiver) = watch::channel(None);
        self.lock().insert(reference.clone(), receiver);
        Turn { running: self.clone(), reference: reference.clone(), answered }
    }

    /// Waits for the answer of another's operation, for `patience` of real time: a caller is waiting.
    pub(super) async fn wait(&self, reference: &Reference, patience: Duration) -> Waited {
        let Some(mut receiver) = self.lock().get(reference).cloned() else { return Waited::Gone };
        match tokio::time::timeout(patience, receiver.wait_for(Option::is_some)).await {
            Ok(Ok(answered)) => answered.clone().map_or(Waited::Gone, Waited::Shared),
            Ok(Err(_)) => Waited::Gone,
            Err(_) => Waited::TooLong,
        }
    }

    /// All that run now.
    pub(super) fn all(&self) -> HashSet<Reference> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Reference, watch::Receiver<Option<Answered>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Gives the answer to everybody who waits.
    pub(super) fn share(self, answered: &Answered) {
        self.answered.send_replace(Some(answered.clone()));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.running.lock().remove(&self.reference);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Answer;

    fn answered() -> Answered {
        Answered { answer: Answer { status: 200, headers: vec![], body: b"{}".to_vec() }, replayed: false }
    }

    #[tokio::test]
    async fn who_waits_shares_the_answer_whatever_it_is() {
        let (running, reference) = (Running::default(), Reference::random());
        let turn = running.begin(&reference);
        let waiting = tokio::spawn({
            let (running, reference) = (running.clone(), reference.clone());
            async move { running.wait(&reference, Duration::from_secs(10)).await }
        });
        tokio::task::yield_now().await;
        turn.share(&answered());
        assert!(matches!(waiting.await.unwrap(), Waited::Shared(shared) if shared == answered()));
        assert!(matches!(running.wait(&reference, Duration::ZERO).await, Waited::Gone));
    }

    #[tokio::test]
    async fn who_waited_for_one_that_vanished_asks_the_store_again() {
        let (running, reference) = (Running::default(), Reference::random());
        let turn = running.begin(&reference);
        let wait = running.wait(&reference, Duration::from_secs(10));
        let (waited, ()) = tokio::join!(wait, async { drop(turn) });
        assert!(matches!(waited, Waited::Gone));
    }
}
