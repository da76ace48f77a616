//! `app ps`: the running services of an app.

use crate::app::App;
use crate::docker;
use crate::fatal::Fatal;
use crate::table;

pub fn ps(domain: &str, machine: bool) -> Result<(), Fatal> {
    let app = App::find(domain)?;
    let services = docker::services(&app.stack)?;
    if services.is_empty() {
        return Err(Fatal::new(format!("{domain} is not deployed?")));
    }
    let mut rows = Vec::new();
    for service in services {
        let name = service["Spec"]["Name"].as_str().unwrap_or_default();
        let label = |key: &str| {
            let labels = services_labels(&service);
            labels[format!("coop-cloud.{}.{key}", app.stack)].as_str().unwrap_or("unknown").to_owned()
        };
        let image = service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].as_str().unwrap_or_default();
        let image = image.split('@').next().unwrap_or_default();
        let tasks = docker::tasks(name)?;
        let task = tasks.first();
        let state = task.and_then(|task| task["Status"]["State"].as_str()).unwrap_or("unknown");
        let created = task.and_then(|task| task["CreatedAt"].as_str()).unwrap_or_default();
        let short = name.trim_start_matches(&format!("{}_", app.stack)).to_owned();
        rows.push(
            [short.as_str(), image, created, state, &label("version"), &label("chaos"), &label("chaos-version")]
                .map(str::to_owned)
                .to_vec(),
        );
    }
    let keys = ["service", "image", "created", "state", "version", "chaos", "chaos-version"];
    if machine {
        table::print_json(&keys, &rows);
    } else {
        table::print(&["SERVICE", "IMAGE", "CREATED", "STATUS", "VERSION", "CHAOS", "CHAOS-VERSION"], &rows);
    }
    Ok(())
}

fn services_labels(service: &serde_json::Value) -> &serde_json::Value {
    &service["Spec"]["Labels"]
}
