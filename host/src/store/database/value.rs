//! What stands in columns: nothing, an integer, a text or bytes; and how Rust's plain types become that and come back.

use super::{Error, Result};
use std::borrow::Cow;

/// A value of a column, or of a parameter. Borrows where it can, so that neither way copies texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Value<'a> {
    /// NULL.
    Null,
    /// Every number, moment and truth.
    Integer(i64),
    /// Names, and whatever is kept as JSON.
    Text(Cow<'a, str>),
    /// Bytes that nobody here reads.
    Blob(Cow<'a, [u8]>),
}

/// What can be handed to a statement.
pub(in crate::store) trait ToValue {
    /// As it stands in a column.
    fn to_value(&self) -> Result<Value<'_>>;
}

/// What can be read from a column.
pub(in crate::store) trait FromValue: Sized {
    /// From how it stands in a column.
    fn from_value(value: Value<'_>) -> Result<Self>;
}

/// The parameters of a statement, in order.
pub(in crate::store) trait Params {
    /// Lends them to `use_them`.
    fn lend<T>(&self, use_them: impl FnOnce(&[&dyn ToValue]) -> T) -> T;
}

/// Parameters of different types.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$(&$value as &dyn $crate::store::database::ToValue),*] as &[&dyn $crate::store::database::ToValue]
    };
}
pub(in crate::store) use params;

impl Params for &[&dyn ToValue] {
    fn lend<T>(&self, use_them: impl FnOnce(&[&dyn ToValue]) -> T) -> T {
        use_them(self)
    }
}

impl Params for [&dyn ToValue; 0] {
    fn lend<T>(&self, use_them: impl FnOnce(&[&dyn ToValue]) -> T) -> T {
        use_them(self)
    }
}

/// Parameters of one type.
macro_rules! arrays {
    ($($length:literal),*) => {$(
        impl<V: ToValue> Params for [V; $length] {
            fn lend<T>(&self, use_them: impl FnOnce(&[&dyn ToValue]) -> T) -> T {
                use_them(&self.each_ref().map(|value| value as &dyn ToValue))
            }
        }
    )*};
}

arrays!(1, 2, 3, 4);

impl Value<'_> {
    fn integer(self) -> Result<i64> {
        match self {
            Self::Integer(number) => Ok(number),
            other => Err(other.is_not("an integer")),
        }
    }

    /// Names what it is, and not what it says: values may be what nobody is to read in a log.
    fn is_not(&self, wanted: &str) -> Error {
        let found = match self {
            Self::Null => "NULL",
            Self::Integer(_) => "an integer",
            Self::Text(_) => "a text",
            Self::Blob(_) => "bytes",
        };
        Error::Value(format!("{found} where {wanted} is expected"))
    }
}

impl<'a> Value<'a> {
    pub(in crate::store) fn text(self) -> Result<Cow<'a, str>> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.is_not("a text")),
        }
    }

    fn blob(self) -> Result<Cow<'a, [u8]>> {
        match self {
            Self::Blob(bytes) => Ok(bytes),
            other => Err(other.is_not("bytes")),
        }
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl ToValue for $type {
            fn to_value(&self) -> Result<Value<'_>> {
                Ok(Value::Integer(i64::from(*self)))
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Result<Self> {
                let number = value.integer()?;
                Self::try_from(number)
                    .map_err(|_| Error::Value(format!("{number} is no {}", stringify!($type))))
            }
        }
    )*};
}

integers!(i64, u16, u32);

/// 0 or 1.
impl ToValue for bool {
    fn to_value(&self) -> Result<Value<'_>> {
        Ok(Value::Integer(i64::from(*self)))
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Result<Self> {
        Ok(value.integer()? != 0)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Result<Value<'_>> {
        Ok(Value::Text(self.into()))
    }
}

impl ToValue for String {
    fn to_value(&self) -> Result<Value<'_>> {
        self.as_str().to_value()
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Result<Self> {
        value.text().map(Cow::into_owned)
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Result<Value<'_>> {
        Ok(Value::Blob(self.into()))
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Result<Self> {
        value.blob().map(Cow::into_owned)
    }
}

impl<const N: usize> ToValue for [u8; N] {
    fn to_value(&self) -> Result<Value<'_>> {
        Ok(Value::Blob(self.as_slice().into()))
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value<'_>) -> Result<Self> {
        let bytes = value.blob()?;
        let found = bytes.len();
        bytes.as_ref().try_into().map_err(|_| Error::Value(format!("{found} bytes where {N} are expected")))
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Result<Value<'_>> {
        self.as_ref().map_or(Ok(Value::Null), T::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Result<Value<'_>> {
        (*self).to_value()
    }
}
