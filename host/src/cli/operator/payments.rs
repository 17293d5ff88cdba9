//! `provost payments list`, `show` and `settle`.

use super::super::said::Said;
use super::moment::moment;
use super::reach::Reach;
use super::table::table;
use super::{Common, Page, Signature, ended};
use crate::api::admin::json;
use crate::clock::{Clock, Timestamp};
use crate::model::{Payment, PaymentKey, PaymentState};
use crate::operations::{ByHand, Decision};
use crate::store::{PaymentFilter, Verdict, WholePayment};
use clap::builder::PossibleValuesParser;

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List payments, the newest first
    #[command(after_help = "Examples:
  provost payments list --review               what a person must look at
  provost payments list --state unknown --since 24h
  provost payments list --external acme --json | jq '.payments[].reference'")]
    List(List),
    /// Show all that is known of a payment: what was done to it, what was told, who settled it
    #[command(after_help = "Examples:
  provost payments show order-4711
  provost payments show pay_9f2c --external acme --json

NAME is any name of the payment or of one of its refunds: the host's, an id of the provider's, or the shop's.")]
    Show(Show),
    /// Decide by hand what became of a payment, refund, capture or void, once you have found out
    #[command(after_help = "Examples:
  provost payments settle pay_9f2c --outcome accepted --reason 'seen in the portal of Acme'
  provost payments settle ref_41aa --outcome failed --reason 'Acme says so, ticket 17'
  provost payments settle order-4711 --outcome failed --correct --reason 'charged back, the shop knows'

It is a change like any other: the merchant is told by a callback, and who did it is kept with the payment.
What the provider itself says later may still correct it.")]
    Settle(Settle),
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    common: Common,
    /// Of this external
    #[arg(long, value_name = "NAME")]
    external: Option<String>,
    /// That stand so
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(PaymentState::ALL.map(PaymentState::name)))]
    state: Option<String>,
    /// Only those that a person must look at
    #[arg(long)]
    review: bool,
    /// Of this shop transaction id
    #[arg(long, value_name = "ID")]
    shop: Option<String>,
    /// Made then or later: 2026-01-31T12:00:00Z, 2026-01-31, or 24h ago
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    since: Option<Timestamp>,
    /// Made before then
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    until: Option<Timestamp>,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    common: Common,
    /// Any name of it
    name: String,
    /// Its external; needed only where several have such a name
    #[arg(long, value_name = "NAME")]
    external: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Settle {
    #[command(flatten)]
    common: Common,
    /// Any name of the payment, or of the refund, capture or void that is meant
    name: String,
    /// What became of it
    #[arg(long, value_name = "OUTCOME", value_parser = PossibleValuesParser::new(Verdict::ALL.map(Verdict::name)))]
    outcome: String,
    /// What was paid, in minor units, where it is less than what was asked
    #[arg(long, value_name = "MINOR")]
    captured: Option<u64>,
    /// Contradict what counts as decided
    #[arg(long)]
    correct: bool,
    /// Its external; needed only where several have such a name
    #[arg(long, value_name = "NAME")]
    external: Option<String>,
    #[command(flatten)]
    signature: Signature,
}

/// Runs it.
pub(in crate::cli) fn run(command: Command) -> anyhow::Result<Said> {
    match command {
        Command::List(arguments) => ended(list(arguments)),
        Command::Show(arguments) => ended(show(arguments)),
        Command::Settle(arguments) => ended(settle(arguments)),
    }
}

async fn list(arguments: List) -> Result<Said, Said> {
    let List { common, external, state, review, shop, since, until, page } = arguments;
    let filter = PaymentFilter {
        external,
        state: state.as_deref().and_then(PaymentState::from_name),
        review,
        shop_transaction_id: shop,
        since,
        until,
    };
    let limit = usize::from(page.limit);
    let found = common.look()?.payments(&filter, page.cursor.map(PaymentKey), limit).await?;
    let shown = json::payments(&found, limit);
    if common.json {
        return Ok(Said::done().with(&shown));
    }
    let rows: Vec<_> = found.iter().map(row).collect();
    let said = table(Said::done(), ["CREATED", "EXTERNAL", "PAYMENT", "SHOP ID", "AMOUNT", "STATE", "REVIEW"], &rows);
    Ok(match shown["next"].as_str() {
        Some(next) => said.note(format_args!("there may be more: --cursor {next}")),
        None => said,
    })
}

async fn show(arguments: Show) -> Result<Said, Said> {
    let by_hand = ByHand::new(arguments.common.look()?, Clock::system());
    let whole = by_hand.payment(arguments.external.as_deref(), &arguments.name).await?;
    let shown = json::whole_payment(&whole);
    Ok(if arguments.common.json { Said::done().with(&shown) } else { told(&whole) })
}

async fn settle(arguments: Settle) -> Result<Said, Said> {
    let loaded = arguments.common.load()?;
    let decision = Decision {
        name: arguments.name,
        external: arguments.external,
        verdict: Verdict::from_name(&arguments.outcome).ok_or_else(|| Said::unusable("no such outcome"))?,
        captured: arguments.captured,
        correct: arguments.correct,
        signed: arguments.signature.checked()?,
    };
    let payment = Reach::find(&loaded.config)?.settle(decision).await?;
    if arguments.common.json {
        return Ok(Said::done().with(&payment));
    }
    let text = |member: &str| payment[member].as_str().unwrap_or_default().to_owned();
    Ok(Said::done().line(&format!("{} is {} now", text("paymentId"), text("state"))))
}

fn row(payment: &Payment) -> [String; 7] {
    [
        payment.created_at.rfc3339(),
        payment.external.clone(),
        payment.shown_id().to_owned(),
        payment.shop_transaction_id.clone().unwrap_or_default(),
        payment.amount.as_ref().map(|amount| format!("{} {}", amount.minor, amount.currency)).unwrap_or_default(),
        payment.state.name().to_owned(),
        payment.review.clone().unwrap_or_default(),
    ]
}

/// For people: the payment, then a table of everything that belongs to it.
fn told(whole: &WholePayment) -> Said {
    let payment = &whole.payment;
    let amount = |minor: Option<u64>| minor.map_or_else(|| "not known".to_owned(), |minor| minor.to_string());
    let facts = [
        ("payment", payment.shown_id().to_owned()),
        ("reference", payment.reference.0.clone()),
        ("external", payment.external.clone()),
        ("shop id", payment.shop_transaction_id.clone().unwrap_or_default()),
        ("state", payment.state.name().to_owned()),
        ("review", payment.review.clone().unwrap_or_default()),
        ("asked", amount(payment.amount.as_ref().map(|amount| amount.minor))),
        ("currency", payment.currency().unwrap_or_default().to_owned()),
        ("captured", amount(payment.captured)),
        ("refunded", payment.refunded.to_string()),
        ("held", payment.held().to_string()),
        ("next question", payment.ask_at.map(Timestamp::rfc3339).unwrap_or_default()),
    ];
    let facts: Vec<_> = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let rows: Vec<_> = facts.into_iter().map(|(name, value)| [name.to_owned(), value]).collect();
    let said = table(Said::done(), ["WHAT", "VALUE"], &rows);
    let rows = whole.operations.iter().map(|operation| {
        let stands = operation.state.map(|state| state.name()).or(operation.outcome.map(|outcome| outcome.name()));
        [
            operation.created_at.rfc3339(),
            operation.kind.name().to_owned(),
            operation.reference.0.clone(),
            operation.amount.as_ref().map(|amount| amount.minor.to_string()).unwrap_or_default(),
            stands.unwrap_or(operation.phase.name()).to_owned(),
        ]
    });
    let said = table(said.line(""), ["OPERATION", "KIND", "REFERENCE", "AMOUNT", "STATE"], &rows.collect::<Vec<_>>());
    let said = table(said.line(""), super::callbacks::HEADS, &super::callbacks::rows(&whole.callbacks));
    if whole.audit.is_empty() {
        return said;
    }
    let rows = whole.audit.iter().map(|entry| {
        let change = format!("{} to {}", entry.before, entry.after);
        [
            entry.at.rfc3339(),
            entry.who.clone(),
            entry.action.name().to_owned(),
            entry.subject.clone(),
            change,
            entry.reason.clone(),
        ]
    });
    table(said.line(""), ["DECIDED", "BY", "ACTION", "ABOUT", "FROM", "WHY"], &rows.collect::<Vec<_>>())
}
