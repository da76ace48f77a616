//! A runner, as far as the server sees it.

use serde_json::{Value, json};

use crate::client::{Client, Seen};

/// A runner with a label of its own.
#[derive(Debug, Clone)]
pub struct Runner {
    pub client: Client,
    pub label: String,
}

impl Runner {
    pub fn new(client: Client, label: &str) -> Self {
        Self { client, label: label.to_owned() }
    }

    pub fn filter(&self) -> Value {
        json!({
            "kind": "pipeline", "type": "exec", "os": "linux", "arch": "amd64", "variant": "", "kernel": "",
            "labels": {"contract": self.label},
        })
    }

    /// Waits for a stage: 200 or 204.
    #[track_caller]
    pub fn request(&self) -> Seen {
        self.client.ask("POST", "/rpc/v2/stage", Some(&self.filter()))
    }

    #[track_caller]
    pub fn accept(&self, stage: &Value, machine: &str) -> Seen {
        self.client.post(&format!("/rpc/v2/stage/{}?machine={machine}", stage["id"]))
    }

    /// Waits for a stage and accepts it.
    #[track_caller]
    pub fn take(&self) -> Value {
        let stage = self.request().is(200).json();
        self.accept(&stage, "here").is(200).json()
    }

    #[track_caller]
    pub fn details(&self, stage: &Value) -> Value {
        self.client.get(&format!("/rpc/v2/stage/{}", stage["id"])).is(200).json()
    }

    #[track_caller]
    pub fn update(&self, stage: &Value) -> Seen {
        self.client.ask("PUT", &format!("/rpc/v2/stage/{}", stage["id"]), Some(stage))
    }

    #[track_caller]
    pub fn update_step(&self, step: &Value) -> Seen {
        self.client.ask("PUT", &format!("/rpc/v2/step/{}", step["id"]), Some(step))
    }

    /// Begins a stage with these steps, all still pending.
    #[track_caller]
    pub fn begin(&self, stage: &Value, steps: &[&str]) -> Value {
        let mut stage = stage.clone();
        stage["status"] = json!("running");
        stage["started"] = json!(1_700_000_000);
        let step = |(at, name): (usize, &&str)| json!({"step_id": stage["id"], "number": at + 1, "name": name, "status": "pending"});
        stage["steps"] = steps.iter().enumerate().map(step).collect();
        self.update(&stage).is(200).json()
    }

    /// Begins a step of a stage and updates the stage from the answer.
    #[track_caller]
    pub fn begin_step(&self, stage: &mut Value, at: usize) {
        let mut step = stage["steps"][at].clone();
        step["status"] = json!("running");
        step["started"] = json!(1_700_000_001);
        stage["steps"][at] = self.update_step(&step).is(200).json();
    }

    /// Ends a step of a stage.
    #[track_caller]
    pub fn end_step(&self, stage: &mut Value, at: usize, status: &str) {
        let mut step = stage["steps"][at].clone();
        step["status"] = json!(status);
        step["stopped"] = json!(1_700_000_002);
        step["exit_code"] = json!(i32::from(status != "success"));
        stage["steps"][at] = self.update_step(&step).is(200).json();
    }

    /// Ends a stage.
    #[track_caller]
    pub fn end(&self, stage: &Value, status: &str) -> Value {
        let mut stage = stage.clone();
        stage["status"] = json!(status);
        stage["stopped"] = json!(1_700_000_003);
        self.update(&stage).is(200).json()
    }

    /// Waits for the end of a build: 200 or 204.
    #[track_caller]
    pub fn watch(&self, build: &Value) -> Seen {
        self.client.post(&format!("/rpc/v2/build/{build}/watch"))
    }

    #[track_caller]
    pub fn batch(&self, step: &Value, lines: &Value) -> Seen {
        self.client.ask("POST", &format!("/rpc/v2/step/{}/logs/batch", step["id"]), Some(lines))
    }

    #[track_caller]
    pub fn upload(&self, step: &Value, log: &[u8]) -> Seen {
        self.client.ask_raw("POST", &format!("/rpc/v2/step/{}/logs/upload", step["id"]), Some(log.to_vec()))
    }
}
