//! A file of a case: its difference from the same file of the base.
//!
//! An object is a JSON merge patch (RFC 7396): fields to set, `null` removes. A list is a JSON patch (RFC 6902), for what a
//! merge patch cannot say: one entry of a list, a field that is null.

use serde_json::{Map, Value};

use crate::text;

/// Applies a file of a case to the same file of its base.
pub fn apply(base: &Value, file: &Value) -> Result<Value, String> {
    let Value::Array(operations) = file else { return Ok(merged(Some(base), file)) };
    operations.iter().try_fold(base.clone(), |document, operation| operate(&document, operation))
}

fn operate(document: &Value, operation: &Value) -> Result<Value, String> {
    let patch = Value::Array(vec![operation.clone()]);
    let patch: json_patch::Patch = serde_json::from_value(patch).map_err(|error| format!("{operation}: {error}"))?;
    let mut document = document.clone();
    json_patch::patch(&mut document, &patch).map_err(|error| format!("{operation}: {error}"))?;
    Ok(document)
}

/// Returns the file without the parts that change nothing; `None` if nothing is left.
pub fn shortened(base: &Value, file: &Value) -> Result<Option<Value>, String> {
    let document = apply(base, file)?;
    let Value::Array(operations) = file else { return Ok(patch(base, &document)) };
    let mut kept = Vec::new();
    let mut before = base.clone();
    for operation in operations {
        let after = operate(&before, operation)?;
        if after != before {
            kept.push(operation.clone());
        }
        before = after;
    }
    Ok((document != *base).then_some(Value::Array(kept)))
}

/// Merges a merge patch into a value. A text that holds a JSON object is patched as that object.
pub fn merged(base: Option<&Value>, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    if let Some(text) = base.and_then(Value::as_str).and_then(|text| text::merged(text, patch)) {
        return Value::String(text);
    }
    let mut fields = base.and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            let value = merged(fields.get(key), value);
            fields.insert(key.clone(), value);
        }
    }
    Value::Object(fields)
}

/// Returns the shortest merge patch that leads from one value to another; `None` if they are equal.
pub fn patch(from: &Value, to: &Value) -> Option<Value> {
    match (from, to) {
        _ if from == to => None,
        (Value::Object(from), Value::Object(to)) => {
            let removed = from.keys().filter(|key| !to.contains_key(*key)).map(|key| (key.clone(), Value::Null));
            let set = to.iter().filter_map(|(key, value)| {
                let patch = from.get(key).map_or_else(|| Some(value.clone()), |from| patch(from, value));
                patch.map(|patch| (key.clone(), patch))
            });
            Some(Value::Object(removed.chain(set).collect::<Map<_, _>>()))
        }
        (Value::String(from), Value::String(text)) => Some(text::patch(from, text).unwrap_or_else(|| to.clone())),
        _ => Some(to.clone()),
    }
}
