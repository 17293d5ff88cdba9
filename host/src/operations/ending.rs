//! What a plugin returned for an operation, as one ending of it. Pure.

use crate::model::{Acknowledgement, Ending, Failure, PluginOutcome, Response, Subscribed, SubscriptionOutcome};

/// An ending, and the subscription that began with it.
pub(crate) struct Returned {
    /// The ending.
    pub(crate) ending: Ending,
    /// The subscription.
    pub(crate) subscribed: Option<Box<Subscribed>>,
}

/// Takes a response apart. What a utility answers travels as metadata: it belongs to no payment that had any.
pub(crate) fn returned(response: Result<Response, Failure>) -> Returned {
    let said = match response {
        Ok(Response::Outcome(said)) => said,
        Ok(Response::Changed(said)) => said.map(PluginOutcome::from),
        Ok(Response::Utility(said)) => said.map(|json| {
            PluginOutcome::Succeeded(Acknowledgement { metadata: Some(json), ..Acknowledgement::default() })
        }),
        Ok(Response::Subscribed(Ok(SubscriptionOutcome::Subscribed(subscribed)))) => {
            let ending = Ending::Said(Ok(subscribed.outcome()));
            return Returned { ending, subscribed: Some(subscribed) };
        }
        Ok(Response::Subscribed(Ok(SubscriptionOutcome::Declined(decline)))) => Ok(PluginOutcome::Declined(decline)),
        Ok(Response::Subscribed(Err(error))) => Err(error),
        Ok(_) => return broke(Failure::Trap("the answer does not fit the request".into())),
        Err(failure) => return broke(failure),
    };
    Returned { ending: Ending::Said(said), subscribed: None }
}

fn broke(failure: Failure) -> Returned {
    Returned { ending: Ending::Broke(failure), subscribed: None }
}
