//! What one call sent, got back and wrote, in order, for the plugin's author to see. The host keeps none of its own
//! calls: this is for `provost plugin call`. Secrets are covered before anything is kept.

use super::Provider;
use super::covers::Covers;
use super::log::{Level, Stream};
use super::redact::without_cards;
use crate::egress::{Answer, Error, Placeholder, Request};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One thing that happened. Times are counted from the call's start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scene {
    /// A request, and what came of it.
    Exchange(Exchange),
    /// A line of log.
    Line {
        /// How much it matters, by the plugin.
        level: Level,
        /// Where it was written.
        stream: Stream,
        /// The line, as the host would log it.
        text: String,
    },
    /// The use of a secret was denied.
    Denied {
        /// Its name, by the plugin.
        secret: String,
        /// Why.
        reason: String,
    },
}

/// A request as the plugin wrote it, with placeholders where secrets go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its method.
    pub method: String,
    /// Where it was to go.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body; what is not text stands as U+FFFD.
    pub body: Option<String>,
    /// When it was asked for.
    pub began: Duration,
    /// What came of it; none: the call ended first, and it may have left.
    pub end: Option<Ended>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Duration,
    /// The answer, or why there is none.
    pub answer: Result<Answered, Error>,
}

/// An answer as the plugin got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Every header.
    pub headers: Vec<(String, String)>,
    /// The body; what is not text stands as U+FFFD.
    pub body: String,
}

/// The transcript of one call, which goes on being written while others read it.
pub struct Transcript(Mutex<Kept>);

struct Kept {
    scenes: Vec<Scene>,
    covers: Covers,
}

impl Transcript {
    /// An empty one for a call of this provider's plugin.
    pub fn of(provider: &Provider) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Kept { scenes: Vec::new(), covers: Covers::of(provider) })))
    }

    /// What has happened so far.
    pub fn scenes(&self) -> Vec<Scene> {
        self.kept().scenes.clone()
    }

    /// `text` with every secret of the provider covered, in each form in which this call could have sent it: for
    /// whatever else of the call is shown.
    pub fn covered(&self, text: &str) -> String {
        self.kept().covers.over(text.as_bytes())
    }

    /// A secret that may be sent from here on.
    pub(super) fn placeholder(&self, placeholder: &Placeholder) {
        self.kept().covers.add(placeholder);
    }

    /// A request that is asked for; its place, for its end.
    pub(super) fn asked(&self, request: &Request, began: Duration) -> usize {
        let mut kept = self.kept();
        let exchange = Exchange {
            method: kept.text(&request.method),
            url: kept.text(&request.url),
            headers: kept.headers(&request.headers),
            body: request.body.as_ref().map(|body| kept.bytes(body)),
            began,
            end: None,
        };
        kept.scenes.push(Scene::Exchange(exchange));
        kept.scenes.len() - 1
    }

    /// What came of the request at `place`.
    pub(super) fn ended(&self, place: usize, at: Duration, answer: &Result<Answer, Error>) {
        let mut kept = self.kept();
        let answered = |answer: &Answer| Answered {
            status: answer.status,
            headers: kept.headers(&answer.headers),
            body: kept.bytes(&answer.body),
        };
        let answer = answer.as_ref().map(answered).map_err(Error::clone);
        if let Some(Scene::Exchange(exchange)) = kept.scenes.get_mut(place) {
            exchange.end = Some(Ended { at, answer });
        }
    }

    /// A line of log.
    pub(super) fn line(&self, level: Level, stream: Stream, text: &str) {
        let mut kept = self.kept();
        let text = kept.text(text);
        kept.scenes.push(Scene::Line { level, stream, text });
    }

    /// The use of a secret that was denied.
    pub(super) fn denied(&self, secret: &str, reason: &str) {
        let mut kept = self.kept();
        let scene = Scene::Denied { secret: kept.text(secret), reason: kept.text(reason) };
        kept.scenes.push(scene);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn bytes(&self, bytes: &[u8]) -> String {
        without_cards(&self.covers.over(bytes))
    }

    fn text(&self, text: &str) -> String {
        self.bytes(text.as_bytes())
    }

    fn headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| (self.text(name), self.text(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, post};
    use super::super::{Call, Encoding};
    use super::*;
    use crate::egress::loopback::{Loopback, Manner};

    fn kept(origin: &str) -> (Call, Arc<Transcript>) {
        let (call, _) = call(origin);
        let transcript = Transcript::of(&call.scope.provider);
        (call.kept_in(transcript.clone()), transcript)
    }

    #[tokio::test]
    async fn an_exchange_is_kept_with_placeholders_where_secrets_go_and_come_back() {
        let provider = Loopback::start(Manner::status(200, "you said s3cret-value to 4111111111111111")).await;
        let (mut call, transcript) = kept(&provider.origin);
        let mut asked = post(&provider.origin);
        let token = call.placeholder("key", Encoding::Raw).unwrap();
        asked.request.headers.push(("authorization".into(), format!("Bearer {token}")));
        call.send(asked).await.unwrap();
        let scenes = transcript.scenes();
        let [Scene::Exchange(exchange)] = scenes.as_slice() else { panic!("{scenes:?}") };
        assert_eq!(exchange.headers, [("authorization".into(), "Bearer {secret key Raw}".into())]);
        let Some(Ended { answer: Ok(answer), .. }) = &exchange.end else { panic!("{exchange:?}") };
        assert_eq!((answer.status, answer.body.as_str()), (200, "you said {secret key Raw} to [redacted]"));
        assert!(provider.seen()[0].contains("Bearer s3cret-value"), "what leaves is what it was");
    }

    #[tokio::test]
    async fn what_was_denied_and_what_never_ended_are_kept_too() {
        let provider = Loopback::start(Manner::Stall).await;
        let (mut call, transcript) = kept(&provider.origin);
        call.placeholder("other", Encoding::Raw).unwrap_err();
        call.send(post("https://b.example")).await.unwrap_err();
        tokio::select! {
            _ = call.send(post(&provider.origin)) => unreachable!("it is never answered"),
            () = provider.arrival() => {}
        }
        call.log(Level::Info, Stream::Log, "bye s3cret-value", &[]);
        let scenes = transcript.scenes();
        let [Scene::Denied { secret, .. }, Scene::Exchange(denied), Scene::Exchange(stalled), Scene::Line { text, .. }] =
            scenes.as_slice()
        else {
            panic!("{scenes:?}")
        };
        assert_eq!((secret.as_str(), text.as_str()), ("other", "bye [redacted]"));
        assert!(matches!(&denied.end, Some(Ended { answer: Err(Error::Denied(_)), .. })), "{denied:?}");
        assert_eq!(stalled.end, None);
    }
}
