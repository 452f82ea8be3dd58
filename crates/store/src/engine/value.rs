//! Values that go into and come out of SQL, the same for both engines.

use crate::error::StoreError;

/// A parameter of a statement. Booleans and times are integers (times in Unix milliseconds).
#[derive(Clone, Copy)]
pub(crate) enum Val<'a> {
    /// SQL `NULL`.
    Null,
    /// `INTEGER`, `BIGINT`.
    Int(i64),
    /// `TEXT`.
    Text(&'a str),
    /// `BLOB`, `BYTEA`.
    Blob(&'a [u8]),
}

impl From<i64> for Val<'_> {
    fn from(v: i64) -> Self {
        Val::Int(v)
    }
}

impl From<u64> for Val<'_> {
    // Sizes, indexes and epochs stay far below 2^63; saturating keeps the order if one ever did not.
    fn from(v: u64) -> Self {
        Val::Int(i64::try_from(v).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Val<'_> {
    fn from(v: bool) -> Self {
        Val::Int(i64::from(v))
    }
}

impl<'a> From<&'a str> for Val<'a> {
    fn from(v: &'a str) -> Self {
        Val::Text(v)
    }
}

impl<'a> From<&'a String> for Val<'a> {
    fn from(v: &'a String) -> Self {
        Val::Text(v)
    }
}

impl<'a> From<&'a [u8]> for Val<'a> {
    fn from(v: &'a [u8]) -> Self {
        Val::Blob(v)
    }
}

impl<'a> From<&'a Vec<u8>> for Val<'a> {
    fn from(v: &'a Vec<u8>) -> Self {
        Val::Blob(v)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Val<'a> {
    fn from(v: &'a [u8; N]) -> Self {
        Val::Blob(v)
    }
}

impl<'a, T: Into<Val<'a>>> From<Option<T>> for Val<'a> {
    fn from(v: Option<T>) -> Self {
        v.map_or(Val::Null, Into::into)
    }
}

impl From<jiff::Timestamp> for Val<'_> {
    fn from(v: jiff::Timestamp) -> Self {
        Val::Int(v.as_millisecond())
    }
}

/// A value that a statement returned.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl<'a> From<&'a Value> for Val<'a> {
    fn from(v: &'a Value) -> Self {
        match v {
            Value::Null => Val::Null,
            Value::Int(v) => Val::Int(*v),
            Value::Text(v) => Val::Text(v),
            Value::Blob(v) => Val::Blob(v),
        }
    }
}

/// One row that a statement returned; columns by position.
#[derive(Clone)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    fn column(&self, at: usize, wanted: &'static str) -> StoreError {
        StoreError::Unreadable(format!(
            "column {at} of a stored row is not {wanted}; the database was changed by something else, \
             restore it from a backup"
        ))
    }

    /// The integer in column `at`.
    ///
    /// # Errors
    /// When the column holds something else.
    pub(crate) fn int(&self, at: usize) -> Result<i64, StoreError> {
        match self.0.get(at) {
            Some(Value::Int(v)) => Ok(*v),
            _ => Err(self.column(at, "an integer")),
        }
    }

    /// The non-negative integer in column `at`.
    ///
    /// # Errors
    /// When the column holds something else.
    pub(crate) fn uint(&self, at: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(at)?).map_err(|_| self.column(at, "zero or more"))
    }

    /// The integer in column `at`, or nothing where it is `NULL`.
    ///
    /// # Errors
    /// When the column holds something else.
    pub(crate) fn int_opt(&self, at: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(at) {
            Some(Value::Null) => Ok(None),
            Some(_) => self.int(at).map(Some),
            None => Err(self.column(at, "there")),
        }
    }

    /// Whether the integer in column `at` is not zero.
    ///
    /// # Errors
    /// When the column holds something else.
    pub(crate) fn flag(&self, at: usize) -> Result<bool, StoreError> {
        Ok(self.int(at)? != 0)
    }

    /// The time in column `at`, stored as Unix milliseconds.
    ///
    /// # Errors
    /// When the column holds something else, or a time out of range.
    pub(crate) fn time(&self, at: usize) -> Result<jiff::Timestamp, StoreError> {
        jiff::Timestamp::from_millisecond(self.int(at)?).map_err(|_| self.column(at, "a time"))
    }

    /// The time in column `at`, or nothing where it is `NULL`.
    ///
    /// # Errors
    /// As [`Row::time`].
    pub(crate) fn time_opt(&self, at: usize) -> Result<Option<jiff::Timestamp>, StoreError> {
        match self.int_opt(at)? {
            None => Ok(None),
            Some(_) => self.time(at).map(Some),
        }
    }

    /// The text in column `at`.
    ///
    /// # Errors
    /// When the column holds something else.
    pub(crate) fn text(&self, at: usize) -> Result<&str, StoreError> {
        match self.0.get(at) {
            Some(Value::Text(v)) => Ok(v),
            _ => Err(self.column(at, "text")),
        }
    }

    /// The text in column `at`, or nothing where it is `NULL`.
    ///
    /// # Errors
    /// When the column holds something else.
    pub(crate) fn text_opt(&self, at: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(at) {
            Some(Value::Null) => Ok(None),
            _ => self.text(at).map(Some),
        }
    }

    /// The bytes in column `at`.
    ///
    /// # Errors
    /// When the column holds something else.
    pub(crate) fn blob(&self, at: usize) -> Result<&[u8], StoreError> {
        match self.0.get(at) {
            Some(Value::Blob(v)) => Ok(v),
            _ => Err(self.column(at, "bytes")),
        }
    }

    /// The bytes in column `at`, or nothing where it is `NULL`.
    ///
    /// # Errors
    /// When the column holds something else.
    pub(crate) fn blob_opt(&self, at: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.0.get(at) {
            Some(Value::Null) => Ok(None),
            _ => self.blob(at).map(Some),
        }
    }

    /// Exactly `N` bytes in column `at`.
    ///
    /// # Errors
    /// When the column holds something else or another length.
    pub(crate) fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N], StoreError> {
        self.blob(at)?.try_into().map_err(|_| self.column(at, "of the right length"))
    }
}
