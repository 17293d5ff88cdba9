//! What came out, for people and for programs.

use crate::case::Way;
use crate::summary::Summary;
use anyhow::Result;

/// As JSON.
pub(crate) fn json(summary: &Summary) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(summary)?);
    Ok(())
}

/// As a table.
pub(crate) fn table(summary: &Summary) -> Result<()> {
    let Summary { cores, rounds, seconds, .. } = summary;
    println!("{cores} cores, {rounds} rounds of {seconds} s; medians, and medians of the ratios within a round.");
    println!("CPU time is that of all servers of a case, the provider left out. Durable: SQLite, synchronous=FULL.");
    println!();
    let [native, forward] = ["against native", "against forwarding"];
    println!("{:<32} {:>4} {:>9} {:>8} {:>8} {:>8} {native:>17} {forward:>19}", "", "", "", "p50", "p99", "CPU");
    println!(
        "{:<32} {:>4} {:>9} {:>8} {:>8} {:>8} {:>9} {:>7} {:>11} {:>7}",
        "case", "conn", "req/s", "µs", "µs", "µs/req", "req/s", "CPU", "req/s", "CPU"
    );
    for line in &summary.cases {
        let median = line.median;
        if line.case.way == Way::Native {
            println!();
        }
        println!(
            "{:<32} {:>4} {:>9.0} {:>8.0} {:>8.0} {:>8.1} {:>9.2} {:>7.2} {:>11.2} {:>7.2}",
            line.case,
            line.case.connections,
            median.requests_per_second,
            median.p50_us,
            median.p99_us,
            median.cpu_us,
            line.to_native.requests,
            line.to_native.cpu,
            line.to_forward.requests,
            line.to_forward.cpu,
        );
    }
    println!("\n{:<32} {:>4} {:>9} {:>22} {:>12}", "in process", "at a", "per", "CPU", "minor page");
    println!("{:<32} {:>4} {:>9} {:>22} {:>12}", "", "time", "second", "µs", "faults");
    for part in &summary.in_process {
        println!(
            "{:<32} {:>4} {:>9.0} {:>22.1} {:>12.2}",
            part.name, part.callers, part.per_second, part.cpu_us, part.page_faults
        );
    }
    println!();
    for target in &summary.targets {
        println!("{target}");
    }
    Ok(())
}
