//! Every committed callback is delivered at least once under one id with one body, none invented, in order per payment.

use super::Case;
use std::collections::{HashMap, HashSet};

/// Every fault found.
pub(crate) fn check(case: &Case<'_>, faults: &mut Vec<String>) {
    faults.extend(case.mail.wrongs.iter().cloned());
    let committed: HashSet<_> = case.callbacks.iter().map(|callback| callback.id.as_str()).collect();
    if committed.len() != case.callbacks.len() {
        faults.push("two callbacks have one id".to_owned());
    }
    let invented = case.mail.arrived.keys().filter(|id| !committed.contains(id.as_str()));
    faults.extend(invented.map(|id| format!("callback {id} was delivered, and is not on disk")));

    let mut last: HashMap<&str, (u64, u64)> = HashMap::new();
    let mut ordered: Vec<_> = case.callbacks.iter().collect();
    ordered.sort_by_key(|callback| (&callback.about, callback.sequence));
    for callback in ordered {
        let (id, about) = (&callback.id, &callback.about);
        let Some(arrival) = case.mail.arrived.get(id) else {
            faults.push(format!("callback {id} of {about} was never delivered: it is {}", callback.state));
            continue;
        };
        if arrival.body != callback.body {
            faults.push(format!("callback {id} of {about} was delivered with another body than is on disk"));
        }
        if callback.state != "delivered" {
            faults.push(format!("callback {id} of {about} is {}", callback.state));
        }
        let before = last.insert(about, (callback.sequence, arrival.position));
        if let Some((sequence, position)) = before {
            if position > arrival.position {
                faults.push(format!("callback {id} of {about} overtook the one before it"));
            }
            if sequence + 1 != callback.sequence {
                faults.push(format!("between {sequence} and {} of {about} callbacks are missing", callback.sequence));
            }
        }
    }
}
