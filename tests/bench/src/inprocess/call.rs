//! A plugin called as the host calls it, with nothing around.

use crate::case::PENDING_AMOUNT;
use anyhow::{Context, Result, bail};
use provost::capabilities::{Call, Limits, Mode, Name, Pending, Provider, Records, Scope, StateError, Unrecorded};
use provost::clock::Clock;
use provost::egress::Egress;
use provost::model::{Amount, Carry, KnownPayment, Request, Response, Target, Write};
use provost::runtime::{Compiler, Engine, Plugin, Settings};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The sandbox plugin, and a question for it.
pub(super) struct Calls {
    plugin: Plugin,
    scope: Scope,
    request: Request,
}

impl Calls {
    pub(super) async fn new(plugins: &Path) -> Result<Self> {
        let file = plugins.join("sandbox.wasm");
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        // This program is no `provost`, which could be its compiler.
        let settings = Settings { compiler: Compiler::InProcess, ..Settings::default() };
        let plugin = Engine::new(&settings)?.load(bytes.into()).await?;
        let scope = Scope {
            provider: Arc::new(Provider::unconfigured("sandbox", Limits::default())),
            version: plugin.version().clone(),
            description: plugin.description().clone(),
            records: Arc::new(NothingKept),
            egress: Arc::new(Egress::new()),
            clock: Clock::system(),
        };
        let request = Request::Status(KnownPayment {
            target: Target { payment_ids: vec!["pay_1".to_owned()], ..Target::default() },
            amount: Some(Amount { minor: PENDING_AMOUNT, currency: "EUR".to_owned() }),
            payment_method: None,
            carry: Some(Carry { json: r#"{"scenario":"redirect"}"#.to_owned(), format: 1 }),
        });
        Ok(Self { plugin, scope, request })
    }

    /// A fresh instance, one call in it, its end.
    pub(super) async fn status(&self) -> Result<()> {
        let call = Call::new(self.scope.clone(), Mode::Reading { reference: None });
        match self.plugin.call(call, self.request.clone()).await.response {
            Ok(Response::Status(Ok(_))) => Ok(()),
            other => bail!("the sandbox answered {other:?}"),
        }
    }
}

/// A store in which nothing is found.
struct NothingKept;

impl Records for NothingKept {
    fn sent<'a>(&'a self, _writes: &'a [Write]) -> Pending<'a, Result<(), Unrecorded>> {
        Box::pin(async { Err(Unrecorded) })
    }

    fn learned(&self, _name: Name) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    fn state_get(&self, _key: String) -> Pending<'_, Result<Option<Vec<u8>>, StateError>> {
        Box::pin(async { Ok(None) })
    }

    fn state_set(&self, _key: String, _value: Vec<u8>, _ttl: Option<Duration>) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async { Err(StateError::Unavailable) })
    }

    fn state_remove(&self, _key: String) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async { Err(StateError::Unavailable) })
    }
}
