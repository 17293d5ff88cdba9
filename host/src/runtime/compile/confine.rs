//! Takes from this process all that compiling does not need: memory, time, files, network, other processes. Everything
//! here is the kernel's to keep, and none of it can be undone.

use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus, Scope};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use seccompiler::SeccompCmpArgLen::{self, Dword, Qword};
use seccompiler::SeccompCmpOp::{self, Eq, MaskedEq};
use seccompiler::{BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule, TargetArch};
use std::io;

/// File descriptors: the three pipes, and a few that the runtime takes for a moment.
const FILES: u64 = 16;
/// `PR_SET_VMA`, which the bindings know for Android alone.
const NAME_OF_MEMORY: u64 = 0x5356_4d41;

/// Sets the limits, and closes every door that the kernel can close. Says which it cannot.
///
/// # Errors
///
/// A limit cannot be set.
pub(super) fn confine(memory: u64, cpu_seconds: u64) -> io::Result<Vec<String>> {
    let first = first_to_go();
    // Who asked for the code is gone with its process: nobody would read it.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // One second more for the signal that says why.
    limit(Resource::Cpu, cpu_seconds, cpu_seconds.saturating_add(1))?;
    limit(Resource::As, memory, memory)?;
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Nofile, FILES, FILES)?;
    // What it writes goes into a pipe.
    limit(Resource::Fsize, 0, 0)?;
    Ok([first.err(), landlock().err(), seccomp().err()].into_iter().flatten().collect())
}

/// Where memory runs out below the limit, as in a small container, this process is killed for it and not its host.
#[expect(clippy::disallowed_methods, reason = "the kernel's own file, about this process")]
fn first_to_go() -> Result<(), String> {
    let said = std::fs::write("/proc/self/oom_score_adj", "1000");
    said.map_err(|error| format!("it is not the first to be killed when memory runs out: {error}"))
}

/// Where the system allows less already, that stays.
fn limit(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum.map_or(maximum, |allowed| allowed.min(maximum));
    Ok(setrlimit(resource, Rlimit { current: Some(current.min(maximum)), maximum: Some(maximum) })?)
}

/// No file may be opened, made or removed, no port bound or connected to: there are no exceptions.
fn landlock() -> Result<(), String> {
    let abi = ABI::V6;
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    match restricted {
        Ok(status) if status.ruleset != RulesetStatus::NotEnforced => Ok(()),
        Ok(_) => Err("this kernel has no landlock".to_owned()),
        Err(error) => Err(format!("landlock failed: {error}")),
    }
}

/// Only the calls that compiling makes; every other is answered with an error.
fn seccomp() -> Result<(), String> {
    let install = || -> Result<(), seccompiler::Error> {
        // Its flags cannot be read by a filter; where it is not there, the C library takes `clone`, whose can.
        let no_clone3 = filter(vec![(libc::SYS_clone3, vec![])], SeccompAction::Allow, errno(libc::ENOSYS))?;
        let allowed = filter(allowed()?, errno(libc::EPERM), SeccompAction::Allow)?;
        seccompiler::apply_filter(&no_clone3)?;
        seccompiler::apply_filter(&allowed)
    };
    install().map_err(|error| format!("this kernel takes no seccomp filter: {error}"))
}

fn errno(number: i32) -> SeccompAction {
    SeccompAction::Errno(number.unsigned_abs())
}

type Rules = Vec<(i64, Vec<SeccompRule>)>;

fn filter(
    rules: Rules,
    otherwise: SeccompAction,
    matching: SeccompAction,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let here = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules.into_iter().collect(), otherwise, matching, here)?.try_into()
}

fn allowed() -> Result<Rules, seccompiler::BackendError> {
    let plain = [
        // The pipes.
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        // Memory, inside of the limit.
        libc::SYS_brk,
        libc::SYS_mmap,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        // Threads.
        libc::SYS_clone3,
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_membarrier,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_exit,
        // Signals of its own faults.
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        // Time and chance.
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_getrandom,
        libc::SYS_exit_group,
    ];
    let mut rules: Rules = plain.into_iter().map(|call| (call, Vec::new())).collect();
    // Threads of this process, and no others.
    let threads = libc::CLONE_THREAD as u64;
    rules.push((libc::SYS_clone, vec![rule(0, Qword, MaskedEq(threads), threads)?]));
    // To abort, and not to signal anybody else.
    rules.push((libc::SYS_tgkill, vec![rule(0, Dword, Eq, u64::from(std::process::id()))?]));
    // Limits may be read; a new one has an address.
    rules.push((libc::SYS_prlimit64, vec![rule(2, Qword, Eq, 0)?]));
    // Threads and memory are given names.
    let name = |option| rule(0, Dword, Eq, option);
    rules.push((libc::SYS_prctl, vec![name(libc::PR_SET_NAME as u64)?, name(NAME_OF_MEMORY)?]));
    Ok(rules)
}

/// Where this argument of a call is so.
fn rule(
    argument: u8,
    length: SeccompCmpArgLen,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])
}

#[cfg(test)]
mod tests;
