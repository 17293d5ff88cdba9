//! The one pipeline for every operation, and what the interface may ask of it. Knows no HTTP and no JSON bodies:
//! what is answered is made by the `respond` function that the interface hands in.
//!
//! Start at `perform`: the way of one operation. [`Operations`] is what the interface calls.

mod address;
mod ask;
mod ask_subscription;
mod asked;
mod by_hand;
mod call;
mod capture;
mod ended;
mod ending;
mod error;
mod expiry;
mod external;
mod follow;
mod follow_up;
mod pay;
mod perform;
mod records;
mod recovery;
mod refund;
mod room;
mod running;
mod settings;
mod status;
mod strangers;
mod subscription;
mod told;
mod utility;
mod webhook;

pub use by_hand::{ByHand, Decision, NotByHand, SentAgain, Signed};
pub use ended::{Answered, Caller, CaptureAsked, Ended, Lookup, RefundAsked, Respond, WebhookRefused};
pub(crate) use ending::{Returned, returned};
pub use error::Error;
pub use external::{External, Readiness, Serving};
pub use recovery::Recovery;
pub use settings::Settings;
pub(crate) use subscription::{unfit_changes, unfit_subscription};
pub(crate) use {pay::unfit, told::ended};

use crate::clock::Clock;
use crate::egress::Egress;
use crate::model::{PaymentKey, SubscriptionKey};
use crate::outbox::Outbox;
use crate::registry::{Absence, Registry, Serving as Served};
use crate::store::Store;
use address::Addresses;
use room::Room;
use running::Running;
use std::sync::Arc;
use tokio::sync::Notify;
use url::Url;

/// Everything that the interface may ask for.
#[derive(Clone)]
pub struct Operations(Arc<Parts>);

/// What operations work with.
struct Parts {
    store: Store,
    registry: Arc<Registry>,
    egress: Arc<Egress>,
    outbox: Arc<Outbox>,
    clock: Clock,
    settings: Settings,
    addresses: Addresses,
    running: Running,
    room: Room,
    strangers: strangers::Strangers,
    asked: asked::Asked<PaymentKey>,
    asked_subscriptions: asked::Asked<SubscriptionKey>,
    lanes: recovery::Lanes,
    under_way: recovery::UnderWay,
    follow: Notify,
}

impl Operations {
    /// Operations over these parts. `public_url` is what webhook URLs are built from, `key` what they are signed with.
    #[expect(clippy::too_many_arguments, reason = "every part once, in the one place that has them all")]
    pub fn new(
        store: Store,
        registry: Arc<Registry>,
        egress: Arc<Egress>,
        outbox: Arc<Outbox>,
        clock: Clock,
        settings: Settings,
        public_url: Option<Url>,
        key: [u8; 32],
    ) -> Self {
        Self(Arc::new(Parts {
            store,
            registry,
            egress,
            outbox,
            clock,
            settings,
            addresses: Addresses::new(public_url, key),
            running: Running::default(),
            room: Room::default(),
            strangers: strangers::Strangers::default(),
            asked: asked::Asked::default(),
            asked_subscriptions: asked::Asked::default(),
            lanes: recovery::Lanes::default(),
            under_way: recovery::UnderWay::default(),
            follow: Notify::new(),
        }))
    }

    /// What serves an external now.
    fn serving(&self, external: &str) -> Result<Served, Error> {
        self.0.registry.serving(external).map_err(|absence| match absence {
            Absence::Unknown => Error::UnknownExternal,
            Absence::NotServing => Error::Absent,
        })
    }
}
