//! The command line: parse, then run.
