//! The description of the API, in `OpenAPI` 3.1.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{Recipes, RunEntry, Runs};

/// Returns the document.
pub fn document() -> Value {
    // In OpenAPI, shared schemas have this place.
    let mut schemas =
        SchemaSettings::draft2020_12().with(|it| it.definitions_path = "/components/schemas".into()).into_generator();
    let name = |name: &str| json!([{"name": name, "in": "path", "required": true, "schema": {"type": "string"}}]);
    let paths = json!({
        "/api/recipes": {"get": operation::<Recipes>(&mut schemas, "All recipes with their standing.")},
        "/api/recipes/{recipe}": {
            "parameters": name("recipe"),
            "get": operation::<Runs>(&mut schemas, "The newest runs of a recipe. 404 for a recipe without a run."),
        },
        "/api/runs": {"get": operation::<Runs>(&mut schemas, "The newest runs.")},
        "/api/runs/{run}": {
            "parameters": name("run"),
            "get": operation::<RunEntry>(&mut schemas, "A run. 404 for an unknown one."),
        },
    });
    json!({
        "openapi": "3.1.0",
        "info": {"title": "dashboard", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {"schemas": schemas.take_definitions(true)},
    })
}

fn operation<T: JsonSchema>(schemas: &mut SchemaGenerator, summary: &str) -> Value {
    let schema = schemas.subschema_for::<T>();
    json!({
        "summary": summary,
        "responses": {"200": {"description": summary, "content": {"application/json": {"schema": schema}}}},
    })
}
