//! What to add to the configuration where a call was denied something.

use crate::capabilities::{Exchange, Provider};
use crate::egress::{Error, Rule};
use url::Url;

/// What would have let a request out; none where it was not denied, or no configuration would.
pub(super) fn about_request(exchange: &Exchange, provider: &Provider) -> Option<String> {
    let denied = exchange.end.as_ref().and_then(|end| end.answer.as_ref().err());
    let Some(Error::Denied(denial)) = denied else { return None };
    let url = Url::parse(&exchange.url).ok()?;
    let (name, origin) = (&provider.external, url.origin().ascii_serialization());
    if !provider.grants.iter().any(|grant| grant.origin.covers(&url)) {
        return Some(format!("add {origin:?} to allow in [providers.{name}]"));
    }
    if !provider.grants.iter().any(|grant| grant.covers(&exchange.method, &url)) {
        let request = format!("{} {}", exchange.method, url.path());
        return Some(format!("let methods and paths of {origin} in allow of [providers.{name}] cover {request}"));
    }
    if denial.rule == Rule::Address {
        return Some(denial.reason.clone());
    }
    let bound_elsewhere =
        |secret: &&String| denial.rule == Rule::Secret && denial.reason.starts_with(&format!("{secret} is not bound"));
    let secret = provider.secrets.keys().find(bound_elsewhere)?;
    Some(format!("add {origin:?} to origins of providers.{name}.secrets.{secret}"))
}

/// What would have let the plugin use a secret.
pub(super) fn about_secret(secret: &str, provider: &Provider) -> String {
    let name = &provider.external;
    match provider.secrets.contains_key(secret) {
        true => format!("say in origins of providers.{name}.secrets.{secret} where it may be sent"),
        false => format!("set providers.{name}.secrets.{secret} = {{ env = \"…\", origins = [\"https://…\"] }}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::{Ended, Limits, Secret};
    use crate::egress::{Denial, Grant, Origin};
    use std::time::Duration;

    fn denied(url: &str, rule: Rule, reason: &str) -> Exchange {
        let end = Ended { at: Duration::ZERO, answer: Err(Error::Denied(Denial { rule, reason: reason.into() })) };
        Exchange {
            method: "POST".into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            began: Duration::ZERO,
            end: Some(end),
        }
    }

    fn provider() -> Provider {
        let mut provider = Provider::unconfigured("acme", Limits::default());
        let origin = Origin::parse("https://a.example").unwrap();
        provider.grants.push(Grant { methods: vec!["GET".into()], ..Grant::to(origin) });
        provider.grants.push(Grant::to(Origin::parse("https://b.example").unwrap()));
        provider.secrets.insert("key".into(), Secret { values: Vec::new(), origins: Vec::new() });
        provider
    }

    #[test]
    fn a_denied_request_says_which_line_is_missing() {
        for (url, rule, reason, said) in [
            ("https://c.example/x", Rule::Origin, "", "add \"https://c.example\" to allow in [providers.acme]"),
            ("https://a.example/x", Rule::Method, "", "cover POST /x"),
            ("https://b.example/x", Rule::Address, "write private = true", "private = true"),
            (
                "https://b.example/x",
                Rule::Secret,
                "key is not bound to https://b.example",
                "providers.acme.secrets.key",
            ),
        ] {
            let advice = about_request(&denied(url, rule, reason), &provider()).unwrap();
            assert!(advice.contains(said), "{advice}");
        }
        let read_only = denied("https://b.example/x", Rule::ReadOnly, "this call may only read");
        assert_eq!(about_request(&read_only, &provider()), None);
    }

    #[test]
    fn a_denied_secret_says_which_line_is_missing() {
        assert!(about_secret("key", &provider()).contains("origins of providers.acme.secrets.key"));
        assert!(about_secret("other", &provider()).contains("set providers.acme.secrets.other"));
    }
}
