//! Whatever else this provider offers, under `/utility/`:
//!
//! | request | answer |
//! |---|---|
//! | `GET time` | `{"nowMs"}`: the provider's clock, in milliseconds since 1970 |
//! | `POST tokens` | `{"token":"tok_…"}`: the same for the same body |
//! | any `echo` | `{"method","name","query":[[name,value]…],"body"}`: the request as it came |
//!
//! All else is not found.

use std::hash::{DefaultHasher, Hash, Hasher};

use provost_sdk::prelude::*;

use crate::Sandbox;

impl Utilities for Sandbox {
    fn call(request: UtilityRequest) -> Result<Value> {
        match (request.method.as_str(), request.name.as_str()) {
            ("GET", "time") => Ok(json!({ "nowMs": clock::now_ms() })),
            ("POST", "tokens") => token(&request),
            (_, "echo") => echo(&request),
            (method, name) => Err(Error::not_found(format!("the sandbox has no utility `{method} {name}`"))),
        }
    }
}

/// It proves nothing and protects nothing: it only has the looks of a token.
fn token(request: &UtilityRequest) -> Result<Value> {
    let Some(body) = &request.body else {
        return Err(Error::invalid("", "a token is made from a body"));
    };
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    Ok(json!({ "token": format!("tok_{:016x}", hasher.finish()) }))
}

fn echo(request: &UtilityRequest) -> Result<Value> {
    let body: Option<Value> = request.body.as_ref().map(|_| request.data()).transpose()?;
    Ok(json!({ "method": request.method, "name": request.name, "query": request.query, "body": body }))
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;

    fn call(method: &str, name: &str) -> Result<Value> {
        Sandbox::call(UtilityRequest::new(method, name))
    }

    #[test]
    fn the_time_is_the_providers() {
        let host = Host::new();
        assert_eq!(call("GET", "time"), Ok(json!({ "nowMs": host.now_ms() })));
    }

    #[test]
    fn a_token_is_made_from_what_it_stands_for() {
        let _host = Host::new();
        let token = |body| Sandbox::call(UtilityRequest::new("POST", "tokens").with_body(body));
        let made = token(json!({ "card": 1 })).unwrap();
        assert!(made["token"].as_str().is_some_and(|token| token.starts_with("tok_") && token.len() == 20));
        assert_eq!(token(json!({ "card": 1 })), Ok(made.clone()));
        assert_ne!(token(json!({ "card": 2 })), Ok(made));
        assert!(matches!(call("POST", "tokens"), Err(Error::Invalid(_))));
    }

    #[test]
    fn an_echo_hands_back_the_request_as_it_came() {
        let _host = Host::new();
        let request = UtilityRequest::new("PATCH", "echo").with_query("a", "1").with_query("a", "2");
        let expected = json!({ "method": "PATCH", "name": "echo", "query": [["a", "1"], ["a", "2"]], "body": [7] });
        assert_eq!(Sandbox::call(request.with_body(json!([7]))), Ok(expected));
        assert_eq!(call("GET", "echo").unwrap()["body"], Value::Null);
    }

    #[test]
    fn all_else_is_not_found() {
        let _host = Host::new();
        for (method, name) in [("POST", "time"), ("GET", "tokens"), ("GET", "echo/more"), ("GET", "")] {
            assert!(matches!(call(method, name), Err(Error::NotFound(_))), "{method} {name}");
        }
    }
}
