//! Variables in values and compose files: `$KEY`, `${KEY}`, `${KEY:-otherwise}`, `${KEY-otherwise}`, `$$`.

use std::collections::BTreeMap;

pub type Env = BTreeMap<String, String>;

pub fn expand(text: &str, env: &Env) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((inside, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            out.push_str(&braced(inside, env));
            rest = after;
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            if end == 0 {
                out.push('$');
            } else {
                out.push_str(env.get(&rest[..end]).map_or("", String::as_str));
            }
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

fn braced(inside: &str, env: &Env) -> String {
    let end = inside.find([':', '-', '?']).unwrap_or(inside.len());
    let (key, modifier) = inside.split_at(end);
    let value = env.get(key);
    if let Some(otherwise) = modifier.strip_prefix(":-") {
        return value.filter(|value| !value.is_empty()).map_or_else(|| otherwise.to_owned(), Clone::clone);
    }
    if let Some(otherwise) = modifier.strip_prefix('-') {
        return value.map_or_else(|| otherwise.to_owned(), Clone::clone);
    }
    value.cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced() {
        let env = Env::from([("A".into(), "x".into()), ("EMPTY".into(), String::new())]);
        let cases = [
            ("$A-${A}", "x-x"),
            ("${EMPTY:-y}${EMPTY-z}${NONE-w}", "yw"),
            ("$NONE${NONE}", ""),
            ("$$A 5$ ${", "$A 5$ ${"),
            ("`${A}`, $A_", "`x`, "),
        ];
        for (text, expanded) in cases {
            assert_eq!(expand(text, &env), expanded, "{text}");
        }
    }
}
