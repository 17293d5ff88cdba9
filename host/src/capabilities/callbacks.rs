//! `callbacks` and `settings`.

use super::Call;
use super::call::beyond;
use crate::model::{Event, Failure};

impl Call {
    /// News for the merchant, kept until the call has succeeded. Too much of it ends the call.
    pub fn emit(&mut self, event: Event) -> Result<(), Failure> {
        if self.report.emitted.len() as u64 >= u64::from(self.limits().callbacks) {
            return Err(beyond("callbacks"));
        }
        self.report.emitted.push(event);
        Ok(())
    }

    /// The operator's setting of this name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.scope.provider.settings.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::model::{Action, News, NewsState, Source, Target};

    #[test]
    fn news_is_kept_up_to_its_limit_and_then_ends_the_call() {
        let (mut call, _) = call("https://a.example");
        let source = Source::Verified { can_ask: true };
        let news = News::new(source, Target::default(), Action::Payment, NewsState::Pending);
        for _ in 0..16 {
            call.emit(Event::Payment(news.clone())).unwrap();
        }
        assert_eq!(call.emit(Event::Payment(news)), Err(Failure::Limit("callbacks")));
        assert_eq!(call.into_report().emitted.len(), 16);
    }
}
