//! A command on Postgres: a transaction that is repeated while others were faster, and whose end is never guessed.
//!
//! Commands can be repeated because they hold values and change nothing but the database.

use super::StoreError;
use super::database::{Company, Connection, Fate, Trouble};
use super::pool::Worker;
use std::time::{Duration, Instant};

/// How often a command is tried. Those who disturb each other finish one by one, so that as many can meet.
const ATTEMPTS: u32 = 64;

/// How often a command is tried beside all others; then alone. Many that wait for one answer read what its end writes:
/// they would disturb it until it is given up.
const BESIDE: u32 = 3;

/// How often what is to be unique is found to be taken before that is no race but so.
const TAKEN: u32 = 3;

/// Nothing is tried again after this.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after a lost answer the database is asked again what became of a transaction.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// Why an attempt brought nothing.
enum Failed {
    /// The command says so itself, or it would fail again.
    For(StoreError),
    /// Nothing was written, and the same again may succeed.
    Again(StoreError),
    /// What is to be unique is taken.
    Taken(StoreError),
}

/// Runs a command until it is committed, or fails for good.
pub(super) fn write<T>(
    worker: &mut Worker,
    command: &impl Fn(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    repeat(|number| attempt(worker, if number > BESIDE { Company::Alone } else { Company::Any }, command))
}

/// The same of what only reads.
pub(super) fn read<T>(
    worker: &mut Worker,
    query: &impl Fn(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    repeat(|_| {
        let connection = worker.connect().map_err(Failed::For)?;
        let result = connection.begin_reading().map_err(StoreError::from).and_then(|()| query(connection));
        let ended = connection.commit();
        match (result, connection.trouble()) {
            (result, None) => result.and_then(|value| Ok(ended.map(|()| value)?)).map_err(Failed::For),
            (result, Some(trouble)) => Err(failed(worker, trouble, result.err())),
        }
    })
}

fn repeat<T>(mut attempt: impl FnMut(u32) -> Result<T, Failed>) -> Result<T, StoreError> {
    let begun = Instant::now();
    let mut taken = 0;
    for number in 1.. {
        let error = match attempt(number) {
            Ok(value) => return Ok(value),
            Err(Failed::For(error)) => return Err(error),
            Err(Failed::Taken(error)) => {
                taken += 1;
                if taken == TAKEN {
                    return Err(error);
                }
                error
            }
            Err(Failed::Again(error)) => error,
        };
        if number == ATTEMPTS || begun.elapsed() > PATIENCE {
            return Err(error);
        }
        std::thread::sleep(pause(number));
    }
    Err(StoreError::Away("it was never tried".into()))
}

/// Up to a millisecond at first and more every time, never the same for two.
fn pause(attempt: u32) -> Duration {
    let mut byte = [0];
    // Without randomness they only meet more often.
    let _ = getrandom::fill(&mut byte);
    Duration::from_micros(u64::from(byte[0]) * 4 * u64::from(attempt.min(16)))
}

fn attempt<T>(
    worker: &mut Worker,
    company: Company,
    command: &impl Fn(&Connection) -> Result<T, StoreError>,
) -> Result<T, Failed> {
    let connection = worker.connect().map_err(Failed::For)?;
    let begun = connection.begin(company);
    let result = begun.map_err(StoreError::from).and_then(|name| Ok((command(connection)?, name)));
    if let Some(trouble) = connection.trouble() {
        return Err(failed(worker, trouble, result.err()));
    }
    let (value, name) = match result {
        Ok(done) => done,
        Err(error) => {
            if connection.roll_back().is_err() {
                worker.let_go();
            }
            return Err(Failed::For(error));
        }
    };
    let Err(error) = connection.commit() else {
        return Ok(value);
    };
    if let Some(trouble) = connection.trouble().filter(|trouble| *trouble != Trouble::Gone) {
        // It is told that it did not happen.
        return Err(failed(worker, trouble, Some(error.into())));
    }
    worker.let_go();
    match name.map_or(Fate::Forgotten, |name| fate(worker, &name)) {
        Fate::Committed => Ok(value),
        Fate::Undone => Err(Failed::Again(error.into())),
        Fate::Open | Fate::Forgotten => Err(Failed::For(StoreError::Away(
            "the answer to a COMMIT was lost, and the database does not say what became of it".into(),
        ))),
    }
}

/// Ends a transaction that cannot be committed.
fn failed(worker: &mut Worker, trouble: Trouble, error: Option<StoreError>) -> Failed {
    let error = error.unwrap_or_else(|| StoreError::Away("a statement of the command failed".into()));
    let undone = worker.connect().is_ok_and(|connection| connection.roll_back().is_ok());
    if !undone || trouble == Trouble::Gone {
        worker.let_go();
    }
    match trouble {
        Trouble::Conflict => Failed::Again(error),
        Trouble::Taken => Failed::Taken(error),
        Trouble::Refused => Failed::For(error),
        // Nothing of it can be there, because it had not come to its COMMIT. Over a new connection, if there is one.
        Trouble::Gone => match worker.connect() {
            Ok(_) => Failed::Again(error),
            Err(error) => Failed::For(error),
        },
    }
}

/// What became of a transaction whose COMMIT got no answer: asked over new connections, until it has ended.
fn fate(worker: &mut Worker, name: &str) -> Fate {
    let begun = Instant::now();
    loop {
        let told = worker.connect().and_then(|connection| Ok(connection.fate(name)?));
        match told {
            Ok(Fate::Open) => {}
            Ok(fate) => return fate,
            Err(error) => {
                tracing::warn!(%error, "the database is asked again what became of a transaction");
                worker.let_go();
            }
        }
        if begun.elapsed() > PATIENCE {
            return Fate::Open;
        }
        std::thread::sleep(ASK_AGAIN);
    }
}
