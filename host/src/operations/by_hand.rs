//! What people decide: a payment settled by hand (rule 10), callbacks sent again (rule 33). The same whether a host runs,
//! which does it for them, or none does, and the store is theirs alone.

use super::Operations;
use crate::clock::Clock;
use crate::crash_point;
use crate::model::{AskAt, PaymentState};
use crate::store::{
    CallbackKey, Changed, NamedByHand, Replayed, Replaying, SettledByHand, Settling, Store, StoreError, Verdict, Which,
    WholePayment,
};

/// The store in a person's hands.
#[derive(Clone, Debug)]
pub struct ByHand {
    store: Store,
    clock: Clock,
}

/// Who decides, and why: kept in the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Who, as they say.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// Bytes of what is kept for ever of who decided.
const LONGEST_NAME: usize = 200;
/// The same of why.
const LONGEST_REASON: usize = 2000;

impl Signed {
    /// What a person writes, where it says something, and not too much.
    pub fn checked(who: &str, reason: &str) -> Result<Self, String> {
        for (what, text, longest) in [("who", who, LONGEST_NAME), ("reason", reason, LONGEST_REASON)] {
            if text.trim().is_empty() || text.len() > longest || text.contains(char::is_control) {
                return Err(format!("{what} must be a line of at most {longest} bytes that says something"));
            }
        }
        Ok(Self { who: who.trim().to_owned(), reason: reason.trim().to_owned() })
    }
}

/// What a person says about a payment, or about a refund, capture or void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Any name of it.
    pub name: String,
    /// Its external; needed only where several have such a name.
    pub external: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// Minor units that were paid, where they differ from what was asked.
    pub captured: Option<u64>,
    /// Whether it may contradict what counts as decided.
    pub correct: bool,
    /// Who says so, and why.
    pub signed: Signed,
}

/// Callbacks that were replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAgain {
    /// Their ids.
    pub ids: Vec<String>,
    /// Where to go on: there may be more.
    pub more_after: Option<CallbackKey>,
}

/// Why something was not done by hand. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotByHand {
    /// Nothing has this name.
    #[error(
        "nothing here is called {0:?}: a name of the host's, an id of the provider's or the shop's transaction id is meant"
    )]
    NotKnown(String),
    /// Several externals have a payment of this name.
    #[error("{} payments have this name: say which external is meant", .0.len())]
    Several(Vec<NamedByHand>),
    /// A call runs.
    #[error("a call of it is running: wait for its end, which is at most its deadline away")]
    Runs,
    /// It is decided otherwise.
    #[error("it counts as {state}, and that would contradict it: correct it only if you are sure")]
    Contradicts {
        /// How it stands.
        state: &'static str,
    },
    /// It cannot have become that.
    #[error("{0}")]
    Unfit(&'static str),
    /// The callback waits to be delivered anyhow.
    #[error("it is not delivered yet, and is tried again by itself")]
    Waits,
    /// The store failed.
    #[error(transparent)]
    Away(StoreError),
}

impl From<StoreError> for NotByHand {
    fn from(error: StoreError) -> Self {
        Self::Away(error)
    }
}

impl ByHand {
    /// Over this store, at this time.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// The store, to be looked at.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// All that is known of the payment that has this name, or to which something of this name was done.
    pub async fn payment(&self, external: Option<&str>, name: &str) -> Result<WholePayment, NotByHand> {
        let named = self.named(external, name).await?;
        self.store.whole_payment(named.payment).await?.ok_or_else(|| NotByHand::NotKnown(name.to_owned()))
    }

    /// Settles. When this returns, it is on disk, with its callback and its record.
    pub async fn settle(&self, decision: Decision) -> Result<Changed, NotByHand> {
        let named = self.named(decision.external.as_deref(), &decision.name).await?;
        let now = self.clock.now();
        let settling = Settling {
            now,
            payment: named.payment,
            action: named.action,
            verdict: decision.verdict,
            captured: decision.captured,
            correct: decision.correct,
            who: decision.signed.who,
            reason: decision.signed.reason,
            ask_at: AskAt::once(now),
        };
        match self.store.settle(settling).await {
            Ok(SettledByHand::Done(changed)) => {
                crash_point!("settled");
                Ok(*changed)
            }
            Ok(SettledByHand::Runs) => Err(NotByHand::Runs),
            Ok(SettledByHand::Contradicts { state }) => Err(NotByHand::Contradicts { state }),
            Ok(SettledByHand::Unfit(why)) => Err(NotByHand::Unfit(why)),
            Err(StoreError::Gone) => Err(NotByHand::NotKnown(decision.name)),
            Err(error) => Err(error.into()),
        }
    }

    /// Replays, as much as one command does.
    pub async fn replay(&self, which: Which, signed: Signed) -> Result<SentAgain, NotByHand> {
        let name = match &which {
            Which::One(id) => id.clone(),
            Which::All { .. } => String::new(),
        };
        let replaying = Replaying { now: self.clock.now(), which, who: signed.who, reason: signed.reason };
        match self.store.replay(replaying).await? {
            Replayed::Done { ids, more_after } => {
                crash_point!("replayed");
                Ok(SentAgain { ids, more_after })
            }
            Replayed::NotKnown => Err(NotByHand::NotKnown(name)),
            Replayed::Waits => Err(NotByHand::Waits),
        }
    }

    async fn named(&self, external: Option<&str>, name: &str) -> Result<NamedByHand, NotByHand> {
        let mut named = self.store.named_by_hand(external, name).await?;
        match (named.pop(), named.is_empty()) {
            (None, _) => Err(NotByHand::NotKnown(name.to_owned())),
            (Some(one), true) => Ok(one),
            (Some(last), false) => {
                named.push(last);
                Err(NotByHand::Several(named))
            }
        }
    }
}

impl Operations {
    /// The same, to be looked at.
    pub fn by_hand(&self) -> ByHand {
        ByHand::new(self.0.store.clone(), self.0.clock.clone())
    }

    /// [`ByHand::settle`] in a running host, which goes on from there.
    pub async fn settle_by_hand(&self, decision: Decision) -> Result<Changed, NotByHand> {
        let who = decision.signed.who.clone();
        let changed = self.by_hand().settle(decision).await?;
        let (external, reference, state) =
            (&changed.payment.external, &changed.payment.reference, PaymentState::name(changed.payment.state));
        tracing::warn!(external, %reference, state, who, "settled by hand");
        self.follow_up(&changed);
        Ok(changed)
    }

    /// [`ByHand::replay`] in a running host, which sends at once.
    pub async fn replay_by_hand(&self, which: Which, signed: Signed) -> Result<SentAgain, NotByHand> {
        let who = signed.who.clone();
        let again = self.by_hand().replay(which, signed).await?;
        tracing::warn!(callbacks = again.ids.len(), who, "callbacks are sent again by hand");
        self.0.outbox.wake();
        Ok(again)
    }
}
