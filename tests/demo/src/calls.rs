//! The calls to paste: shell text, and what it must print. What is printed for a person is what
//! `--once` runs.

use crate::host::WEBHOOK_SECRET;

/// One thing to try.
pub(crate) struct Call {
    pub(crate) title: &'static str,
    /// For a POSIX shell, with curl and openssl.
    pub(crate) script: String,
    /// Each must be somewhere in what it prints, blanks aside.
    pub(crate) promises: &'static [&'static str],
}

/// The calls, in the order in which they make sense.
pub(crate) fn all(url: &str) -> Vec<Call> {
    let (sandbox, wallet) = (format!("{url}/v3/sandbox"), format!("{url}/v3/wallet"));
    let call = |title, script, promises| Call { title, script, promises };
    vec![
        call(
            "What is served here, and what the sandbox can do",
            get(&format!("{url}/v3")) + "\n" + &get(&sandbox),
            &["\"sandbox\"", "\"wallet\"", "\"pay\"", "\"refund\"", "\"status\"", "(200)"],
        ),
        call("A payment", pay(&sandbox, 1200, "order-1"), &[r#""result":"OK""#, r#""paymentId":""#, "(200)"]),
        call("A decline: the amount ends in 01", pay(&sandbox, 1201, "order-2"), &[r#""result":"KO""#, "(200)"]),
        call(
            "A payer who must go somewhere first: 02",
            pay(&sandbox, 1202, "order-3"),
            &[r#""result":"REDIRECT_TO_URL""#, r#""redirectToUrl":"http"#, "(200)"],
        ),
        call(
            "… comes back, and the provider says so by a signed webhook",
            accepted_by_webhook(&sandbox, "order-3") + "\n" + &status(&sandbox, "order-3"),
            &[r#""status":"ACCEPTED""#, "(200)"],
        ),
        call(
            "A payment that is decided later: 03",
            pay(&sandbox, 1203, "order-4"),
            &[r#""result":"PENDING""#, "(200)"],
        ),
        call(
            "… is decided when asked for; its callback goes to the merchant",
            status(&sandbox, "order-4"),
            &[r#""status":"ACCEPTED""#, r#""shopTransactionId":"order-4""#, "(200)"],
        ),
        call(
            "A part of the first payment goes back",
            {
                let body = r#"{"amount":200,"currency":"EUR","paymentId":"'$id'"}"#;
                id_of(&sandbox, "order-1") + "\n" + &post(&format!("{sandbox}/refund"), body)
            },
            &[r#""result":"OK""#, r#""refundId":""#, "(200)"],
        ),
        call(
            "Check: ask the provider now, and tell the merchant whatever it says",
            get(&format!("{sandbox}/check?shopTransactionId=order-1")),
            &[r#""status":"ACCEPTED""#, "(200)"],
        ),
        call(
            "The same interface in front of a service of one's own, as PGM has it: the wallet",
            pay(&wallet, 2500, "order-5"),
            &[r#""result":"OK""#, r#""walletBalance":7500"#, "(200)"],
        ),
        call(
            "… which is asked how the payment stands",
            status(&wallet, "order-5"),
            &[r#""status":"ACCEPTED""#, r#""providerName":"wallet""#, "(200)"],
        ),
        call(
            "More than there is in the wallet",
            pay(&wallet, 7501, "order-6"),
            &[r#""result":"KO""#, r#""declineCode":"insufficient_funds""#, "(200)"],
        ),
    ]
}

/// The callbacks that those calls cause: type, and the shop's name for the payment.
pub(crate) const CALLBACKS: [(&str, &str); 10] = [
    ("payment.accepted", "order-1"),
    ("payment.failed", "order-2"),
    ("payment.pending", "order-3"),
    ("payment.accepted", "order-3"),
    ("payment.pending", "order-4"),
    ("payment.accepted", "order-4"),
    ("refund.accepted", "order-1"),
    ("check", "order-1"),
    ("payment.accepted", "order-5"),
    ("payment.failed", "order-6"),
];

const SHOW_STATUS: &str = r"-w ' (%{http_code})\n'";

fn get(url: &str) -> String {
    format!("curl -sS {SHOW_STATUS} '{url}'")
}

fn post(url: &str, body: &str) -> String {
    format!("curl -sS {SHOW_STATUS} '{url}' \\\n  -H 'content-type: application/json' \\\n  -d '{body}'")
}

fn pay(external: &str, amount: u64, order: &str) -> String {
    let body = format!(r#"{{"amount":{amount},"currency":"EUR","shopTransactionId":"{order}"}}"#);
    post(&format!("{external}/pay"), &body)
}

fn status(external: &str, order: &str) -> String {
    get(&format!("{external}/status?shopTransactionId={order}"))
}

/// Puts the provider's id of a payment into `$id`.
fn id_of(sandbox: &str, order: &str) -> String {
    let status = format!("curl -sS '{sandbox}/status?shopTransactionId={order}'");
    format!(
        r#"id=$({status} |
  sed 's/.*"paymentId": *"\([^"]*\)".*/\1/')"#
    )
}

fn accepted_by_webhook(sandbox: &str, order: &str) -> String {
    format!(
        r#"{id}
news='{{"id":"evt_1","paymentId":"'$id'","state":"accepted"}}'
now=$(date +%s)
code=$(printf %s "$now.$news" | openssl dgst -sha256 -hmac '{WEBHOOK_SECRET}' -r | cut -d ' ' -f 1)
curl -sS {SHOW_STATUS} '{sandbox}/callback' \
  -H 'content-type: application/json' -H "sandbox-signature: t=$now,v1=$code" \
  -d "$news""#,
        id = id_of(sandbox, order),
    )
}
