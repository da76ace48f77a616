//! The spec of a service in a plan. It is the same in most plans of a piece, so it stands once, in the base case's
//! `spec.json`, and a plan says how its own differs: `"spec": {}` is exactly that spec.

use serde_json::{Map, Value};

use crate::difference;

/// Returns the plan with every spec whole.
pub fn expanded(plan: &Value, spec: &Value) -> Value {
    with_specs(plan, &|own| difference::merged(Some(spec), own))
}

/// Returns the plan with every spec as its difference.
pub fn shortened(plan: &Value, spec: &Value) -> Value {
    with_specs(plan, &|own| difference::patch(spec, own).unwrap_or_else(|| Value::Object(Map::new())))
}

/// Returns the specs in a plan.
pub fn of(plan: &Value) -> Vec<&Value> {
    let changes =
        plan["sequences"].as_array().into_iter().flatten().filter_map(|sequence| sequence["changes"].as_array());
    let fields = changes.flatten().filter_map(Value::as_object).flat_map(Map::values);
    fields.filter_map(|change| change.get("spec")).collect()
}

fn with_specs(plan: &Value, change: &dyn Fn(&Value) -> Value) -> Value {
    let mut plan = plan.clone();
    let sequences = plan["sequences"].as_array_mut().into_iter().flatten();
    let changes = sequences.filter_map(|sequence| sequence["changes"].as_array_mut()).flatten();
    for fields in changes.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        if let Some(spec) = fields.get_mut("spec") {
            *spec = change(spec);
        }
    }
    plan
}
