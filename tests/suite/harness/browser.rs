//! A real browser, driven over WebDriver (W3C): Debian's chromium and chromium-driver, or what CHROMIUM and CHROMEDRIVER
//! name. It keeps to a folder of its own and calls nobody by itself.

use reqwest::Method;
use serde_json::{Value, json};
use simulators::PATIENCE;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// What a machine without a browser is told.
const MISSING: &str = "this test needs a browser: install Debian's packages chromium and chromium-driver, or set CHROMIUM \
                       and CHROMEDRIVER to these programs";

/// Switches that keep a browser small and quiet.
const QUIET: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// How an element is named in WebDriver's JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
pub struct Browser {
    session: String,
    /// The browser's own process, while it runs.
    process: Option<u64>,
    client: reqwest::Client,
    driver: Child,
    /// Read to the end, so that the driver never waits for a reader.
    _printed: Lines<BufReader<ChildStdout>>,
    _folder: TempDir,
}

impl Browser {
    /// Opens one.
    ///
    /// # Panics
    /// Where there is none, with what to install.
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the browser");
        let program = std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut driver = Command::new(program)
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{MISSING} ({error})"));
        let mut printed = BufReader::new(driver.stdout.take().expect("its output is piped")).lines();
        let port = port(&mut printed).await;
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client");
        let session = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self { session, process: None, client, driver, _printed: printed, _folder: folder };
        let created = browser.call(Method::POST, "", capabilities()).await;
        let id = created["sessionId"].as_str().unwrap_or_else(|| panic!("{MISSING}: {created}"));
        browser.session = format!("{}/{id}", browser.session);
        browser.process = created["capabilities"]["goog:processID"].as_u64();
        browser
    }

    /// Goes to a page.
    pub async fn visit(&self, url: &str) {
        self.call(Method::POST, "/url", json!({ "url": url })).await;
    }

    /// What a script says that runs in the page.
    pub async fn run(&self, script: &str) -> Value {
        self.call(Method::POST, "/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// The first element that a CSS selector finds, as soon as there is one.
    pub async fn find(&self, selector: &str) -> Element<'_> {
        let found = self.call(Method::POST, "/element", json!({ "using": "css selector", "value": selector })).await;
        let id = found[ELEMENT].as_str().unwrap_or_else(|| panic!("{selector}: {found}"));
        Element { browser: self, id: id.to_owned() }
    }

    /// What the page asked the network for, in order; what it carries in itself (`data:`) is not asked for.
    pub async fn requested(&self) -> Vec<String> {
        let messages = self.log("performance").await;
        let messages = messages.iter().filter_map(|entry| serde_json::from_str::<Value>(entry).ok());
        let asked = messages.filter(|entry| entry["message"]["method"] == "Network.requestWillBeSent");
        let urls = asked.map(|entry| entry["message"]["params"]["request"]["url"].as_str().unwrap_or("?").to_owned());
        urls.filter(|url| !url.starts_with("data:")).collect()
    }

    /// What the browser complains of: errors of scripts, files that are missing, policies that are violated.
    pub async fn complaints(&self) -> Vec<String> {
        self.log("browser").await
    }

    /// Closes it, and waits until it is gone.
    pub async fn close(mut self) {
        self.call(Method::DELETE, "", Value::Null).await;
        self.process = None;
        self.driver.kill().await.expect("the driver can be ended");
    }

    async fn log(&self, name: &str) -> Vec<String> {
        let entries = self.call(Method::POST, "/se/log", json!({ "type": name })).await;
        let entries = entries.as_array().unwrap_or_else(|| panic!("no log: {entries}"));
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.session));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.expect("the driver answers");
        let mut answer: Value = answer.json().await.expect("the driver answers JSON");
        answer["value"].take()
    }
}

/// A test that fails leaves no browser behind, which its driver alone would.
impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            let _ = std::process::Command::new("kill").arg(process.to_string()).status();
        }
    }
}

/// Something on a page.
pub struct Element<'a> {
    browser: &'a Browser,
    id: String,
}

impl Element<'_> {
    /// Its text, as a person reads it.
    pub async fn text(&self) -> String {
        let text = self.browser.call(Method::GET, &self.path("text"), Value::Null).await;
        text.as_str().unwrap_or_else(|| panic!("no text: {text}")).to_owned()
    }

    /// Clicks on it.
    pub async fn click(&self) {
        let done = self.browser.call(Method::POST, &self.path("click"), json!({})).await;
        assert!(done.is_null(), "{done}");
    }

    /// Types into it.
    pub async fn type_text(&self, text: &str) {
        let done = self.browser.call(Method::POST, &self.path("value"), json!({ "text": text })).await;
        assert!(done.is_null(), "{done}");
    }

    fn path(&self, what: &str) -> String {
        format!("/element/{}/{what}", self.id)
    }
}

/// The driver chooses a port, and prints it.
async fn port(printed: &mut Lines<BufReader<ChildStdout>>) -> String {
    let found = async {
        while let Some(line) = printed.next_line().await.expect("the driver prints text") {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                return port.trim_end_matches('.').to_owned();
            }
        }
        panic!("the driver ended before it listened: {MISSING}");
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the driver says where it listens")
}

fn capabilities() -> Value {
    let mut chrome = json!({ "args": QUIET });
    if let Ok(program) = std::env::var("CHROMIUM") {
        chrome["binary"] = program.into();
    }
    json!({ "capabilities": { "alwaysMatch": {
        "goog:chromeOptions": chrome,
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        // An element that is looked for may still be on its way.
        "timeouts": { "implicit": u64::try_from(PATIENCE.as_millis()).expect("patience ends") / 2 },
    } } })
}
