//! The words that answers choose from.

use super::super::super::problem::Code;
use super::string;
use utoipa::openapi::{RefOr, Schema};

/// `result` of pay.
pub(in crate::api) fn pay_result_schema() -> RefOr<Schema> {
    words("What became of the payment.", ["OK", "KO", "PENDING", "REDIRECT_TO_URL"])
}

/// `result` of refund.
pub(in crate::api) fn refund_result_schema() -> RefOr<Schema> {
    words("What became of the refund.", ["OK", "KO", "PENDING"])
}

/// `result` of a change that moves no money.
pub(in crate::api) fn change_result_schema() -> RefOr<Schema> {
    words("What became of the change.", ["OK", "KO", "PENDING"])
}

/// `outcome` of a problem.
pub(in crate::api) fn outcome_schema() -> RefOr<Schema> {
    words(
        "`not_executed`: this request moved no money. `unknown`: it may have; ask for the status before anything else.",
        ["not_executed", "unknown"],
    )
}

/// `code` of a problem.
pub(in crate::api) fn problem_code_schema() -> RefOr<Schema> {
    words("What happened, for programs.", Code::ALL.into_iter().map(Code::name))
}

fn words(about: &str, words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    RefOr::T(Schema::Object(string(about).enum_values(Some(words)).build()))
}
