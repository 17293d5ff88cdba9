//! What the hosts of this test program count. A process has one recorder: a test that reads a counter gives its external
//! a name of its own.

use super::Host;
use metrics_exporter_prometheus::PrometheusHandle;
use provost::telemetry;
use std::sync::OnceLock;

/// The recorder of all hosts here.
pub(super) fn handle() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| telemetry::install_metrics().expect("nobody else installs a recorder")).clone()
}

impl Host {
    /// A counter with these labels among others; 0 where it was never counted.
    pub async fn counter(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let metrics = self.get("/-/metrics").await;
        let text = String::from_utf8(metrics.bytes).expect("metrics are text");
        let labels: Vec<_> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        let is_it =
            |line: &&str| line.starts_with(&format!("{name}{{")) && labels.iter().all(|pair| line.contains(pair));
        let counts = text.lines().filter(is_it).filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        counts.sum()
    }
}
