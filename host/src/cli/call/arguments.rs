//! What `provost plugin call` is told, with its help.

use super::operation::{OPERATIONS, Row};
use crate::cli::said::Said;
use bytes::Bytes;
use clap::builder::PossibleValuesParser;
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

/// Call one operation of a plugin without a server, and show what it sends
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(in crate::cli) struct Arguments {
    /// The component
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// What to call
    #[arg(value_name = "OPERATION", value_parser = PossibleValuesParser::new(OPERATIONS.iter().map(|row| row.name)))]
    pub(super) operation: String,
    /// The body; without it, or as -, stdin
    #[arg(value_name = "JSON")]
    pub(super) body: Option<String>,
    /// The configuration with the provider; without it ./provost.toml, if there is one
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The provider whose grants, secrets, settings and limits hold; without it that of the file's name
    #[arg(long, value_name = "NAME")]
    pub(super) external: Option<String>,
    /// Answer in one JSON document, with the exchange
    #[arg(long)]
    pub(super) json: bool,
}

/// The body that was given, or what is on stdin.
pub(super) fn body(given: Option<String>, row: &Row) -> Result<Bytes, Said> {
    let missing = || format!("no JSON: give it behind {}, or on stdin, such as '{}'", row.name, row.example);
    let from_stdin = match given {
        Some(text) if text != "-" => return Ok(text.into()),
        Some(_) => true,
        None => !std::io::stdin().is_terminal(),
    };
    let mut text = Vec::new();
    if from_stdin && let Err(error) = std::io::stdin().read_to_end(&mut text) {
        return Err(Said::unusable(format_args!("stdin cannot be read: {error}")));
    }
    if text.trim_ascii().is_empty() { Err(Said::unusable(missing())) } else { Ok(text.into()) }
}

const EXAMPLES: &str = "\
Examples:
  provost plugin call acme.wasm pay '{\"amount\": 500, \"currency\": \"EUR\", \"shopTransactionId\": \"1\"}'
  provost plugin call acme.wasm status '{\"paymentId\": \"pay_1\", \"carry\": {}}'
  provost plugin call --config provost.toml --external acme acme.wasm refund < refund.json
  provost plugin call --json acme.wasm pay - < pay.json | jq '.exchange[].request.url'";

const NOTES: &str = "\
A body is what POST /v3/NAME/pay and so on take. There is no store: what the host would know of a payment stands \
beside its members, all of it optional: carry, paymentMethod, shopTransactionId, and what was paid. What a path would \
carry stands among them too, subscriptionToken. A webhook is method, url, headers and body; a utility is method, name, \
query and body.

Requests really leave, toward what [providers.NAME] allows, with its secrets. Whatever is shown has a placeholder or \
[redacted] where a secret stood. State lives as long as the call; no webhook URL is given out, for nobody listens.

On stdout, in JSON:
  operation, external, plugin, reference   which call it was
  answer      what a caller would be answered: status, headers, body
  outcome     of an operation: name, id, code, carry, follow_ups, subscription, metadata, reason …
  status      of a status: what the plugin told of the payment or subscription
  webhook     of a webhook: trust and events, or why it was rejected
  failed      why the call counts as failed, or null
  learned     ids that the provider gave while the call ran
  emitted     news for the merchant

On stderr, or with --json beside them:
  exchange    in order: request with answer or error, line of log, denied secret; with advice
  writes      requests that may move money: left, answered
  verified    whether a signature was verified with a secret
  cost        cpu_ms, wall_ms, instantiate_ms, memory_peak in bytes, requests, log_cut";

/// The examples, one body for each operation, and what the document says.
fn after_help() -> String {
    let of_one_body = OPERATIONS.chunk_by(|one, other| one.example == other.example);
    let bodies: Vec<String> = of_one_body
        .map(|rows| {
            let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
            format!("  {}\n      {}", names.join(", "), rows[0].example)
        })
        .collect();
    format!("{EXAMPLES}\n\nBodies:\n{}\n\n{NOTES}", bodies.join("\n"))
}
