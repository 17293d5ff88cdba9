//! Medians over the rounds, and how the ways compare within them.

use crate::Settings;
use crate::case::{Case, Way};
use crate::inprocess::Part;
use crate::load::Answered;
use crate::targets::{self, Target};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::time::Duration;

/// One case in one round, and the medians over all.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Measurement {
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// CPU time of one request over the server processes of the case.
    pub(crate) cpu_us: f64,
}

impl Measurement {
    /// Of what was answered, and what the servers needed for it.
    pub(crate) fn of(answered: Answered, cpu: Duration) -> Result<Self> {
        let mut latencies = answered.latencies;
        ensure!(!latencies.is_empty(), "not one request was answered");
        latencies.sort_unstable();
        let requests = latencies.len() as f64;
        let quantile = |part: usize| latencies[(latencies.len() - 1) * part / 100].as_secs_f64() * 1e6;
        Ok(Self {
            requests_per_second: requests / answered.elapsed.as_secs_f64(),
            p50_us: quantile(50),
            p99_us: quantile(99),
            cpu_us: cpu.as_secs_f64() * 1e6 / requests,
        })
    }
}

/// One case over all rounds. Ratios are medians of the ratios within each round.
#[derive(Serialize)]
pub(crate) struct Line {
    #[serde(flatten)]
    pub(crate) case: Case,
    #[serde(flatten)]
    pub(crate) median: Measurement,
    /// Requests and CPU time, as multiples of the native handler's.
    pub(crate) to_native: Ratio,
    /// The same, of forwarding's.
    pub(crate) to_forward: Ratio,
}

/// One case as multiples of another.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Ratio {
    pub(crate) requests: f64,
    pub(crate) cpu: f64,
}

/// Everything that is reported.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) cores: usize,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) cases: Vec<Line>,
    pub(crate) in_process: Vec<Part>,
    pub(crate) targets: Vec<Target>,
}

impl Summary {
    /// Of all rounds, oldest first.
    pub(crate) fn of(settings: &Settings, measured: &[(Case, Measurement)], in_process: Vec<Part>) -> Self {
        let cases: Vec<_> = Case::all().into_iter().map(|case| line(measured, case)).collect();
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            rounds: settings.rounds,
            seconds: settings.seconds,
            targets: targets::reached(&cases, &in_process),
            cases,
            in_process,
        }
    }
}

fn line(measured: &[(Case, Measurement)], case: Case) -> Line {
    let rounds = of_case(measured, case);
    let over = |value: fn(&Measurement) -> f64| median(rounds.iter().map(value).collect());
    Line {
        case,
        median: Measurement {
            requests_per_second: over(|round| round.requests_per_second),
            p50_us: over(|round| round.p50_us),
            p99_us: over(|round| round.p99_us),
            cpu_us: over(|round| round.cpu_us),
        },
        to_native: ratio(&rounds, &of_case(measured, case.but(Way::Native))),
        to_forward: ratio(&rounds, &of_case(measured, case.but(Way::Forward))),
    }
}

fn of_case(measured: &[(Case, Measurement)], case: Case) -> Vec<Measurement> {
    measured.iter().filter(|(of, _)| *of == case).map(|(_, measurement)| *measurement).collect()
}

fn ratio(of: &[Measurement], to: &[Measurement]) -> Ratio {
    let over = |value: fn(&Measurement) -> f64| {
        median(std::iter::zip(of, to).map(|(one, other)| value(one) / value(other)).collect())
    };
    Ratio { requests: over(|round| round.requests_per_second), cpu: over(|round| round.cpu_us) }
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Work;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![9.0, 1.0, 2.0, 4.0]) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_request_costs_the_cpu_time_divided_among_all() {
        let latencies = (1..=100).rev().map(Duration::from_micros).collect();
        let answered = Answered { latencies, elapsed: Duration::from_secs(2) };
        let measured = Measurement::of(answered, Duration::from_millis(3)).unwrap();
        let seen = [measured.requests_per_second, measured.p50_us, measured.p99_us, measured.cpu_us];
        for (seen, wanted) in std::iter::zip(seen, [50.0, 50.0, 99.0, 30.0]) {
            assert!((seen - wanted).abs() < 1e-6, "{seen} is not {wanted}");
        }
    }

    /// A machine that is slow for a whole round changes no ratio.
    #[test]
    fn ratios_are_taken_within_a_round() {
        let native = Case { work: Work::Status, outbound: false, way: Way::Native, connections: 1 };
        let measurement =
            |requests_per_second| Measurement { requests_per_second, p50_us: 1.0, p99_us: 1.0, cpu_us: 1.0 };
        let mut measured = Vec::new();
        for speed in [100.0, 1000.0, 10.0] {
            measured.push((native, measurement(speed)));
            measured.push((native.but(Way::Plugin), measurement(speed * 0.5)));
        }
        let of_native = of_case(&measured, native);
        let ratio = ratio(&of_case(&measured, native.but(Way::Plugin)), &of_native);
        assert!((ratio.requests - 0.5).abs() < 1e-9);
    }
}
