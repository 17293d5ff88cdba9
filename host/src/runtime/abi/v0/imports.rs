//! What a plugin can call: from WIT to the call's capabilities and back. Everything it hands over is counted first.

use super::super::super::state::{Ended, State};
use super::imported::{callbacks, http, log, money, operation, secrets, settings, state};
use super::lawful::Taking;
use super::{request, types};
use crate::capabilities::{Encoding, Hash, HttpRequest, Level, Name, Piece, SecretError, StateError, Stream};
use crate::egress;
use crate::model::{Amount, MAX_MINOR, Source};
use std::time::Duration;
use wasmtime::Result as Trapping;

impl types::Host for State {}

impl operation::Host for State {
    fn idempotency_key(&mut self, step: Option<String>) -> Trapping<String> {
        self.take(step.as_ref().map_or(0, String::len))?;
        Ok(self.call.idempotency_key(step.as_deref()))
    }

    fn reference(&mut self) -> Trapping<String> {
        self.take(0)?;
        Ok(self.call.reference().to_owned())
    }

    fn attempt(&mut self) -> Trapping<u32> {
        self.take(0)?;
        Ok(self.call.attempt())
    }

    fn webhook_url(&mut self) -> Trapping<Option<String>> {
        self.take(0)?;
        Ok(self.call.webhook_url().map(str::to_owned))
    }

    fn remaining_ms(&mut self) -> Trapping<u32> {
        self.take(0)?;
        Ok(u32::try_from(self.call.remaining().as_millis()).unwrap_or(u32::MAX))
    }

    async fn learned(&mut self, name: operation::Name) -> Trapping<()> {
        let name = match name {
            operation::Name::Payment(text) => Name::Payment(text),
            operation::Name::Refund(text) => Name::Refund(text),
            operation::Name::Subscription(text) => Name::Subscription(text),
        };
        self.take(name.text().len())?;
        Ok(self.call.learned(name).await.map_err(Ended)?)
    }
}

impl http::Host for State {
    async fn send(&mut self, request: http::Request) -> Trapping<Result<http::Response, http::Error>> {
        let http::Request { method, url, headers, body, timeout_ms } = request;
        let headers_size = pairs(&headers);
        self.take(method.len() + url.len() + headers_size + body.as_ref().map_or(0, Vec::len))?;
        let timeout = timeout_ms.map(|milliseconds| Duration::from_millis(milliseconds.into()));
        let request = egress::Request { method, url, headers, body };
        let sent = self.call.send(HttpRequest { request, timeout }).await;
        Ok(sent
            .map(|egress::Answer { status, headers, body }| http::Response { status, headers, body })
            .map_err(http_error))
    }
}

fn http_error(error: egress::Error) -> http::Error {
    match error {
        egress::Error::Denied(denial) => http::Error::Denied(denial.to_string()),
        egress::Error::Invalid(reason) => http::Error::Invalid(reason),
        egress::Error::Unreachable(reason) => http::Error::Unreachable(reason),
        egress::Error::Interrupted(reason) => http::Error::Interrupted(reason),
        egress::Error::Timeout => http::Error::Timeout,
        egress::Error::TooLarge(limit) => http::Error::TooLarge(limit),
        egress::Error::Overloaded => http::Error::Overloaded,
    }
}

impl secrets::Host for State {
    fn placeholder(&mut self, name: String, encoding: secrets::Encoding) -> Trapping<Result<String, secrets::Error>> {
        self.take(name.len())?;
        let encoding = match encoding {
            secrets::Encoding::Raw => Encoding::Raw,
            secrets::Encoding::Base64 => Encoding::Base64,
            secrets::Encoding::Json => Encoding::Json,
            secrets::Encoding::Form => Encoding::Form,
        };
        Ok(self.call.placeholder(&name, encoding).map_err(secret_error))
    }

    fn basic(&mut self, user: secrets::Piece, password: secrets::Piece) -> Trapping<Result<String, secrets::Error>> {
        let [user, password] = [user, password].map(piece);
        self.take(size(&user) + size(&password))?;
        Ok(self.call.basic(&user, &password).map_err(secret_error))
    }

    fn hmac(&mut self, name: String, hash: secrets::Hash, data: Vec<u8>) -> Trapping<Result<Vec<u8>, secrets::Error>> {
        self.take(name.len() + data.len())?;
        Ok(self.call.hmac(&name, hash_from(hash), &data).map_err(secret_error))
    }

    fn digest(
        &mut self,
        hash: secrets::Hash,
        pieces: Vec<secrets::Piece>,
    ) -> Trapping<Result<Vec<u8>, secrets::Error>> {
        let pieces = self.take_pieces(pieces, 0)?;
        Ok(self.call.digest(hash_from(hash), &pieces).map_err(secret_error))
    }

    fn sign(&mut self, name: String, _: secrets::Scheme, data: Vec<u8>) -> Trapping<Result<Vec<u8>, secrets::Error>> {
        self.take(name.len() + data.len())?;
        Ok(self.call.sign(&name).map_err(secret_error))
    }

    fn verify_hmac(
        &mut self,
        name: String,
        hash: secrets::Hash,
        data: Vec<u8>,
        code: Vec<u8>,
    ) -> Trapping<Result<bool, secrets::Error>> {
        self.take(name.len() + data.len() + code.len())?;
        Ok(self.call.verify_hmac(&name, hash_from(hash), &data, &code).map_err(secret_error))
    }

    fn verify_digest(
        &mut self,
        hash: secrets::Hash,
        pieces: Vec<secrets::Piece>,
        code: Vec<u8>,
    ) -> Trapping<Result<bool, secrets::Error>> {
        let pieces = self.take_pieces(pieces, code.len())?;
        Ok(self.call.verify_digest(hash_from(hash), &pieces, &code).map_err(secret_error))
    }

    fn verify(
        &mut self,
        name: String,
        _: secrets::Scheme,
        data: Vec<u8>,
        signature: Vec<u8>,
    ) -> Trapping<Result<bool, secrets::Error>> {
        self.take(name.len() + data.len() + signature.len())?;
        Ok(self.call.verify(&name).map_err(secret_error))
    }

    fn matches(&mut self, name: String, candidate: Vec<u8>) -> Trapping<Result<bool, secrets::Error>> {
        self.take(name.len() + candidate.len())?;
        Ok(self.call.matches(&name, &candidate).map_err(secret_error))
    }
}

impl State {
    fn take_pieces(&mut self, pieces: Vec<secrets::Piece>, more: usize) -> Trapping<Vec<Piece>> {
        let pieces: Vec<Piece> = pieces.into_iter().map(piece).collect();
        self.take(more + pieces.iter().map(|piece| size_of::<Piece>() + size(piece)).sum::<usize>())?;
        Ok(pieces)
    }
}

fn piece(piece: secrets::Piece) -> Piece {
    match piece {
        secrets::Piece::Plain(bytes) => Piece::Plain(bytes),
        secrets::Piece::Secret(name) => Piece::Secret(name),
    }
}

fn size(piece: &Piece) -> usize {
    match piece {
        Piece::Plain(bytes) => bytes.len(),
        Piece::Secret(name) => name.len(),
    }
}

fn hash_from(hash: secrets::Hash) -> Hash {
    match hash {
        secrets::Hash::Sha1 => Hash::Sha1,
        secrets::Hash::Sha256 => Hash::Sha256,
        secrets::Hash::Sha512 => Hash::Sha512,
    }
}

fn secret_error(error: SecretError) -> secrets::Error {
    match error {
        SecretError::Denied(reason) => secrets::Error::Denied(reason),
        SecretError::WrongKind(reason) => secrets::Error::WrongKind(reason),
    }
}

impl callbacks::Host for State {
    fn emit(&mut self, event: callbacks::Event) -> Trapping<()> {
        self.take(0)?;
        let mut taking =
            Taking::new(self.call.limits().value, self.carry_format, Source::Verified { can_ask: self.can_ask });
        let event = taking.emitted(event).map_err(Ended)?;
        self.take(taking.counted())?;
        Ok(self.call.emit(event).map_err(Ended)?)
    }
}

impl settings::Host for State {
    fn get(&mut self, name: String) -> Trapping<Option<String>> {
        self.take(name.len())?;
        Ok(self.call.setting(&name).map(str::to_owned))
    }
}

impl state::Host for State {
    async fn get(&mut self, key: String) -> Trapping<Result<Option<Vec<u8>>, state::Error>> {
        self.take(key.len())?;
        Ok(self.call.state_get(key).await.map_err(state_error))
    }

    async fn set(&mut self, key: String, value: Vec<u8>, ttl_ms: Option<u64>) -> Trapping<Result<(), state::Error>> {
        self.take(key.len() + value.len())?;
        let ttl = ttl_ms.map(Duration::from_millis);
        Ok(self.call.state_set(key, value, ttl).await.map_err(state_error))
    }

    async fn remove(&mut self, key: String) -> Trapping<Result<(), state::Error>> {
        self.take(key.len())?;
        Ok(self.call.state_remove(key).await.map_err(state_error))
    }
}

fn state_error(error: StateError) -> state::Error {
    match error {
        StateError::TooLarge => state::Error::TooLarge,
        StateError::Full => state::Error::Full,
        StateError::Unavailable => state::Error::Unavailable,
    }
}

impl money::Host for State {
    fn to_decimal(&mut self, amount: types::Amount) -> Trapping<Result<String, String>> {
        self.take(amount.currency.len())?;
        Ok(exact(amount).and_then(|amount| amount.to_decimal().map_err(|error| error.to_string())))
    }

    fn from_decimal(&mut self, decimal: String, currency: String) -> Trapping<Result<types::Amount, String>> {
        self.take(decimal.len() + currency.len())?;
        let amount = Amount::from_decimal(&decimal, &currency);
        Ok(amount.map(request::amount).map_err(|error| error.to_string()))
    }

    fn to_provider_minor(&mut self, amount: types::Amount) -> Trapping<Result<u64, String>> {
        self.take(amount.currency.len())?;
        let call = &self.call;
        Ok(exact(amount).and_then(|amount| call.to_provider_minor(&amount).map_err(|error| error.to_string())))
    }

    fn from_provider_minor(&mut self, minor: u64, currency: String) -> Trapping<Result<types::Amount, String>> {
        self.take(currency.len())?;
        let amount = self.call.from_provider_minor(minor, &currency);
        Ok(amount.map(request::amount).map_err(|error| error.to_string()))
    }
}

fn exact(amount: types::Amount) -> Result<Amount, String> {
    if amount.minor > MAX_MINOR {
        return Err(format!("{} is more than 2^53-1 minor units", amount.minor));
    }
    Ok(Amount { minor: amount.minor, currency: amount.currency })
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String, fields: Vec<(String, String)>) -> Trapping<()> {
        self.take(message.len() + pairs(&fields))?;
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.call.log(level, Stream::Log, &message, &fields);
        Ok(())
    }
}

/// Bytes of a list of pairs; the empty ones cost their place in it.
fn pairs(pairs: &[(String, String)]) -> usize {
    size_of_val(pairs) + pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
}
