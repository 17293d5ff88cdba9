//! What a shop wants: one story each, chosen by the seed and its number alone.

use crate::chance::Chance;

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Story {
    /// Pay, and look.
    Pay,
    /// Pay, then ask for parts of it back.
    Refund,
    /// Reserve, then take it in two parts, and give some back.
    Capture,
    /// Reserve, then let it go.
    Void,
    /// Begin a subscription, charge it twice, end it.
    Subscription,
    /// A link, which the payer follows.
    Link,
    /// Pay what the bank does not decide by itself, until a person settles it.
    Settled,
    /// Something that the bank can do besides.
    Utility,
}

/// An errand.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    /// Counted from 1.
    pub(crate) number: u64,
    /// What happens in it.
    pub(crate) story: Story,
    /// What the bank is wished to do first.
    pub(crate) wish: &'static str,
    /// What it is wished to do with each refund.
    pub(crate) refunds: [&'static str; 2],
    /// Whether its requests have keys.
    pub(crate) keyed: bool,
    /// Whether what was answered is asked again.
    pub(crate) repeats: bool,
}

impl Errand {
    /// The errand of this number under a seed.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        use Story::{Capture, Link, Pay, Refund, Settled, Subscription, Utility, Void};
        let mut chance = Chance::of(seed, "errand", number);
        let story =
            chance.pick(&[Pay, Pay, Pay, Refund, Refund, Capture, Capture, Void, Subscription, Link, Settled, Utility]);
        let wish = match story {
            Pay => chance.pick(&["", "", "pending", "pending-declined", "declined", "redirect"]),
            Refund => chance.pick(&["", "", "pending"]),
            Capture | Void => "authorized",
            Subscription => chance.pick(&["", "", "", "declined", "pending"]),
            Settled => "stuck",
            Link | Utility => "",
        };
        let refunds =
            [chance.pick(&["", "", "pending", "declined"]), chance.pick(&["", "pending", "pending-declined"])];
        Self { number, story, wish, refunds, keyed: chance.once_in(2), repeats: chance.once_in(4) }
    }

    /// The shop's name for its payment, or for one of several.
    pub(crate) fn shop(&self, part: &str) -> String {
        format!("shop-{}{part}", self.number)
    }
}
