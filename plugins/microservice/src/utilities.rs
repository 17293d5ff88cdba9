//! Any method on `/utility/{name…}`: JSON in, JSON out.

use provost_sdk::prelude::*;

use crate::{Microservice, judge, service};

impl Utilities for Microservice {
    /// Handed on as it came; what does more than read, with the operation's idempotency key.
    fn call(request: UtilityRequest) -> Result<Value> {
        let path: Vec<_> = std::iter::once("utility").chain(request.name.split('/')).collect();
        let mut call = service::request(&request.method, &path)?;
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            call = call.idempotency_key();
        }
        for (name, value) in &request.query {
            call = call.query(name, value);
        }
        if let Some(body) = request.body {
            call = call.body("application/json", body);
        }
        let response = call.send()?;
        let answer = judge::told(&response)?;
        if answer.body().is_empty() { Ok(Value::Null) } else { Ok(answer.json()?) }
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Answer;

    use super::*;
    use crate::testing::{PROVIDER_DATA, answering, host, is_unknown};

    fn utility(method: &str, name: &str) -> UtilityRequest {
        UtilityRequest { method: method.to_owned(), name: name.to_owned(), query: Vec::new(), body: None }
    }

    #[test]
    fn method_name_query_and_body_go_through() {
        let host = answering(200, json!({ "token": "t" }));
        let request = UtilityRequest {
            query: vec![("a".to_owned(), "b c".to_owned())],
            body: Some(PROVIDER_DATA.to_owned()),
            ..utility("PUT", "cards/4/token")
        };
        assert_eq!(Microservice::call(request), Ok(json!({ "token": "t" })));
        let sent = host.only_request();
        assert_eq!(sent.line(), "PUT https://legacy.test/v3/utility/cards/4/token?a=b%20c");
        assert_eq!((sent.text().as_str(), sent.header("content-type")), (PROVIDER_DATA, Some("application/json")));
        assert!(sent.header("idempotency-key").is_some());
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        let host = answering(200, json!({}));
        Microservice::call(utility("GET", "../pay?x#y")).unwrap();
        assert_eq!(host.only_request().line(), "GET https://legacy.test/v3/utility/%252E%252E/pay%3Fx%23y");
    }

    #[test]
    fn no_body_is_null_and_what_is_no_json_is_unknown() {
        let call = |status, body: &str| {
            let host = host();
            host.answer(Answer::bytes(status, body));
            Microservice::call(utility("POST", "x"))
        };
        assert_eq!(call(204, ""), Ok(Value::Null));
        assert!(is_unknown(&call(200, "<html>")));
        assert!(is_unknown(&call(500, "")));
        assert!(matches!(call(404, r#"{"result":"KO"}"#), Err(Error::NotFound(_))));
        assert!(matches!(call(501, ""), Err(Error::Unsupported(_))));
    }
}
