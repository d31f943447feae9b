//! JSON pointers (RFC 6901): where in a record a value sits.
//!
//! Lives here: parsing and following one. May not: judge the value found.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::CodecError;

/// Where in a record a value sits: empty for the whole record, else `/`-separated names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

impl Pointer {
    /// Parses a pointer: empty, or starting with `/`, with `~0` for `~` and `~1` for `/` in names.
    pub fn new(text: &str) -> Result<Self, CodecError> {
        let invalid = |message| CodecError::Pointer { text: text.to_owned(), message };
        if text.is_empty() {
            return Ok(Self { text: String::new(), tokens: Vec::new() });
        }
        let names = text.strip_prefix('/').ok_or_else(|| invalid("it has to be empty or start with `/`"))?;
        let tokens: Option<Vec<_>> = names.split('/').map(unescape).collect();
        let tokens = tokens.ok_or_else(|| invalid("`~` has to be followed by `0` or `1`"))?;
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// `/features/NAME`, where a feature sits unless the configuration says otherwise.
    pub(super) fn of_feature(name: &str) -> Self {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self { text: format!("/features/{escaped}"), tokens: vec!["features".into(), name.to_owned()] }
    }

    /// An attribute of the envelope, for messages.
    pub(super) fn of_attribute(name: &str) -> Self {
        Self { text: format!("/{name}"), tokens: vec![name.to_owned()] }
    }

    /// The pointer as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the field under `/features` that it points at or into, if it does.
    pub(super) fn under_features(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [first, name, ..] if first == "features" => Some(name),
            _ => None,
        }
    }

    /// Whether there is a value, and it is null.
    pub(super) fn points_at_null(&self, record: &Value) -> bool {
        self.follow(record).is_some_and(Value::is_null)
    }

    /// The value it points at; nothing where there is none or it is null.
    pub(super) fn find<'a>(&self, record: &'a Value) -> Option<&'a Value> {
        self.follow(record).filter(|value| !value.is_null())
    }

    /// Puts a value where it points, in a record of objects; where something else is in the way, nowhere.
    pub(super) fn place(&self, record: &mut Value, value: Value) {
        let mut at = record;
        for token in &self.tokens {
            if at.is_null() {
                *at = Value::Object(serde_json::Map::new());
            }
            let Value::Object(fields) = at else { return };
            at = fields.entry(token.as_str()).or_insert(Value::Null);
        }
        *at = value;
    }

    fn follow<'a>(&self, record: &'a Value) -> Option<&'a Value> {
        self.tokens.iter().try_fold(record, |at, token| match at {
            Value::Object(fields) => fields.get(token),
            Value::Array(items) => items.get(index(token)?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text)
    }
}

impl TryFrom<String> for Pointer {
    type Error = CodecError;

    fn try_from(text: String) -> Result<Self, CodecError> {
        Self::new(&text)
    }
}

impl From<Pointer> for String {
    fn from(pointer: Pointer) -> Self {
        pointer.text
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut name = String::with_capacity(token.len());
    let mut rest = token.chars();
    while let Some(next) = rest.next() {
        match next {
            '~' => match rest.next()? {
                '0' => name.push('~'),
                '1' => name.push('/'),
                _ => return None,
            },
            plain => name.push(plain),
        }
    }
    Some(name)
}

/// RFC 6901 knows no leading zeros and no signs.
fn index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    plain.then(|| token.parse().ok()).flatten()
}
