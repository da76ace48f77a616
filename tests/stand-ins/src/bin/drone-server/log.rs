//! Log lines in the form of the real server: JSON, or text with `DRONE_LOGS_TEXT`.

use serde_json::{Map, Value};

pub fn line(is_text: bool, level: &str, message: &str, fields: &[(&str, String)]) {
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    if is_text {
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!(" {key}={value:?}")).collect();
        let fields = fields.concat();
        eprintln!("time={time:?} level={level} msg={message:?}{fields}");
        return;
    }
    let mut all: Map<String, Value> =
        fields.iter().map(|(key, value)| ((*key).to_owned(), Value::from(value.as_str()))).collect();
    all.extend([("level", level), ("msg", message), ("time", &time)].map(|(key, it)| (key.to_owned(), it.into())));
    eprintln!("{}", Value::Object(all));
}
