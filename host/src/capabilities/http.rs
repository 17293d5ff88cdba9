//! `http`: requests to the provider. Decides what is a write, and has it on disk before it leaves.

use super::{Call, Mode};
use crate::egress::{Answer, AnswerLimits, Cleared, Denial, Error, Origin, Pass, Request, Rule};
use crate::model::{SafeRequest, Write};
use crate::telemetry;
use std::time::Duration;

/// A request as a plugin hands it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// What is to be sent.
    pub request: Request,
    /// The longest that it may take; none: as long as the call has time for requests.
    pub timeout: Option<Duration>,
}

impl Call {
    /// Sends a request and waits for the whole answer.
    pub async fn send(&mut self, asked: HttpRequest) -> Result<Answer, Error> {
        let transcript = self.transcript.clone();
        let kept = transcript.map(|transcript| (transcript.asked(&asked.request, self.elapsed()), transcript));
        let answer = self.let_out(asked).await;
        if let Err(Error::Denied(denial)) = &answer {
            self.tell_of(denial);
        }
        if let Some((place, transcript)) = kept {
            transcript.ended(place, self.elapsed(), &answer);
        }
        answer
    }

    /// Counts each, and logs as many as a call may ask for, and one more: no plugin fills a disk by being denied.
    fn tell_of(&self, denial: &Denial) {
        let (external, rule) = (&self.scope.provider.external, denial.rule.name());
        metrics::counter!(telemetry::EGRESS_DENIED, "external" => external.clone(), "rule" => rule).increment(1);
        if self.report.requests <= self.limits().requests.saturating_add(1) {
            let (plugin, reason) = (self.scope.version.short(), self.redacted(&denial.reason));
            tracing::warn!(external, plugin, rule, reason, "a request of the plugin was denied");
        }
    }

    async fn let_out(&mut self, asked: HttpRequest) -> Result<Answer, Error> {
        self.count(&asked.request)?;
        let (egress, grants) = (&self.scope.egress, &self.scope.provider.grants);
        let cleared = egress.clear(asked.request, grants, &self.placeholders, self.limits().request_body)?;
        if !self.is_write(&cleared) {
            let pass = self.enter(false).await?;
            return self.exchange(pass, cleared, asked.timeout).await;
        }
        if !self.may_write() {
            return Err(Rule::ReadOnly.denies(format!(
                "this call may only read: {} {}",
                cleared.method(),
                cleared.place()
            )));
        }
        // Before anything is written down: what is held back has not left.
        let pass = self.enter(true).await?;
        match self.sent_before(&cleared) {
            None => self.record(&cleared).await?,
            Some(true) => self.record_again(&cleared).await?,
            Some(false) => {
                return Err(Rule::Repeat.denies(format!("a repeat sends what was sent before: {}", cleared.place())));
            }
        }
        // From here on it may have left, even if this future is dropped; only an error of connecting takes that back.
        self.report.departures.left += 1;
        let answer = self.exchange(pass, cleared, asked.timeout).await;
        match &answer {
            Ok(answer) if answer.status < 500 => self.report.departures.answered += 1,
            Err(error) if !error.may_have_left() => self.report.departures.left -= 1,
            _ => {}
        }
        answer
    }

    fn count(&mut self, request: &Request) -> Result<(), Error> {
        self.report.requests = self.report.requests.saturating_add(1);
        let limits = self.limits();
        if self.report.requests > limits.requests {
            return Err(Rule::Requests.denies(format!("more than {} requests in one call", limits.requests)));
        }
        let size = request.body.as_ref().map_or(0, |body| body.len() as u64);
        if size > limits.request_body {
            return Err(Error::Invalid(format!("a body of {size} bytes, the limit is {}", limits.request_body)));
        }
        Ok(())
    }

    /// Everything but GET and HEAD, unless the description declares it safe.
    fn is_write(&self, request: &Cleared) -> bool {
        let reads = matches!(request.method(), "GET" | "HEAD");
        !reads && !self.scope.description.safe_requests.iter().any(|safe| is_this(safe, request))
    }

    /// Whether this very request, told by its digest, was about to leave when the call was made first; none where this is
    /// the first time. What stood before it in the order of then is over: a repeat sends nothing more often than it was.
    fn sent_before(&mut self, request: &Cleared) -> Option<bool> {
        let Mode::Operation { again: Some(before), .. } = &mut self.mode else { return None };
        let position = before.iter().position(|write| write.digest == request.digest());
        if let Some(position) = position {
            before.drain(..=position);
        }
        Some(position.is_some())
    }

    async fn record(&mut self, request: &Cleared) -> Result<(), Error> {
        let write = written(request);
        self.scope.records.sent(std::slice::from_ref(&write)).await.map_err(|_| Error::Overloaded)?;
        self.report.writes.push(write);
        Ok(())
    }

    async fn record_again(&mut self, request: &Cleared) -> Result<(), Error> {
        let denied = || Rule::Repeat.denies(format!("the time of this repeat is over: {}", request.place()));
        self.scope.records.sent_again().await.map_err(|_| denied())?;
        self.report.writes.push(written(request));
        Ok(())
    }

    async fn enter(&mut self, write: bool) -> Result<Pass, Error> {
        let provider = &self.scope.provider;
        let pass = self.scope.egress.enter(&provider.external, &provider.egress, write, self.time_left()).await;
        self.report.held_back |= pass.is_err();
        pass
    }

    /// How long requests may still take.
    fn time_left(&self) -> Duration {
        self.limits().request_deadline.saturating_sub(self.elapsed())
    }

    async fn exchange(&self, pass: Pass, request: Cleared, timeout: Option<Duration>) -> Result<Answer, Error> {
        let (limits, left) = (self.limits(), self.time_left());
        if left.is_zero() {
            return Err(Error::Unreachable("the call's time for requests is over".to_owned()));
        }
        let answer = AnswerLimits { headers: limits.response_headers, body: limits.response_body };
        let timeout = timeout.map_or(left, |timeout| timeout.min(left));
        self.scope.egress.send(pass, request, answer, timeout).await
    }
}

fn written(request: &Cleared) -> Write {
    Write { method: request.method().to_owned(), url: request.place(), digest: request.digest().to_owned() }
}

fn is_this(safe: &SafeRequest, request: &Cleared) -> bool {
    safe.method == request.method()
        && request.url().path().starts_with(&safe.path_prefix)
        && Origin::parse(&safe.origin).is_ok_and(|origin| origin.covers(request.url()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Notebook, call, post, reading};
    use super::*;
    use crate::egress::loopback::{Loopback, Manner};
    use crate::model::Departures;

    #[tokio::test]
    async fn an_answer_below_500_counts_as_answered() {
        for (status, answered) in [(201, 1), (422, 1), (500, 0), (503, 0)] {
            let provider = Loopback::start(Manner::status(status, "{}")).await;
            let (mut call, notebook) = call(&provider.origin);
            assert_eq!(call.send(post(&provider.origin)).await.unwrap().status, status);
            let report = call.into_report();
            assert_eq!(report.departures, Departures { left: 1, answered }, "{status}");
            assert_eq!(report.writes, notebook.sent());
            assert_eq!(report.writes[0].url, format!("{}/pay", provider.origin));
        }
    }

    #[tokio::test]
    async fn a_refused_connection_has_not_left() {
        let origin = Loopback::nobody().await;
        let (mut call, notebook) = call(&origin);
        assert!(matches!(call.send(post(&origin)).await, Err(Error::Unreachable(_))));
        assert_eq!(call.into_report().departures, Departures::default());
        assert_eq!(notebook.sent().len(), 1);
    }

    #[tokio::test]
    async fn a_stalled_answer_has_left_even_if_nobody_waits_for_it_any_more() {
        let provider = Loopback::start(Manner::Stall).await;
        let (mut call, _) = call(&provider.origin);
        let timeout = Some(Duration::from_millis(50));
        assert_eq!(call.send(HttpRequest { timeout, ..post(&provider.origin) }).await, Err(Error::Timeout));
        provider.arrival().await;
        tokio::select! {
            _ = call.send(post(&provider.origin)) => unreachable!("it is never answered"),
            () = provider.arrival() => {}
        }
        assert_eq!(call.into_report().departures, Departures { left: 2, answered: 0 });
    }

    #[tokio::test]
    async fn nothing_leaves_before_it_is_on_disk() {
        let provider = Loopback::start(Manner::status(200, "")).await;
        let (mut call, notebook) = call(&provider.origin);
        notebook.refuse();
        assert_eq!(call.send(post(&provider.origin)).await, Err(Error::Overloaded));
        let report = call.into_report();
        assert_eq!((report.departures, report.writes), (Departures::default(), Vec::new()));
        assert!(provider.seen().is_empty());

        let (mut call, notebook) = super::super::testing::call(&provider.origin);
        let release = notebook.hold();
        let sending = tokio::spawn(async move { call.send(post(&provider.origin)).await.map(|_| provider) });
        notebook.asked().await;
        assert!(!sending.is_finished());
        release.send(()).unwrap();
        assert_eq!(sending.await.unwrap().unwrap().seen().len(), 1);
    }

    /// Rule 8.
    #[tokio::test]
    async fn a_repeat_sends_what_was_sent_before_in_that_order_and_nothing_else() {
        let provider = Loopback::start(Manner::status(200, "")).await;
        let to = |path: &str| {
            let mut asked = post(&provider.origin);
            asked.request.url = format!("{}/{path}", provider.origin);
            asked
        };
        let (mut first, _) = call(&provider.origin);
        for path in ["a", "b", "c"] {
            first.send(to(path)).await.unwrap();
        }
        let writes = first.into_report().writes;
        let (mut repeat, notebook) = super::super::testing::repeat(&provider.origin, writes.clone());
        let mut other_body = to("a");
        other_body.request.body = Some(b"{ }".to_vec());
        assert!(matches!(repeat.send(other_body).await, Err(Error::Denied(_))));
        for path in ["a", "c"] {
            repeat.send(to(path)).await.unwrap();
        }
        for path in ["a", "b", "c", "d"] {
            assert!(matches!(repeat.send(to(path)).await, Err(Error::Denied(_))), "{path}");
        }
        assert_eq!(provider.seen().len(), 5);
        let report = repeat.into_report();
        assert_eq!(report.departures, Departures { left: 2, answered: 2 });
        assert_eq!(report.writes, [writes[0].clone(), writes[2].clone()]);
        assert_eq!(notebook.sent(), [], "they are on disk since then");
    }

    /// Rule 8: who was paused past its time, or to whom the store says that it is decided, sends nothing.
    #[tokio::test]
    async fn a_repeat_that_is_over_sends_nothing() {
        let provider = Loopback::start(Manner::status(200, "")).await;
        let (mut first, _) = call(&provider.origin);
        first.send(post(&provider.origin)).await.unwrap();
        let (mut repeat, notebook) = super::super::testing::repeat(&provider.origin, first.into_report().writes);
        notebook.refuse();
        assert!(matches!(repeat.send(post(&provider.origin)).await, Err(Error::Denied(_))));
        assert_eq!(provider.seen().len(), 1);
        let report = repeat.into_report();
        assert_eq!((report.departures, report.writes), (Departures::default(), Vec::new()));
    }

    /// Rule 8: the digest is taken before secrets are put in, so that a rotated one is no other request.
    #[tokio::test]
    async fn a_repeat_is_the_same_though_the_secret_in_it_was_rotated() {
        let provider = Loopback::start(Manner::status(200, "")).await;
        let with_token = |call: &mut Call| {
            let token = call.placeholder("key", super::super::Encoding::Raw).unwrap();
            let mut asked = post(&provider.origin);
            asked.request.headers.push(("authorization".into(), format!("Bearer {token}")));
            asked
        };
        let (mut first, _) = call(&provider.origin);
        let asked = with_token(&mut first);
        first.send(asked).await.unwrap();
        let (mut repeat, _) = super::super::testing::repeat(&provider.origin, first.into_report().writes);
        Notebook::rotate(&mut repeat, "key");
        let asked = with_token(&mut repeat);
        repeat.send(asked).await.unwrap();
        assert!(provider.seen()[1].contains("authorization: Bearer the-old-one\r\n"));
    }

    #[tokio::test]
    async fn a_call_that_may_only_read_is_denied_its_writes() {
        let provider = Loopback::start(Manner::status(200, "")).await;
        let safe =
            SafeRequest { method: "POST".into(), origin: provider.origin.clone(), path_prefix: "/search".into() };
        let (mut call, notebook) = reading(&provider.origin, vec![safe]);
        assert!(matches!(call.send(post(&provider.origin)).await, Err(Error::Denied(_))));
        let mut search = post(&provider.origin);
        search.request.url = format!("{}/search", provider.origin);
        assert_eq!(call.send(search).await.unwrap().status, 200);
        let mut get = post(&provider.origin);
        get.request.method = "GET".into();
        assert_eq!(call.send(get).await.unwrap().status, 200);
        assert_eq!(provider.seen().len(), 2);
        assert_eq!(call.into_report().departures, Departures::default());
        assert_eq!(notebook.sent(), Vec::new());
    }

    #[tokio::test]
    async fn a_provider_that_is_down_gets_no_writes_and_is_still_asked() {
        let provider = Loopback::start(Manner::status(503, "")).await;
        let (mut call, notebook) = call(&provider.origin);
        Notebook::breaks_after(&mut call, 3);
        for _ in 0..3 {
            assert_eq!(call.send(post(&provider.origin)).await.unwrap().status, 503);
        }
        assert_eq!(call.send(post(&provider.origin)).await, Err(Error::Overloaded));
        let mut get = post(&provider.origin);
        get.request.method = "GET".into();
        assert_eq!(call.send(get.clone()).await.unwrap().status, 503, "one is let through");
        assert_eq!(call.send(get).await, Err(Error::Overloaded), "and no more for a while");
        assert_eq!((provider.seen().len(), notebook.sent().len()), (4, 3), "what is held back is not on disk as sent");
        assert_eq!(call.into_report().departures, Departures { left: 3, answered: 0 });
    }

    #[tokio::test]
    async fn requests_beyond_the_limits_are_refused_and_do_not_leave() {
        let provider = Loopback::start(Manner::status(200, "")).await;
        let (mut call, _) = call(&provider.origin);
        let mut large = post(&provider.origin);
        large.request.body = Some(vec![0; (1 << 20) + 1]);
        assert!(matches!(call.send(large).await, Err(Error::Invalid(_))));
        for _ in 1..16 {
            call.send(post(&provider.origin)).await.unwrap();
        }
        assert!(matches!(call.send(post(&provider.origin)).await, Err(Error::Denied(_))));
        assert_eq!(provider.seen().len(), 15);
        let report = call.into_report();
        assert_eq!((report.requests, report.departures), (17, Departures { left: 15, answered: 15 }));
    }

    #[tokio::test]
    async fn a_secret_reaches_the_provider_and_nobody_else() {
        let provider = Loopback::start(Manner::status(200, "")).await;
        let other = Loopback::start(Manner::status(200, "")).await;
        let (mut call, _) = call(&provider.origin);
        let token = call.placeholder("key", super::super::Encoding::Raw).unwrap();
        assert!(!token.contains("s3cret"));
        let with_token = |origin: &str| {
            let mut asked = post(origin);
            asked.request.headers.push(("authorization".into(), format!("Bearer {token}")));
            asked
        };
        call.send(with_token(&provider.origin)).await.unwrap();
        assert!(provider.seen()[0].contains("authorization: Bearer s3cret-value\r\n"));
        Notebook::also_grant(&mut call, &other.origin);
        assert!(matches!(call.send(with_token(&other.origin)).await, Err(Error::Denied(_))));
        assert!(other.seen().is_empty());
        let report = call.into_report();
        assert_eq!(report.departures, Departures { left: 1, answered: 1 });
        assert!(!format!("{report:?}").contains("s3cret"));
    }
}
