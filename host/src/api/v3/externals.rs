//! `GET /v3` and `GET /v3/{external}`: what there is, and what it can do.

use super::super::Api;
use super::super::door::Admitted;
use super::super::problem::Problem;
use super::super::respond::problem_of;
use super::place::Place;
use crate::model::{Interface, Interfaces, Interval};
use crate::operations;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;

/// The contract that plugins are called through.
const CONTRACT: &str = "provost:provider@0.1.0";

/// Every external.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::api) struct Externals {
    /// By name.
    externals: Vec<External>,
}

/// A configured provider, and what it can do.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct External {
    /// The name in the path.
    #[schema(examples("acme"))]
    name: String,
    /// Whether a plugin serves it now; without one, all that follows is missing.
    available: bool,
    /// The plugin that serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin: Option<Plugin>,
    /// The contract between host and plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("provost:provider@0.1.0"))]
    contract: Option<&'static str>,
    /// The operations of this interface that it supports, by the end of their path; the others answer 501.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("pay", "status"))]
    operations: Option<Vec<&'static str>>,
    /// The interfaces of the contract that the plugin exports.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("payments", "inquiry"))]
    capabilities: Option<Vec<&'static str>>,
    /// Payment methods; missing where the plugin does not tell them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_methods: Option<Vec<String>>,
    /// ISO 4217 codes; missing where all are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    currencies: Option<Vec<String>>,
    /// How often its subscriptions may bill; missing where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    intervals: Option<Vec<&'static str>>,
}

/// A plugin.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(in crate::api) struct Plugin {
    /// Its name for itself.
    name: String,
    /// Its author's version.
    version: String,
    /// The sha256 of its bytes.
    digest: String,
}

/// Lists every external, as far as the caller may use it.
pub(in crate::api) async fn externals(State(api): State<Api>, caller: Option<Extension<Admitted>>) -> Json<Externals> {
    let may_know = |name: &str| caller.as_ref().is_none_or(|Extension(caller)| caller.may_use(name));
    let all = api.operations.externals().into_iter().filter(|external| may_know(&external.name));
    let mut externals: Vec<_> = all.map(show).collect();
    externals.sort_by(|one, other| one.name.cmp(&other.name));
    Json(Externals { externals })
}

/// Shows one external.
pub(in crate::api) async fn external(State(api): State<Api>, place: Place) -> Result<Json<External>, Problem> {
    let external = api.operations.external(&place.external);
    external.map(|external| Json(show(external))).map_err(|error| problem_of(&error))
}

fn show(external: operations::External) -> External {
    let unavailable = External {
        name: external.name,
        available: false,
        plugin: None,
        contract: None,
        operations: None,
        capabilities: None,
        payment_methods: None,
        currencies: None,
        intervals: None,
    };
    let Some(serving) = external.serving else {
        return unavailable;
    };
    let description = serving.description;
    External {
        available: true,
        contract: Some(CONTRACT),
        operations: Some(supported(&serving.interfaces)),
        capabilities: Some(exported(&serving.interfaces)),
        payment_methods: unless_empty(description.payment_methods),
        currencies: unless_empty(description.currencies),
        intervals: unless_empty(description.intervals.into_iter().map(Interval::name).collect()),
        plugin: Some(Plugin { name: description.name, version: description.version, digest: serving.version.0 }),
        ..unavailable
    }
}

/// What a caller may do with a plugin that exports these. Status answers with what is known even where the provider
/// cannot be asked; check is there to ask; a webhook that nobody reads is still a hint to ask.
fn supported(interfaces: &Interfaces) -> Vec<&'static str> {
    use Interface as I;
    let has = |interface| interfaces.has(interface);
    let optional = [
        ("check", has(I::Inquiry)),
        ("refund", has(I::Refunds)),
        ("callback", has(I::Webhooks) || has(I::Inquiry)),
        ("capture", has(I::Captures)),
        ("void", has(I::Captures)),
        ("subscription/schedule", has(I::ScheduledBilling)),
        ("subscription/start", has(I::ManualBilling)),
        ("subscription/pay", has(I::ManualBilling)),
        ("subscription/update", has(I::Subscriptions)),
        ("subscription/status", has(I::Subscriptions)),
        ("subscription/expire", has(I::Subscriptions)),
        ("pay-by-link", has(I::Links)),
        ("utility", has(I::Utilities)),
    ];
    let optional = optional.into_iter().filter(|(_, has)| *has).map(|(name, _)| name);
    ["pay", "status"].into_iter().chain(optional).collect()
}

fn exported(interfaces: &Interfaces) -> Vec<&'static str> {
    let told = Interface::ALL.into_iter().filter(|interface| *interface != Interface::Description);
    told.filter(|interface| interfaces.has(*interface)).map(Interface::name).collect()
}

fn unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Description, Version};
    use serde_json::json;

    fn serving(interfaces: &[Interface], description: Description) -> operations::External {
        let interfaces = Interfaces(interfaces.iter().copied().collect());
        let serving = operations::Serving { version: Version("ab12".into()), description, interfaces };
        operations::External { name: "acme".into(), serving: Some(serving) }
    }

    #[test]
    fn an_external_without_a_plugin_says_so_and_no_more() {
        let absent = operations::External { name: "acme".into(), serving: None };
        assert_eq!(serde_json::to_value(show(absent)).unwrap(), json!({"name": "acme", "available": false}));
    }

    #[test]
    fn a_plugin_that_only_pays_is_shown_as_such() {
        let description = Description { name: "least".into(), version: "1.0".into(), ..Description::default() };
        let shown = show(serving(&[Interface::Description, Interface::Payments], description));
        let expected = json!({
            "name": "acme",
            "available": true,
            "plugin": {"name": "least", "version": "1.0", "digest": "ab12"},
            "contract": "provost:provider@0.1.0",
            "operations": ["pay", "status"],
            "capabilities": ["payments"],
        });
        assert_eq!(serde_json::to_value(shown).unwrap(), expected);
    }

    #[test]
    fn what_a_plugin_is_narrow_about_is_shown() {
        let description = Description {
            payment_methods: vec!["card".into()],
            currencies: vec!["EUR".into()],
            intervals: vec![Interval::Day, Interval::Month],
            ..Description::default()
        };
        let shown = show(serving(&Interface::ALL, description));
        assert_eq!(shown.payment_methods, Some(vec!["card".to_owned()]));
        assert_eq!(shown.currencies, Some(vec!["EUR".to_owned()]));
        assert_eq!(shown.intervals, Some(vec!["DAY", "MONTH"]));
        let subscription = ["schedule", "start", "pay", "update", "status", "expire"];
        let subscription = subscription.map(|name| format!("subscription/{name}"));
        let all = ["pay", "status", "check", "refund", "callback", "capture", "void"].map(str::to_owned).into_iter();
        let all: Vec<_> = all.chain(subscription).chain(["pay-by-link", "utility"].map(str::to_owned)).collect();
        assert_eq!(shown.operations.unwrap(), all);
        assert_eq!(shown.capabilities.unwrap().len(), Interface::ALL.len() - 1);
    }

    #[test]
    fn what_an_external_supports_follows_from_what_its_plugin_exports() {
        let cases: [(Interface, &[&str]); 8] = [
            (Interface::Captures, &["pay", "status", "capture", "void"]),
            (Interface::ScheduledBilling, &["pay", "status", "subscription/schedule"]),
            (Interface::ManualBilling, &["pay", "status", "subscription/start", "subscription/pay"]),
            (
                Interface::Subscriptions,
                &["pay", "status", "subscription/update", "subscription/status", "subscription/expire"],
            ),
            (Interface::Links, &["pay", "status", "pay-by-link"]),
            (Interface::Utilities, &["pay", "status", "utility"]),
            (Interface::Webhooks, &["pay", "status", "callback"]),
            (Interface::Continuations, &["pay", "status"]),
        ];
        for (interface, expected) in cases {
            assert_eq!(supported(&Interfaces([interface].into())), expected, "{interface:?}");
        }
    }

    #[test]
    fn the_contract_is_the_one_in_the_repository() {
        let world = include_str!("../../../../wit/world.wit");
        let package = format!("package {CONTRACT};");
        assert!(world.lines().any(|line| line == package));
    }
}
