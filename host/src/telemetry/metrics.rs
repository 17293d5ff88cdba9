//! The set-up of metrics, and the macro that the list of their names is written with.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the buckets of every histogram in seconds: from a call inside of the host to a provider's time-out.
const SECONDS: [f64; 16] =
    [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Defines metrics: a constant for each name, and a table with what Prometheus is told about all of them. The first
/// line of an entry's doc comment is its description.
macro_rules! list {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:ident = $text:literal;)+) => {
        $($(#[doc = $doc])+ pub const $name: &str = $text;)+

        /// Every metric: kind, name, description.
        const METRICS: &[(Kind, &str, &str)] = &[$((Kind::$kind, $text, concat!($($doc),+))),+];
    };
}
pub(super) use list;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only grows.
    Counter,
    /// How much there is now.
    Gauge,
    /// How long something took, in seconds.
    Seconds,
}

/// Collects metrics from now on. The handle renders them for Prometheus; call its `run_upkeep` every few seconds, or
/// histograms that nobody scrapes grow without end.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let handle = builder()?.install_recorder()?;
    describe();
    Ok(handle)
}

/// A builder with our buckets, for a recorder of a test's own too.
fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
}

fn describe() {
    for (kind, name, text) in super::METRICS {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, text.trim()),
            Kind::Gauge => metrics::describe_gauge!(*name, text.trim()),
            Kind::Seconds => metrics::describe_histogram!(*name, metrics::Unit::Seconds, text.trim()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_a_metric_is_and_what_it_counts() {
        for (kind, name, text) in crate::telemetry::METRICS {
            assert!(name.starts_with("provost_") || name.starts_with("http_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), *kind == Kind::Seconds, "{name}");
            assert!(text.trim().ends_with('.'), "{name}: {text}");
        }
        let names: std::collections::BTreeSet<_> = crate::telemetry::METRICS.iter().map(|(_, name, _)| name).collect();
        assert_eq!(names.len(), crate::telemetry::METRICS.len());
    }

    #[test]
    fn durations_are_rendered_in_buckets_with_their_description() {
        let recorder = builder().unwrap().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::histogram!(crate::telemetry::HTTP_REQUEST_SECONDS, "external" => "acme").record(0.02);
        });
        let rendered = recorder.handle().render();
        assert!(rendered.contains("# HELP provost_http_request_seconds How long a request took"), "{rendered}");
        assert!(
            rendered.contains("provost_http_request_seconds_bucket{external=\"acme\",le=\"0.03\"} 1"),
            "{rendered}"
        );
    }
}
