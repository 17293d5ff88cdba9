//! The document for people: the exchange as it went, in the manner of `curl -v`, then what it cost.

use crate::cli::plain::plain;
use clap::builder::styling::{AnsiColor, Style};
use serde_json::Value;
use std::fmt::Write as _;

/// Bytes of one body that are shown; `--json` has all of it.
const BODY: usize = 4 << 10;

/// What happened, in lines for a terminal.
pub(super) fn story(document: &Value) -> String {
    let mut story = Story(String::new());
    story.head(document);
    for scene in items(&document["exchange"]) {
        story.scene(scene);
    }
    story.end(document);
    story.0
}

struct Story(String);

impl Story {
    fn head(&mut self, document: &Value) {
        let plugin = &document["plugin"];
        let [name, version, digest] = ["name", "version", "digest"].map(|member| text(&plugin[member]));
        let short = digest.get(..12).unwrap_or(digest);
        let [operation, external] = ["operation", "external"].map(|member| text(&document[member]));
        let line = format!("{operation} of {name} {version} ({short}), as providers.{external}");
        self.line('*', AnsiColor::Cyan, &line);
    }

    fn scene(&mut self, scene: &Value) {
        if let Some(line) = scene.get("line") {
            let [level, stream, said] = ["level", "stream", "text"].map(|member| text(&line[member]));
            self.line('*', AnsiColor::Cyan, &format!("{stream} {level}: {said}"));
        } else if let Some(denied) = scene.get("denied") {
            self.trouble(&format!("secrets: denied: {}", text(&denied["reason"])), &denied["advice"]);
        } else {
            self.exchange(scene);
        }
    }

    fn exchange(&mut self, exchange: &Value) {
        let request = &exchange["request"];
        let [method, url] = ["method", "url"].map(|member| text(&request[member]));
        self.message('>', AnsiColor::Blue, &format!("{method} {url}"), request);
        let took = exchange["took_ms"].as_f64().map(|took| format!(" (after {took} ms)")).unwrap_or_default();
        match exchange.get("answer") {
            Some(answer) => {
                self.message('<', AnsiColor::Green, &format!("{}{took}", answer["status"]), answer);
            }
            None => {
                let error = &exchange["error"];
                self.trouble(&format!("{}{took}", text(&error["text"])), &error["advice"]);
            }
        }
    }

    fn message(&mut self, mark: char, color: AnsiColor, first: &str, message: &Value) {
        self.line(mark, color, first);
        for (name, value) in message["headers"].as_object().into_iter().flatten() {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for value in values {
                self.line(mark, color, &format!("{name}: {}", text(value)));
            }
        }
        let body = text(&message["body"]);
        let shown = &body[..body.floor_char_boundary(BODY)];
        if !body.is_empty() {
            self.line(mark, color, "");
        }
        for line in shown.lines() {
            self.line(mark, color, line);
        }
        if shown.len() < body.len() {
            self.line(mark, color, &format!("… {} bytes more: --json shows them", body.len() - shown.len()));
        }
    }

    fn trouble(&mut self, what: &str, advice: &Value) {
        self.line('!', AnsiColor::Red, what);
        if let Some(advice) = advice.as_str() {
            self.line('!', AnsiColor::Red, advice);
        }
    }

    fn end(&mut self, document: &Value) {
        let Some(cost) = document.get("cost") else { return };
        for (what, list) in [("learned", &document["learned"]), ("emitted", &document["emitted"])] {
            for item in items(list) {
                self.line('*', AnsiColor::Cyan, &format!("{what}: {item}"));
            }
        }
        let writes = &document["writes"];
        self.line(
            '*',
            AnsiColor::Cyan,
            &format!(
                "requests: {}; writes that left: {}, answered: {}",
                cost["requests"], writes["left"], writes["answered"]
            ),
        );
        let memory = cost["memory_peak"].as_u64().unwrap_or_default() >> 10;
        let line = format!(
            "cost: {} ms CPU, {} ms in all, {} ms of them to instantiate, {memory} KiB of memory",
            cost["cpu_ms"], cost["wall_ms"], cost["instantiate_ms"]
        );
        self.line('*', AnsiColor::Cyan, &line);
        if cost["log_cut"] != 0 {
            self.line('!', AnsiColor::Red, &format!("log: {} bytes were cut, by limits.log", cost["log_cut"]));
        }
    }

    fn line(&mut self, mark: char, color: AnsiColor, text: &str) {
        let style = Style::new().fg_color(Some(color.into()));
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{}", format!("{style}{mark}{style:#} {}", plain(text)).trim_end());
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_exchange_reads_from_top_to_bottom() {
        let document = json!({
            "operation": "pay", "external": "acme",
            "plugin": { "name": "acme", "version": "1.0", "digest": "0123456789abcdef" },
            "exchange": [
                { "line": { "level": "info", "stream": "log", "text": "hello\u{1b}[2J" } },
                {
                    "request": { "method": "POST", "url": "https://a.example/x", "headers": { "a": "b", "c": ["d", "e"] }, "body": "{}\n2" },
                    "took_ms": 1.5,
                    "answer": { "status": 201, "headers": {}, "body": "x".repeat(BODY + 3) },
                },
                {
                    "request": { "method": "GET", "url": "https://b.example", "headers": {}, "body": null },
                    "took_ms": 0.1,
                    "error": { "text": "denied: not granted", "advice": "add it" },
                },
                { "denied": { "reason": "no secret key", "advice": "set it" } },
            ],
            "learned": [{ "payment": "p" }], "emitted": [],
            "writes": { "left": 1, "answered": 1 },
            "cost": { "cpu_ms": 0.5, "wall_ms": 2.0, "instantiate_ms": 0.1, "memory_peak": 2048, "requests": 2, "log_cut": 7 },
        });
        let story = anstream::adapter::strip_str(&story(&document)).to_string();
        let expected = [
            "* pay of acme 1.0 (0123456789ab), as providers.acme".to_owned(),
            "* log info: hello\\u{1b}[2J".to_owned(),
            "> POST https://a.example/x".to_owned(),
            "> a: b".to_owned(),
            "> c: d".to_owned(),
            "> c: e".to_owned(),
            ">".to_owned(),
            "> {}".to_owned(),
            "> 2".to_owned(),
            "< 201 (after 1.5 ms)".to_owned(),
            "<".to_owned(),
            format!("< {}", "x".repeat(BODY)),
            "< … 3 bytes more: --json shows them".to_owned(),
            "> GET https://b.example".to_owned(),
            "! denied: not granted (after 0.1 ms)".to_owned(),
            "! add it".to_owned(),
            "! secrets: denied: no secret key".to_owned(),
            "! set it".to_owned(),
            "* learned: {\"payment\":\"p\"}".to_owned(),
            "* requests: 2; writes that left: 1, answered: 1".to_owned(),
            "* cost: 0.5 ms CPU, 2.0 ms in all, 0.1 ms of them to instantiate, 2 KiB of memory".to_owned(),
            "! log: 7 bytes were cut, by limits.log".to_owned(),
        ];
        assert_eq!(story.lines().collect::<Vec<_>>(), expected);
    }
}
