//! Answers that point elsewhere: they are answers.

use super::super::loopback::{Loopback, Manner};
use super::{Egress, Sentinel, naive};
use crate::egress::{AnswerLimits, Request, Settings};
use std::time::Duration;

const STATUSES: [u16; 9] = [300, 301, 302, 303, 304, 305, 306, 307, 308];
const METHODS: [&str; 3] = ["GET", "POST", "HEAD"];
const LOCATIONS: [&str; 8] = [
    "Location: http://127.0.0.1:PORT/",
    "Location: //127.0.0.1:PORT/",
    "Location: http://localhost:PORT/",
    "Location: http://[::ffff:127.0.0.1]:PORT/",
    "Location: http://2130706433:PORT/",
    "Location: http://user@0x7f.1:PORT/",
    "Refresh: 0; url=http://127.0.0.1:PORT/",
    "Alt-Svc: h2c=\"127.0.0.1:PORT\"",
];

/// Every status with every header and method.
pub(super) fn cases() -> Vec<(u16, &'static str, &'static str)> {
    let with = |status| LOCATIONS.iter().flat_map(move |place| METHODS.map(|method| (status, *place, method)));
    STATUSES.into_iter().flat_map(with).collect()
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let (sentinel, egress) = (Sentinel::start().await, Egress::new());
    for (status, header, method) in cases() {
        let header = header.replace("PORT", &sentinel.port().to_string());
        let answer = format!("HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: 0\r\n\r\n");
        let provider = Loopback::start(Manner::Answer(answer)).await;
        // Even where the other place is granted too.
        let other = format!("http://127.0.0.1:{}", sentinel.port());
        let grants = [provider.origin.as_str(), &other].map(|origin| naive(origin, true).unwrap());
        let url = format!("{}/", provider.origin);
        let request = Request { method: method.into(), url, headers: Vec::new(), body: None };
        let cleared = egress.clear(request, &grants, &[], 0).unwrap();
        let limits = AnswerLimits { headers: 1 << 10, body: 1 << 10 };
        let time = Duration::from_secs(5);
        let pass = egress.enter("acme", &Settings::default(), true, time).await.unwrap();
        let answer = egress.send(pass, cleared, limits, time).await;
        assert_eq!(answer.unwrap().status, status, "{method} {header}");
        assert_eq!(provider.seen().len(), 1, "{status} {method} {header}");
    }
    assert!(sentinel.is_untouched().await);
}
