//! The way into a component: which interfaces it exports, and one call of one of them.

use super::super::super::state::{Ended, State};
use super::lawful::{Taken, Taking};
use super::{exports, request};
use crate::model::{Description, Failure, Interface, Request, Response, Source};
use std::collections::BTreeSet;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

/// One field for each interface: where its functions are; none where the component does not export it.
macro_rules! entry {
    ($($field:ident: $interface:ident),* $(,)?) => {
        /// The interfaces of one component.
        pub(in crate::runtime) struct Entry {
            $($field: Option<exports::$field::GuestIndices>,)*
        }

        impl Entry {
            /// Finds the functions of the interfaces that the component exports; faults name those that lack one.
            pub(in crate::runtime) fn new(
                pre: &InstancePre<State>,
                exported: &BTreeSet<Interface>,
            ) -> Result<Self, Vec<String>> {
                let mut faults = Vec::new();
                let entry = Self {
                    $($field: match exported.contains(&Interface::$interface) {
                        true => exports::$field::GuestIndices::new(pre)
                            .map_err(|error| faults.push(wrong_type(Interface::$interface, &error)))
                            .ok(),
                        false => None,
                    },)*
                };
                if faults.is_empty() { Ok(entry) } else { Err(faults) }
            }

            /// What is wrong with the types of the exported functions, which only an instance tells.
            fn wrong_types(&self, store: &mut Store<State>, instance: &Instance) -> Vec<String> {
                let mut faults = Vec::new();
                $(if let Some(Err(error)) = self.$field.as_ref().map(|found| found.load(&mut *store, instance)) {
                    faults.push(wrong_type(Interface::$interface, &error));
                })*
                faults
            }
        }
    };
}

entry! {
    description: Description,
    payments: Payments,
    inquiry: Inquiry,
    search: Search,
    refunds: Refunds,
    captures: Captures,
    continuations: Continuations,
    links: Links,
    subscriptions: Subscriptions,
    scheduled_billing: ScheduledBilling,
    manual_billing: ManualBilling,
    webhooks: Webhooks,
    utilities: Utilities,
}

fn wrong_type(interface: Interface, error: &wasmtime::Error) -> String {
    format!("exports {} with another type: {error:#}", interface.name())
}

/// Compares all types, and then asks the plugin what it is.
pub(in crate::runtime) async fn describe(
    entry: &Entry,
    store: &mut Store<State>,
    instance: &Instance,
) -> wasmtime::Result<Result<Description, Vec<String>>> {
    let faults = entry.wrong_types(store, instance);
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let guest = exported(&entry.description, Interface::Description)?.load(&mut *store, instance)?;
    let said = guest.call_describe(&mut *store).await?;
    let mut taking = Taking::new(store.data().call.limits().value, 0, Source::Answer);
    Ok(Ok(taking.description(said).map_err(Ended)?))
}

impl Entry {
    /// One call. Whatever the plugin hands back is lawful, or the call has failed.
    pub(in crate::runtime) async fn answer(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        request: Request,
    ) -> wasmtime::Result<Response> {
        let State { call, can_ask, carry_format, .. } = store.data();
        let (limit, can_ask, carry_format) = (call.limits().value, *can_ask, *carry_format);
        let taking = |source| Taking::new(limit, carry_format, source);
        let response = match request {
            Request::Pay(asked) => {
                let guest = exported(&self.payments, Interface::Payments)?.load(&mut *store, instance)?;
                let said = guest.call_pay(&mut *store, &request::pay(asked)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::outcome, Taking::error).map(Response::Outcome)
            }
            Request::Refund(asked) => {
                let guest = exported(&self.refunds, Interface::Refunds)?.load(&mut *store, instance)?;
                let said = guest.call_refund(&mut *store, &request::refund(asked)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::refund_outcome, Taking::error).map(Response::Outcome)
            }
            Request::Status(known) => {
                let guest = exported(&self.inquiry, Interface::Inquiry)?.load(&mut *store, instance)?;
                let said = guest.call_status(&mut *store, &request::payment(known)).await?;
                let mut taking = taking(Source::Inquiry);
                either(&mut taking, said, boxed_news, Taking::error).map(Response::Status)
            }
            Request::RefundStatus(payment, refund) => {
                let guest = exported(&self.refunds, Interface::Refunds)?.load(&mut *store, instance)?;
                let (payment, refund) = (request::payment(payment), request::known_refund(refund));
                let said = guest.call_status(&mut *store, &payment, &refund).await?;
                let mut taking = taking(Source::Inquiry);
                either(&mut taking, said, boxed_news, Taking::error).map(Response::Status)
            }
            Request::Find(query) => {
                let guest = exported(&self.search, Interface::Search)?.load(&mut *store, instance)?;
                let said = guest.call_find(&mut *store, &request::query(query)).await?;
                either(&mut taking(Source::Inquiry), said, Taking::found, Taking::error).map(Response::Found)
            }
            Request::Receive(webhook) => {
                let guest = exported(&self.webhooks, Interface::Webhooks)?.load(&mut *store, instance)?;
                let said = guest.call_receive(&mut *store, &request::webhook(webhook)).await?;
                let proven = store.data().call.is_verified();
                let receipt = |taking: &mut Taking, receipt| taking.receipt(receipt, proven);
                let mut taking = taking(Source::Verified { can_ask });
                either(&mut taking, said, receipt, Taking::rejection).map(Response::Received)
            }
            Request::Capture(asked) => {
                let guest = exported(&self.captures, Interface::Captures)?.load(&mut *store, instance)?;
                let said = guest.call_capture(&mut *store, &request::capture(asked)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::outcome, Taking::error).map(Response::Outcome)
            }
            Request::Void(known) => {
                let guest = exported(&self.captures, Interface::Captures)?.load(&mut *store, instance)?;
                let said = guest.call_void(&mut *store, &request::payment(known)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::outcome, Taking::error).map(Response::Outcome)
            }
            Request::Resume(known, data) => {
                let guest = exported(&self.continuations, Interface::Continuations)?.load(&mut *store, instance)?;
                let said = guest.call_resume(&mut *store, &request::payment(known), &data).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::outcome, Taking::error).map(Response::Outcome)
            }
            Request::Link(asked) => {
                let guest = exported(&self.links, Interface::Links)?.load(&mut *store, instance)?;
                let said = guest.call_create(&mut *store, &request::pay(asked)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::link_outcome, Taking::error).map(Response::Outcome)
            }
            Request::Schedule(asked, plan) => {
                let billing = exported(&self.scheduled_billing, Interface::ScheduledBilling)?;
                let guest = billing.load(&mut *store, instance)?;
                let said = guest.call_schedule(&mut *store, &request::pay(asked), request::plan(plan)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::subscription_outcome, Taking::error).map(Response::Subscribed)
            }
            Request::Start(asked, plan) => {
                let guest = exported(&self.manual_billing, Interface::ManualBilling)?.load(&mut *store, instance)?;
                let said = guest.call_start(&mut *store, &request::pay(asked), request::plan(plan)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::subscription_outcome, Taking::error).map(Response::Subscribed)
            }
            Request::Charge(known, asked) => {
                let guest = exported(&self.manual_billing, Interface::ManualBilling)?.load(&mut *store, instance)?;
                let (known, asked) = (request::subscription(known), request::pay(asked));
                let said = guest.call_pay(&mut *store, &known, &asked).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::outcome, Taking::error).map(Response::Outcome)
            }
            Request::Update(known, changes) => {
                let guest = exported(&self.subscriptions, Interface::Subscriptions)?.load(&mut *store, instance)?;
                let (known, changes) = (request::subscription(known), request::changes(changes));
                let said = guest.call_update(&mut *store, &known, &changes).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::change_outcome, Taking::error).map(Response::Changed)
            }
            Request::Expire(known) => {
                let guest = exported(&self.subscriptions, Interface::Subscriptions)?.load(&mut *store, instance)?;
                let said = guest.call_expire(&mut *store, &request::subscription(known)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::change_outcome, Taking::error).map(Response::Changed)
            }
            Request::SubscriptionStatus(known) => {
                let guest = exported(&self.subscriptions, Interface::Subscriptions)?.load(&mut *store, instance)?;
                let said = guest.call_status(&mut *store, &request::subscription(known)).await?;
                let mut taking = taking(Source::Inquiry);
                either(&mut taking, said, Taking::subscription, Taking::error).map(Response::SubscriptionStatus)
            }
            Request::FindSubscription(query) => {
                let guest = exported(&self.search, Interface::Search)?.load(&mut *store, instance)?;
                let said = guest.call_find_subscription(&mut *store, &request::query(query)).await?;
                let mut taking = taking(Source::Inquiry);
                either(&mut taking, said, Taking::found_subscriptions, Taking::error).map(Response::FoundSubscriptions)
            }
            Request::Utility(asked) => {
                let guest = exported(&self.utilities, Interface::Utilities)?.load(&mut *store, instance)?;
                let said = guest.call_call(&mut *store, &request::utility(asked)).await?;
                let mut taking = taking(Source::Answer);
                either(&mut taking, said, Taking::utility, Taking::error).map(Response::Utility)
            }
        };
        Ok(response.map_err(Ended)?)
    }
}

fn boxed_news(taking: &mut Taking, status: super::types::PaymentStatus) -> Taken<Box<crate::model::News>> {
    taking.news(status).map(Box::new)
}

fn exported<T>(indices: &Option<T>, interface: Interface) -> wasmtime::Result<&T> {
    let absent = || Ended(Failure::Trap(format!("does not export {}", interface.name())));
    Ok(indices.as_ref().ok_or_else(absent)?)
}

/// Takes either side of a result apart.
fn either<A, B, C, D>(
    taking: &mut Taking,
    result: Result<A, B>,
    one: impl FnOnce(&mut Taking, A) -> Taken<C>,
    other: impl FnOnce(&mut Taking, B) -> Taken<D>,
) -> Taken<Result<C, D>> {
    match result {
        Ok(value) => one(taking, value).map(Ok),
        Err(error) => other(taking, error).map(Err),
    }
}
