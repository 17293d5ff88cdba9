//! `provost callbacks list`, `show` and `replay`.

use super::super::said::Said;
use super::moment::moment;
use super::reach::{Callbacks, Reach};
use super::table::table;
use super::{Common, Page, Signature, ended};
use crate::api::admin::json;
use crate::clock::{Clock, Timestamp};
use crate::operations::ByHand;
use crate::store::{CallbackFilter, CallbackKey, CallbackRecord, CallbackState, Store, WholeCallback};
use clap::builder::PossibleValuesParser;
use serde_json::json;

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List callbacks, the newest first
    #[command(after_help = "Examples:
  provost callbacks list --state dead          what was given up
  provost callbacks list --payment order-4711
  provost callbacks list --state waiting --until 1h --json")]
    List(List),
    /// Show a callback: its body, and every attempt to deliver it
    #[command(after_help = "Examples:
  provost callbacks show msg_018f3c5e9d
  provost callbacks show msg_018f3c5e9d --json | jq .body")]
    Show(Show),
    /// Send callbacks again: the same ids and bytes, in order per payment
    #[command(after_help = "Examples:
  provost callbacks replay msg_018f3c5e9d --reason 'the shop lost it'
  provost callbacks replay --all --external acme --since 2026-01-31 --reason 'the shop is back'
  provost callbacks replay --all --state delivered --payment order-4711 --reason 'restored from a backup'

--all means every dead letter, or with --state delivered what was delivered; the other options say which of them.")]
    Replay(Replay),
}

/// What callbacks have in common.
#[derive(Debug, clap::Args)]
struct Fitting {
    /// Of this external
    #[arg(long, value_name = "NAME")]
    external: Option<String>,
    /// Of this payment, by any name
    #[arg(long, value_name = "NAME")]
    payment: Option<String>,
    /// Made then or later: 2026-01-31T12:00:00Z, 2026-01-31, or 24h ago
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    since: Option<Timestamp>,
    /// Made before then
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    until: Option<Timestamp>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    common: Common,
    /// That stand so
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(CallbackState::ALL.map(CallbackState::name)))]
    state: Option<String>,
    #[command(flatten)]
    fitting: Fitting,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    common: Common,
    /// Its id, as the merchant sees it in webhook-id
    id: String,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Replay {
    #[command(flatten)]
    common: Common,
    /// The one that has this id
    #[arg(conflicts_with_all = ["all", "state", "external", "payment", "since", "until"], required_unless_present = "all")]
    id: Option<String>,
    /// Every one that fits
    #[arg(long)]
    all: bool,
    /// That stand so
    #[arg(long, value_name = "STATE", value_parser = ["dead", "delivered"], default_value = "dead")]
    state: String,
    #[command(flatten)]
    fitting: Fitting,
    #[command(flatten)]
    signature: Signature,
}

/// Runs it.
pub(in crate::cli) fn run(command: Command) -> anyhow::Result<Said> {
    match command {
        Command::List(arguments) => ended(list(arguments)),
        Command::Show(arguments) => ended(show(arguments)),
        Command::Replay(arguments) => ended(replay(arguments)),
    }
}

impl Fitting {
    async fn filter(&self, store: Store, state: Option<CallbackState>) -> Result<CallbackFilter, Said> {
        let payment = match &self.payment {
            Some(name) => {
                let by_hand = ByHand::new(store, Clock::system());
                Some(by_hand.payment(self.external.as_deref(), name).await?.payment.key)
            }
            None => None,
        };
        Ok(CallbackFilter { external: self.external.clone(), payment, state, since: self.since, until: self.until })
    }
}

async fn list(arguments: List) -> Result<Said, Said> {
    let store = arguments.common.look()?;
    let state = arguments.state.as_deref().and_then(CallbackState::from_name);
    let filter = arguments.fitting.filter(store.clone(), state).await?;
    let limit = usize::from(arguments.page.limit);
    let found = store.callbacks(&filter, arguments.page.cursor.map(CallbackKey), limit).await?;
    let shown = json::callbacks(&found, limit);
    if arguments.common.json {
        return Ok(Said::done().with(&shown));
    }
    let said = table(Said::done(), HEADS, &rows(&found));
    Ok(match shown["next"].as_str() {
        Some(next) => said.note(format_args!("there may be more: --cursor {next}")),
        None => said,
    })
}

async fn show(arguments: Show) -> Result<Said, Said> {
    let found = arguments.common.look()?.callback(&arguments.id).await?;
    let whole = found.ok_or_else(|| Said::failed(&anyhow::anyhow!("no callback has the id {:?}", arguments.id)))?;
    let shown = json::whole_callback(&whole);
    Ok(if arguments.common.json { Said::done().with(&shown) } else { told(&whole, &shown["body"]) })
}

async fn replay(arguments: Replay) -> Result<Said, Said> {
    let loaded = arguments.common.load()?;
    let signed = arguments.signature.checked()?;
    let callbacks = match arguments.id {
        Some(id) => Callbacks::One(id),
        None => {
            let state = CallbackState::from_name(&arguments.state);
            let filter = arguments.fitting.filter(arguments.common.look()?, state).await?;
            Callbacks::All { filter, payment: arguments.fitting.payment }
        }
    };
    let ids = Reach::find(&loaded.config)?.replay(callbacks, signed).await?;
    if arguments.common.json {
        return Ok(Said::done().with(&json!({ "replayed": ids })));
    }
    Ok(match ids.len() {
        0 => Said::done().note("nothing fits: nothing is sent again"),
        1 => Said::done().line(&format!("{} goes out again", ids[0])),
        count => Said::done().line(&format!("{count} callbacks go out again")),
    })
}

pub(super) const HEADS: [&str; 7] = ["CALLBACK", "CREATED", "ABOUT", "TYPE", "STATE", "ATTEMPTS", "DUE"];

pub(super) fn rows(callbacks: &[CallbackRecord]) -> Vec<[String; 7]> {
    let row = |callback: &CallbackRecord| {
        [
            callback.id.clone(),
            callback.created_at.rfc3339(),
            callback.payment.clone().or(callback.subscription.clone()).unwrap_or_default(),
            callback.kind.clone(),
            callback.state.name().to_owned(),
            callback.attempts.to_string(),
            callback.due_at.map(Timestamp::rfc3339).unwrap_or_default(),
        ]
    };
    callbacks.iter().map(row).collect()
}

fn told(whole: &WholeCallback, body: &serde_json::Value) -> Said {
    let said = table(Said::done(), HEADS, &rows(std::slice::from_ref(&whole.callback)));
    let rows = whole.attempts.iter().map(|attempt| {
        [
            attempt.at.rfc3339(),
            attempt.status.map(|status| status.to_string()).unwrap_or_default(),
            format!("{} ms", attempt.duration.as_millis()),
            attempt.error.clone().unwrap_or_default(),
        ]
    });
    let said = table(said.line(""), ["ATTEMPT", "STATUS", "TOOK", "WHAT WAS WRONG"], &rows.collect::<Vec<_>>());
    said.line("").with(body)
}
