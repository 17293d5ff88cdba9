//! The command line as a process: `plugin call`, what it shows and never shows, completions and man pages.

use crate::harness::{component, program};
use serde_json::{Value, json};
use simulators::provider::{Misbehaviour, Rule};
use simulators::{Provider, Response};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The key that the example plugin sends, and its base64.
const KEY: (&str, &str) = ("acme-api-key", "YWNtZS1hcGkta2V5");

/// What a run of the program came to.
#[derive(Debug)]
struct Run {
    code: i32,
    out: String,
    err: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    fn has_no_colour(&self) -> &Self {
        assert!(!self.out.contains('\u{1b}') && !self.err.contains('\u{1b}'), "{self:?}");
        self
    }
}

/// Runs the program with nothing in its environment but what is given.
fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Run {
    let mut command = Command::new(program());
    command.args(arguments).current_dir(folder).env_clear().envs(environment.iter().copied());
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the program can be started");
    // One that does not read ends the pipe.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Run { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}

/// Calls the sandbox without any configuration.
fn sandbox(operation: &str, body: &Value) -> Run {
    let (folder, file) = (empty(), component("sandbox"));
    run(folder.path(), &["plugin", "call", named(&file), operation, &body.to_string()], &[], "")
}

fn payment(amount: u64) -> Value {
    json!({ "amount": amount, "currency": "EUR", "shopTransactionId": "order-1" })
}

/// Calls the example plugin, configured so, with its key.
fn acme(configuration: &str, more: &[&str], operation: &str, body: &Value) -> Run {
    let folder = configured(configuration);
    let (file, body) = (component("acme"), body.to_string());
    let arguments = [&["plugin", "call"], more, &[named(&file), operation, &body]].concat();
    run(folder.path(), &arguments, &[("ACME_KEY", KEY.0)], "")
}

fn configured(configuration: &str) -> TempDir {
    let folder = empty();
    std::fs::write(folder.path().join("provost.toml"), configuration).expect("the folder can be written to");
    folder
}

fn empty() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn named(file: &Path) -> &str {
    file.to_str().expect("the workspace has a path in UTF-8")
}

/// In front of a scripted provider, which is granted or not.
fn configuration(provider: &Provider, granted: bool) -> String {
    let url = provider.url();
    let (other, secret) = ("https://api.acme.example", if granted { &url } else { "https://api.acme.example" });
    let allow = if granted { format!("{{ origin = \"{url}\", private = true }}") } else { format!("\"{other}\"") };
    format!(
        "[providers.acme]\nallow = [{allow}]\nsettings = {{ base_url = \"{url}\" }}\n\
         secrets.api_key = {{ env = \"ACME_KEY\", origins = [\"{secret}\"] }}\n"
    )
}

#[test]
fn a_payment_is_called_and_answered_as_a_host_would_answer_it() {
    let run = sandbox("pay", &payment(500));
    let told = run.has_no_colour().json();
    assert_eq!(
        (run.code, &told["answer"]["status"], &told["answer"]["body"]["result"]),
        (0, &json!(200), &json!("OK"))
    );
    assert_eq!((&told["outcome"]["name"], &told["failed"]), (&json!("succeeded"), &Value::Null));
    assert_eq!(told["outcome"]["carry"]["json"], json!({ "scenario": "succeed" }));
    assert!(told.get("exchange").is_none(), "that is told on stderr");
    assert!(run.err.contains("nothing is granted") && run.err.contains("CPU"), "{}", run.err);
}

#[test]
fn a_decline_is_an_answer_and_ends_well() {
    let run = sandbox("pay", &payment(501));
    let told = run.json();
    assert_eq!((run.code, &told["answer"]["body"]["result"]), (0, &json!("KO")));
    assert_eq!((&told["outcome"]["name"], &told["outcome"]["code"]), (&json!("declined"), &json!("card_declined")));
}

#[test]
fn what_the_store_would_know_is_handed_in_and_a_status_is_told() {
    let paid = sandbox("pay", &payment(503)).json();
    let known = json!({
        "paymentId": paid["outcome"]["id"], "amount": 503, "currency": "EUR", "carry": paid["outcome"]["carry"]["json"],
    });
    let status = sandbox("status", &known);
    assert_eq!((status.code, &status.json()["answer"]["body"]["status"]), (0, &json!("ACCEPTED")), "{status:?}");
    let refunded = sandbox(
        "refund",
        &json!({
            "paymentId": paid["outcome"]["id"], "amount": 100, "currency": "EUR", "paymentAmount": 503,
            "carry": paid["outcome"]["carry"]["json"],
        }),
    );
    assert_eq!((refunded.code, &refunded.json()["answer"]["body"]["result"]), (0, &json!("OK")), "{refunded:?}");
    let stranger = sandbox("status", &json!({ "paymentId": "pay_other" }));
    assert_eq!((stranger.code, &stranger.json()["answer"]["status"]), (1, &json!(404)), "{stranger:?}");
}

#[test]
fn a_reserved_payment_is_captured_and_released() {
    let authorized = json!({ "scenario": "authorize" });
    let mut body = payment(500);
    body["providerData"] = authorized.clone();
    let reserved = sandbox("pay", &body).json();
    assert_eq!(reserved["outcome"]["name"], "authorized");
    let id = &reserved["outcome"]["id"];
    let capture = json!({
        "paymentId": id, "amount": 200, "currency": "EUR", "final": false, "paymentAmount": 500, "carry": authorized,
    });
    let captured = sandbox("capture", &capture);
    assert_eq!((captured.code, &captured.json()["outcome"]["name"]), (0, &json!("succeeded")), "{captured:?}");
    let void = json!({ "paymentId": id, "amount": 500, "currency": "EUR", "carry": authorized });
    let released = sandbox("void", &void);
    assert_eq!((released.code, &released.json()["answer"]["status"]), (0, &json!(200)), "{released:?}");
    let all = sandbox("capture", &json!({ "paymentId": id }));
    assert!(all.code == 2 && all.err.contains("in the JSON: /amount"), "{all:?}");
}

#[test]
fn a_subscription_begins_is_told_of_changed_charged_and_ended() {
    let mut body = payment(500);
    body["subscriptionInfo"] = json!({ "interval": "MONTH", "intervalCount": 1 });
    let begun = sandbox("start", &body).json();
    let (token, known) = (&begun["answer"]["body"]["subscriptionToken"], &begun["outcome"]["subscription"]);
    assert_eq!((&known["token"], &known["state"]), (token, &json!("active")));
    let carry = &known["carry"]["json"];
    let told = sandbox("subscription-status", &json!({ "subscriptionToken": token, "carry": carry }));
    assert_eq!((told.code, &told.json()["answer"]["body"]["status"]), (0, &json!("ACTIVE")), "{told:?}");
    let mut charge = payment(500);
    charge["subscriptionInfo"] = json!({ "token": token });
    charge["carry"] = carry.clone();
    let change = json!({ "subscriptionToken": token, "amount": 700, "currency": "EUR", "carry": carry });
    for (operation, body) in
        [("charge", charge), ("update", change), ("expire", json!({ "subscriptionToken": token, "carry": carry }))]
    {
        let run = sandbox(operation, &body);
        assert_eq!((run.code, &run.json()["answer"]["status"]), (0, &json!(200)), "{operation}: {run:?}");
    }
}

#[test]
fn a_link_is_made_and_a_utility_answers_in_its_own_words() {
    let link = sandbox("link", &payment(500));
    assert!(link.code == 0 && link.json()["answer"]["body"]["link"].is_string(), "{link:?}");
    for (method, reference) in [("GET", false), ("POST", true)] {
        let echoed = sandbox("utility", &json!({ "method": method, "name": "echo", "query": { "a": "b" } }));
        assert_eq!((echoed.code, &echoed.json()["answer"]["body"]["name"]), (0, &json!("echo")), "{echoed:?}");
        assert_eq!(echoed.json()["reference"].is_string(), reference, "only what may write is an operation");
    }
}

#[test]
fn a_webhook_is_read_and_answered() {
    let hint = json!({ "url": "http://localhost/v3/sandbox/callback?paymentId=pay_1" });
    let run = sandbox("receive", &hint);
    let told = run.json();
    assert_eq!((run.code, &told["answer"]["status"], &told["webhook"]["trust"]), (0, &json!(200), &json!("hint")));
    let forged = sandbox("receive", &json!({ "headers": {}, "body": "{}" }));
    assert_eq!((forged.code, &forged.json()["answer"]["status"]), (1, &json!(401)), "{forged:?}");
}

#[test]
fn a_trap_a_refusal_and_a_lost_answer_fail_and_say_why() {
    for (amount, outcome, why) in
        [(508, "not_executed", "asked to trap"), (505, "not_executed", "as wished"), (506, "unknown", "got lost")]
    {
        let run = sandbox("pay", &payment(amount));
        assert_eq!((run.code, &run.json()["outcome"]["name"]), (1, &json!(outcome)), "{run:?}");
        assert!(run.err.lines().any(|line| line.starts_with("error: ") && line.contains(why)), "{}", run.err);
    }
}

#[test]
fn a_wrong_command_line_is_told_with_what_is_wrong_and_calls_nothing() {
    let folder = empty();
    let (file, pay) = (component("sandbox"), payment(500).to_string());
    let file = named(&file);
    for (arguments, said) in [
        (&["missing.wasm", "pay", &pay][..], "missing.wasm cannot be read"),
        (&[file, "pay", "{"], "in the JSON: The body is not JSON"),
        (&[file, "pay", "{\"amount\": 5.0}"], "in the JSON: /amount: must be an integer"),
        (&[file, "pay", "{\"amount\": 5.0}"], "in the JSON: /shopTransactionId: is required"),
        (&[file, "pay"], "no JSON"),
        (&[file, "sell", "{}"], "possible values: pay, link, refund"),
        (&["--config", "missing.toml", file, "pay", &pay], "missing.toml cannot be read"),
        (&["--external", "other", file, "pay", &pay], "no [providers.other]"),
    ] {
        let run = run(folder.path(), &[&["plugin", "call"], arguments].concat(), &[], "");
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert!(run.has_no_colour().err.contains(said), "{said} is not in {}", run.err);
    }
}

#[test]
fn what_a_host_would_refuse_is_not_called() {
    let folder = empty();
    std::fs::write(folder.path().join("junk.wasm"), "junk").unwrap();
    let refused = run(folder.path(), &["plugin", "call", "junk.wasm", "pay", "{}"], &[], "");
    assert!(refused.code == 1 && refused.err.contains("a host would refuse junk.wasm"), "{refused:?}");
    let file = component("acme");
    let lacking = run(folder.path(), &["plugin", "call", named(&file), "pay", "{}"], &[], "");
    assert!(lacking.code == 2 && lacking.err.contains("set providers.acme.secrets.api_key"), "{lacking:?}");
    let file = component("pay-only");
    let unable = run(folder.path(), &["plugin", "call", named(&file), "refund", "{}"], &[], "");
    assert_eq!((unable.code, &unable.json()["answer"]["status"]), (1, &json!(501)), "{unable:?}");
}

#[test]
fn a_body_may_come_on_stdin() {
    let (folder, file) = (empty(), component("sandbox"));
    for more in [&[][..], &["-"]] {
        let arguments = [&["plugin", "call", named(&file), "pay"], more].concat();
        let run = run(folder.path(), &arguments, &[], &payment(500).to_string());
        assert_eq!((run.code, &run.json()["outcome"]["name"]), (0, &json!("succeeded")), "{run:?}");
    }
}

#[test]
fn the_exchange_is_shown_in_both_forms() {
    let provider = Provider::start();
    let configuration = configuration(&provider, true);
    let run = acme(&configuration, &[], "pay", &payment(500));
    assert_eq!((run.code, provider.ledger().charges().len()), (0, 1), "{run:?}");
    let request = format!("> POST {}/charges", provider.url());
    for line in [request.as_str(), "> Authorization: Bearer {secret api_key Raw}", "< 201"] {
        assert!(run.err.lines().any(|said| said.starts_with(line)), "{line} is not in {}", run.err);
    }
    let run = acme(&configuration, &["--json"], "pay", &payment(500));
    let told = run.json();
    let exchange = &told["exchange"][0];
    assert_eq!((run.code, run.err.as_str(), &exchange["answer"]["status"]), (0, "", &json!(201)));
    assert_eq!(exchange["request"]["headers"]["Authorization"], "Bearer {secret api_key Raw}");
    assert_eq!((&told["writes"]["left"], &told["cost"]["requests"]), (&json!(1), &json!(1)));
}

#[test]
fn a_missing_grant_is_shown_as_denied_with_the_line_to_add() {
    let provider = Provider::start();
    let run = acme(&configuration(&provider, false), &[], "pay", &payment(500));
    assert_eq!((run.code, &run.json()["outcome"]["name"]), (1, &json!("not_executed")), "{run:?}");
    let advice = format!("add \"{}\" to allow in [providers.acme]", provider.url());
    assert!(run.err.contains("is not granted") && run.err.contains(&advice), "{}", run.err);
    assert!(provider.ledger().requests().is_empty());
}

#[test]
fn no_secret_is_ever_printed_even_if_the_provider_sends_it_back() {
    let provider = Provider::start();
    let echo = json!({ "code": KEY.0, "description": format!("key {} is {}", KEY.0, KEY.1) });
    let echo =
        Response::status(402).header("content-type", "application/json").header("x-echo", KEY.0).body(echo.to_string());
    provider.fail(Rule::charge(Misbehaviour::Answer(echo).before()).always());
    for more in [&[][..], &["--json"]] {
        let run = acme(&configuration(&provider, true), more, "pay", &payment(500));
        assert_eq!((run.code, &run.json()["outcome"]["name"]), (0, &json!("declined")), "{run:?}");
        for secret in [KEY.0, KEY.1] {
            assert!(!run.out.contains(secret) && !run.err.contains(secret), "{secret} is in {run:?}");
        }
        assert_eq!(run.json()["outcome"]["code"], "{secret api_key Raw}");
    }
    assert_eq!(provider.ledger().requests()[0].header("authorization"), Some(&*format!("Bearer {}", KEY.0)));
}

#[test]
fn colours_are_only_where_they_are_asked_for() {
    let folder = empty();
    let missing = ["plugin", "inspect", "missing.wasm"];
    run(folder.path(), &missing, &[], "").has_no_colour();
    run(folder.path(), &missing, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], "").has_no_colour();
    run(folder.path(), &["--help"], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], "").has_no_colour();
    let forced = run(folder.path(), &missing, &[("CLICOLOR_FORCE", "1")], "");
    assert!(forced.err.contains('\u{1b}') && !forced.out.contains('\u{1b}'), "{forced:?}");
}

#[test]
fn a_log_on_a_terminal_follows_the_same_rules() {
    let folder = empty();
    // The store cannot be opened: the host warns of what is probably not meant, and ends.
    let text = [("PROVOST_LOG__FORMAT", "text"), ("PROVOST_STORE__URL", "sqlite:missing/provost.db")];
    let log =
        |more: &[(&str, &str)]| run(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &[&text, more].concat(), "");
    let plain = log(&[]);
    assert!(plain.code == 1 && plain.err.contains("WARN") && plain.err.contains("see store.url"), "{plain:?}");
    plain.has_no_colour();
    log(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]).has_no_colour();
    let forced = log(&[("CLICOLOR_FORCE", "1")]);
    assert!(forced.err.lines().any(|line| line.contains("WARN") && line.contains('\u{1b}')), "{forced:?}");
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let folder = empty();
    let commands = ["serve", "plugin", "inspect", "call", "config", "check", "show", "completions", "man"];
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(folder.path(), &["completions", shell], &[], "");
        assert!(script.code == 0 && commands.iter().all(|command| script.out.contains(command)), "{shell}: {script:?}");
    }
    let printed = run(folder.path(), &["man"], &[], "");
    let written = run(folder.path(), &["man", "--dir", "pages/man1"], &[], "");
    assert_eq!((printed.code, written.code), (0, 0), "{written:?}");
    let page = |name: &str| std::fs::read_to_string(folder.path().join("pages/man1").join(name)).unwrap();
    assert_eq!(page("provost.1"), printed.out);
    for name in [
        "serve",
        "plugin",
        "plugin-inspect",
        "plugin-call",
        "config",
        "config-check",
        "config-show",
        "completions",
        "man",
    ] {
        assert!(printed.out.contains(name.split('-').next().unwrap()), "{name} is not in provost(1)");
        let page = page(&format!("provost-{name}.1"));
        assert!(page.contains("EXAMPLES") && page.contains("EXIT STATUS"), "{page}");
    }
}
