//! What the tests of all interfaces begin with.

use provost_sdk::prelude::*;
use provost_sdk::testing::{Answer, Host};

use crate::service::BASE_URL;

/// A host that knows where the service is.
pub(crate) fn host() -> Host {
    Host::new().setting(BASE_URL, "https://legacy.test/v3/")
}

/// What PGM's example asks for.
pub(crate) fn request() -> PayRequest {
    PayRequest {
        payment_method: Some("card".to_owned()),
        success_redirect_url: Some("http://example.com/ok".to_owned()),
        failure_redirect_url: Some("http://example.com/ko".to_owned()),
        // As the caller wrote it: numbers, blanks and all.
        provider_data: Some(PROVIDER_DATA.to_owned()),
        ..PayRequest::new(Amount::new(500, "EUR"), "123456789")
    }
}

/// Numbers that do not survive being read and written again.
pub(crate) const PROVIDER_DATA: &str = r#"{"share": 1.10, "id": 12345678901234567890123}"#;

/// Whether a body carries it untouched.
pub(crate) fn has_provider_data(body: &str) -> bool {
    body.contains(&format!(r#""providerData":{PROVIDER_DATA}"#))
}

/// A service that answers this.
pub(crate) fn answering(status: u16, body: Value) -> Host {
    let host = host();
    host.answer(Answer::json(status, body));
    host
}

/// Whether nobody knows what happened.
pub(crate) fn is_unknown<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Unknown(_)))
}

/// `payments.pay`: subscriptions have one of that name too.
pub(crate) fn pay(request: PayRequest) -> Result<PaymentOutcome> {
    <crate::Microservice as Payments>::pay(request)
}
