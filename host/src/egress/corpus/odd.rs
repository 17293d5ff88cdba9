//! URLs that two parsers read in two ways.

use super::{Egress, Grant, Origin, Rule, Sentinel, Told, rule, send};

/// With `a.example` granted in plain HTTP at the sentinel's port, PORT, and over TLS at 443; the name leads to loopback.
/// None: it is no URL.
pub(super) const CASES: &[(&str, Option<Rule>)] = &[
    // User info.
    ("http://a.example@127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http://a.example:PORT@127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("https://a.example@127.0.0.1:PORT/", Some(Rule::UserInfo)),
    ("https://a.example:443@127.0.0.1:PORT/", Some(Rule::UserInfo)),
    ("http://127.0.0.1:PORT@a.example:PORT/", Some(Rule::UserInfo)),
    ("http://127.0.0.1@a.example:PORT/", Some(Rule::UserInfo)),
    ("http://x:y@a.example:PORT/", Some(Rule::UserInfo)),
    ("http://:y@a.example:PORT/", Some(Rule::UserInfo)),
    ("http://%61@a.example:PORT/", Some(Rule::UserInfo)),
    ("http://a.example%2f@127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http://a.example%23@127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http://a.example:PORT@@127.0.0.1:PORT/", Some(Rule::Scheme)),
    // Backslashes, slashes and where the host ends.
    ("http://127.0.0.1:PORT\\@a.example:PORT/", Some(Rule::Scheme)),
    ("http://a.example:PORT\\@127.0.0.1:PORT/", Some(Rule::Address)),
    ("http:\\\\127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http:\\\\a.example:PORT\\", Some(Rule::Address)),
    ("http:127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http:/127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http:///127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http:////a.example:PORT/", Some(Rule::Address)),
    ("http://a.example:PORT?@127.0.0.1:PORT/", Some(Rule::Address)),
    ("http://a.example:PORT#@127.0.0.1:PORT/", Some(Rule::Address)),
    ("http://a.example:PORT/../../127.0.0.1", Some(Rule::Address)),
    ("http://127.0.0.1:PORT#@a.example:PORT/", Some(Rule::Scheme)),
    ("http://127.0.0.1:PORT?.a.example:PORT/", Some(Rule::Scheme)),
    ("http://127.0.0.1:PORT;a.example:PORT/", None),
    ("http://127.0.0.1 .a.example:PORT/", None),
    ("http://127.0.0.1%20.a.example:PORT/", None),
    ("http://127.0.0.1%2f.a.example:PORT/", None),
    ("http://127.0.0.1%5c.a.example:PORT/", None),
    ("http://127.0.0.1%23.a.example:PORT/", None),
    ("http://127.0.0.1%3f.a.example:PORT/", None),
    ("http://127.0.0.1%40a.example:PORT/", None),
    ("http://127.0.0.1%00.a.example:PORT/", None),
    ("http://127.0.0.1%0d%0a.a.example:PORT/", None),
    ("http://127.0.0.1,a.example:PORT/", Some(Rule::Scheme)),
    ("http://127.0.0.1.a.example:PORT/", Some(Rule::Scheme)),
    // Control characters.
    ("http://127.0.0.1\t:PORT/", Some(Rule::Control)),
    ("http://127.0.0.1\n:PORT/", Some(Rule::Control)),
    ("ht\ntp://a.example:PORT/", Some(Rule::Control)),
    ("http://a.example:PORT/\r\nHost: 127.0.0.1", Some(Rule::Control)),
    ("http://a.example:PORT/\0", Some(Rule::Control)),
    ("http://a.exam\tple:PORT/", Some(Rule::Control)),
    ("http://a.exam\u{0}ple:PORT/", Some(Rule::Control)),
    ("http://a.exam\u{7f}ple:PORT/", None),
    (" http://a.example:PORT/ ", Some(Rule::Address)),
    ("\u{1}http://a.example:PORT/", Some(Rule::Address)),
    // Letters that are others.
    ("http://127\u{3002}0\u{3002}0\u{3002}1:PORT/", Some(Rule::Scheme)),
    ("http://\u{ff11}27.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http://\u{2460}27.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http://\u{24d0}.example:PORT/", Some(Rule::Address)),
    ("http://A.EXAMPLE:PORT/", Some(Rule::Address)),
    ("http://a.exam\u{ad}ple:PORT/", Some(Rule::Address)),
    ("http://a\u{ff0e}example:PORT/", Some(Rule::Address)),
    ("http://%61.example:PORT/", Some(Rule::Address)),
    ("http://a%2eexample:PORT/", Some(Rule::Address)),
    ("http://\u{430}.example:PORT/", Some(Rule::Scheme)),
    ("http://a.ex\u{200b}ample:PORT/", Some(Rule::Address)),
    ("http://loc\u{ad}alhost:PORT/", Some(Rule::Scheme)),
    ("http://localhos\u{ff54}:PORT/", Some(Rule::Scheme)),
    // Names that look like the granted one, or like this machine.
    ("http://a.example.:PORT/", Some(Rule::Scheme)),
    ("https://a.example./", Some(Rule::Origin)),
    ("http://.a.example:PORT/", Some(Rule::Scheme)),
    ("http://xa.example:PORT/", Some(Rule::Scheme)),
    ("http://a.example.evil.example:PORT/", Some(Rule::Scheme)),
    ("http://a-example:PORT/", Some(Rule::Scheme)),
    ("http://localhost:PORT/", Some(Rule::Scheme)),
    ("http://localhost.:PORT/", Some(Rule::Scheme)),
    ("http://x.localhost:PORT/", Some(Rule::Scheme)),
    ("http://LOCALHOST:PORT/", Some(Rule::Scheme)),
    ("https://localhost:PORT/", Some(Rule::Origin)),
    ("https://127.0.0.1.nip.example/", Some(Rule::Origin)),
    // Numbers that are no address, and brackets.
    ("http://256.0.0.1:PORT/", None),
    ("http://127.0.0.256:PORT/", None),
    ("http://1.2.3.4.5:PORT/", None),
    ("http://127.0.0.08:PORT/", None),
    ("http://0x7f.0.0.0xg:PORT/", Some(Rule::Scheme)),
    ("http://4294967296:PORT/", None),
    ("http://127..1:PORT/", None),
    ("http://127.0.0.1..:PORT/", Some(Rule::Scheme)),
    ("http://[::1]:PORT/", Some(Rule::Scheme)),
    ("http://[::1%25lo]:PORT/", None),
    ("http://[::1%lo]:PORT/", None),
    ("http://[::1:PORT/", None),
    ("http://::1:PORT/", None),
    ("http://[127.0.0.1]:PORT/", None),
    ("http://[::ffff:0x7f.1]:PORT/", None),
    ("http://[::ffff:127.0.0.1.]:PORT/", None),
    ("http://[v1.x]:PORT/", None),
    ("http://[]:PORT/", None),
    ("http://[::1].a.example:PORT/", None),
    // Ports.
    ("http://a.example/", Some(Rule::Port)),
    ("http://a.example:0/", Some(Rule::Port)),
    ("http://a.example:0080/", Some(Rule::Port)),
    ("http://a.example:00PORT/", Some(Rule::Address)),
    ("http://a.example:65536/", None),
    ("http://a.example:-1/", None),
    ("http://a.example:PORTx/", None),
    ("http://a.example:PORT:PORT/", None),
    ("https://a.example:PORT/", Some(Rule::Port)),
    ("https://a.example:8443/", Some(Rule::Port)),
    ("https://a.example:443/", Some(Rule::Address)),
    ("https://a.example:/", Some(Rule::Address)),
    // Schemes, and what has none.
    ("HTTP://a.example:PORT/", Some(Rule::Address)),
    ("ftp://a.example:PORT/", Some(Rule::Scheme)),
    ("ws://a.example:PORT/", Some(Rule::Scheme)),
    ("gopher://127.0.0.1:PORT/_GET", Some(Rule::Scheme)),
    ("file:///etc/passwd", Some(Rule::Scheme)),
    ("file://127.0.0.1:PORT/", None),
    ("unix:///var/run/docker.sock", Some(Rule::Scheme)),
    ("javascript:alert(1)", Some(Rule::Scheme)),
    ("data:text/plain,x", Some(Rule::Scheme)),
    ("about:blank", Some(Rule::Scheme)),
    ("blob:http://a.example:PORT/x", Some(Rule::Scheme)),
    ("view-source:http://127.0.0.1:PORT/", Some(Rule::Scheme)),
    ("http+unix://%2fvar%2frun/", Some(Rule::Scheme)),
    ("//127.0.0.1:PORT/", None),
    ("127.0.0.1:PORT/", None),
    ("/127.0.0.1:PORT/", None),
    ("http://", None),
    ("http://:PORT/", None),
    ("", None),
];

#[tokio::test]
async fn a_url_that_can_be_read_in_two_ways_is_denied_in_both() {
    let sentinel = Sentinel::start().await;
    let egress = Egress::asking(Told::new(&[&[std::net::Ipv4Addr::LOCALHOST.into()]]));
    let port = sentinel.port().to_string();
    let plain = format!("http://a.example:{port}");
    let grants = [plain.as_str(), "https://a.example"].map(|origin| Grant::to(Origin::parse(origin).unwrap()));
    let mut wrong = Vec::new();
    for (url, expected) in CASES {
        let url = url.replace("PORT", &port);
        let broken = rule(&url, send(&egress, &url, &grants).await);
        if broken != *expected {
            wrong.push(format!("{url:?}: {broken:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(sentinel.is_untouched().await);
}
