//! How a webhook of this provider proves where it comes from: the header `Sandbox-Signature` is
//! `t=<unix seconds>,v1=<hex>`, with the HMAC-SHA256 of `<unix seconds>.<body>` under the secret, and with
//! several `v1` while the secret is being changed.

/// A signature as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signature<'a> {
    pub(crate) seconds: u64,
    pub(crate) codes: Vec<&'a str>,
}

impl<'a> Signature<'a> {
    pub(crate) fn parse(header: &'a str) -> Option<Self> {
        let mut seconds = None;
        let mut codes = Vec::new();
        for part in header.split(',') {
            match part.trim().split_once('=')? {
                ("t", value) => seconds = Some(value.parse().ok()?),
                ("v1", code) => codes.push(code),
                // Schemes to come.
                _ => {}
            }
        }
        let seconds = seconds?;
        Some(Self { seconds, codes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_a_time_and_any_number_of_codes() {
        let parsed = Signature::parse("t=17, v1=aa,v0=zz,v1=bb").unwrap();
        let (seconds, codes) = (17, vec!["aa", "bb"]);
        assert_eq!(parsed, Signature { seconds, codes });
        for broken in ["", "v1=aa", "t=x,v1=aa", "t=-1,v1=aa", "t=17,v1"] {
            assert_eq!(Signature::parse(broken), None, "{broken}");
        }
    }
}
