//! Every part, built once; every long-running task, and its shutdown.
