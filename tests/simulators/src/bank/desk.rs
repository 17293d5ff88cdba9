//! What a request to the bank does to the books.

use super::API_KEY;
use super::books::{Books, wished};
use super::entry::{Entry, Kind, Status};
use crate::server::{Request, Response};
use http::Method;
use std::collections::HashMap;

type Form = HashMap<String, String>;

/// Carries a request out and says what came of it.
pub(super) fn answer(books: &mut Books, request: &Request) -> Response {
    if request.header("authorization") != Some(&format!("Bearer {API_KEY}")) {
        return Response::status(401);
    }
    match (&request.method, request.segments().as_slice()) {
        (&Method::GET, ["entries", id]) => found(books.entry(id)),
        (&Method::GET, ["entries"]) => {
            let reference = request.query_value("reference").unwrap_or_default();
            told(200, books.made_by(reference))
        }
        (&Method::POST, ["entries"]) => once(books, request),
        _ => Response::status(404),
    }
}

/// A key is answered once and for all.
fn once(books: &mut Books, request: &Request) -> Response {
    let Some(key) = request.header("idempotency-key").map(str::to_owned) else {
        return complain(books, "a write has no Idempotency-Key".to_owned());
    };
    if let Some((body, answer)) = books.answers.get(&key) {
        if *body == request.body {
            return answer.clone();
        }
        return complain(books, format!("the key {key} was used for another request"));
    }
    let answer = make(books, &form(&request.body));
    books.answers.insert(key, (request.body.clone(), answer.clone()));
    answer
}

fn complain(books: &mut Books, complaint: String) -> Response {
    books.complaints.push(complaint);
    Response::status(400)
}

fn make(books: &mut Books, form: &Form) -> Response {
    let entry = |kind| entry(form, kind);
    match word(form, "kind") {
        "charge" => write(books, entry(Kind::Charge)),
        "link" => write(books, Entry { status: Status::Pending, settles: wished("pending").1, ..entry(Kind::Link) }),
        "instalment" => match books.entry(word(form, "of")).map(|subscription| subscription.status) {
            Some(Status::Active) => write(books, entry(Kind::Instalment)),
            _ => Response::status(409),
        },
        "refund" => refund(books, entry(Kind::Refund)),
        "capture" => capture(books, entry(Kind::Capture)),
        "void" => void(books, entry(Kind::Void)),
        "start" | "schedule" => subscribe(books, form),
        "update" => write(books, entry(Kind::Update)),
        "expire" => {
            if let Some(subscription) = books.entry_mut(word(form, "of")) {
                subscription.status = Status::Canceled;
            }
            write(books, entry(Kind::Expiry))
        }
        "utility" => write(books, entry(Kind::Utility)),
        _ => Response::status(400),
    }
}

fn refund(books: &mut Books, refund: Entry) -> Response {
    let given = books.done_to(&refund.of, Kind::Refund);
    match books.entry(&refund.of) {
        Some(charge) if charge.charges() && given + refund.amount <= charge.captured => write(books, refund),
        Some(_) => Response::status(409),
        None => Response::status(404),
    }
}

fn capture(books: &mut Books, capture: Entry) -> Response {
    let taken = books.done_to(&capture.of, Kind::Capture);
    let Some(charge) = books.entry_mut(&capture.of) else { return Response::status(404) };
    let reserved = matches!(charge.status, Status::Authorized | Status::Succeeded) && taken == charge.captured;
    if !reserved || taken + capture.amount > charge.amount {
        return Response::status(409);
    }
    if capture.is_alive() {
        charge.status = Status::Succeeded;
        charge.captured += capture.amount;
    }
    write(books, capture)
}

fn void(books: &mut Books, void: Entry) -> Response {
    match books.entry_mut(&void.of) {
        Some(charge) if charge.status == Status::Authorized => {
            charge.status = Status::Voided;
            write(books, Entry { status: Status::Voided, ..void })
        }
        Some(_) => Response::status(409),
        None => Response::status(404),
    }
}

/// The subscription and the charge that starts it, a line each.
fn subscribe(books: &mut Books, form: &Form) -> Response {
    let charge = entry(form, Kind::Charge);
    let mut lines = String::new();
    let mut status = 402;
    if charge.is_alive() {
        status = 200;
        let active = Entry { status: Status::Active, settles: None, captured: 0, ..entry(form, Kind::Subscription) };
        lines += &books.write(active).line(&[]);
    }
    if charge.amount > 0 {
        lines += &books.write(charge).line(&[]);
    }
    Response::status(status).body(lines)
}

fn write(books: &mut Books, entry: Entry) -> Response {
    let entry = books.write(entry);
    told(if entry.is_alive() { 200 } else { 402 }, [entry])
}

fn found(entry: Option<&Entry>) -> Response {
    entry.map_or_else(|| Response::status(404), |entry| told(200, [entry]))
}

fn told<'a>(status: u16, entries: impl IntoIterator<Item = &'a Entry>) -> Response {
    Response::status(status).body(entries.into_iter().map(|entry| entry.line(&[])).collect::<String>())
}

fn entry(form: &Form, kind: Kind) -> Entry {
    let text = |name| word(form, name).to_owned();
    let (status, settles) = wished(word(form, "wish"));
    let amount = word(form, "amount").parse().unwrap_or(0);
    let charges = matches!(kind, Kind::Charge | Kind::Instalment);
    Entry {
        id: String::new(),
        kind,
        status,
        amount,
        currency: text("currency"),
        captured: if charges && status == Status::Succeeded { amount } else { 0 },
        shop: text("shop"),
        reference: text("reference"),
        of: text("of"),
        notify: text("notify"),
        settles,
    }
}

fn word<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map(String::as_str).unwrap_or_default()
}

fn form(body: &[u8]) -> Form {
    url::form_urlencoded::parse(body).into_owned().collect()
}
