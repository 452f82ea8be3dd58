//! The shipped policy's facts, so that samples say what the demo says.

use std::sync::LazyLock;

use avouch_web::lang::Lang;
use toml::{Table, Value};

static POLICY: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../../../policy/policy.toml");
    Value::Table(text.parse::<Table>().expect("the shipped policy parses"))
});

/// The value at a dotted path.
pub(crate) fn get(path: &str) -> &'static Value {
    path.split('.')
        .try_fold(&*POLICY, |value, key| value.get(key))
        .unwrap_or_else(|| panic!("no {path} in the shipped policy"))
}

/// The text at a dotted path, in `lang` if it has languages.
pub(crate) fn text(path: &str, lang: Lang) -> String {
    let value = get(path);
    value
        .as_str()
        .or_else(|| value.get(lang.tag()).and_then(Value::as_str))
        .unwrap_or_else(|| panic!("{path} is no text"))
        .to_owned()
}

/// The text at a path that may be absent.
pub(crate) fn maybe(path: &str, lang: Lang) -> String {
    let found = path.split('.').try_fold(&*POLICY, |value, key| value.get(key));
    if found.is_some() { text(path, lang) } else { String::new() }
}

/// The texts of a list.
pub(crate) fn list(path: &str) -> Vec<String> {
    get(path)
        .as_array()
        .map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default()
}

/// The names in a table, as written.
pub(crate) fn keys(path: &str) -> Vec<String> {
    get(path).as_table().map(|t| t.keys().cloned().collect()).unwrap_or_default()
}
