//! The forms of a page.

use scraper::{ElementRef, Html, Selector};
use secrecy::SecretString;

/// A form.
#[derive(Debug)]
pub(super) struct Form {
    /// The attribute `action`; empty for the address of the page.
    pub action: String,
    /// True for the method POST.
    pub post: bool,
    /// The fields and buttons, in their order.
    pub fields: Vec<Field>,
}

/// A field or a button of a form.
#[derive(Debug)]
pub(super) struct Field {
    /// The type, in lower case: `hidden`, `text`, `password`, `submit`, …
    pub kind: String,
    /// The name. A field without one is never sent.
    pub name: String,
    /// The value.
    pub value: SecretString,
    /// True for a checked box.
    pub checked: bool,
}

/// Every form of a page.
pub(super) fn forms(page: &Html) -> Vec<Form> {
    let (Ok(form), Ok(field)) = (Selector::parse("form"), Selector::parse("input, button, textarea")) else {
        return Vec::new();
    };
    page.select(&form)
        .map(|form| Form {
            action: form.attr("action").unwrap_or_default().trim().into(),
            post: form.attr("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("post")),
            fields: form.select(&field).filter_map(read).collect(),
        })
        .collect()
}

fn read(element: ElementRef<'_>) -> Option<Field> {
    let name = element.attr("name").filter(|name| !name.is_empty())?;
    let default = if element.value().name() == "button" { "submit" } else { "text" };
    Some(Field {
        kind: element.attr("type").unwrap_or(default).trim().to_ascii_lowercase(),
        name: name.into(),
        value: SecretString::from(element.attr("value").unwrap_or_default()),
        checked: element.attr("checked").is_some(),
    })
}

impl Form {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The names of the fields of this type.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.kind == kind).map(|field| field.name.as_str())
    }

    /// The fields that a browser sends for the unchanged form: no button, no unchecked box.
    pub fn unchanged(&self) -> Vec<(String, SecretString)> {
        let sent = self.fields.iter().filter(|field| match field.kind.as_str() {
            "submit" | "button" | "image" | "reset" | "file" => false,
            "checkbox" | "radio" => field.checked,
            _ => true,
        });
        sent.map(|field| (field.name.clone(), field.value.clone())).collect()
    }

    /// The same fields with some values replaced.
    pub fn filled(&self, with: &[(&str, &SecretString)]) -> Vec<(String, SecretString)> {
        let mut sent = self.unchanged();
        sent.retain(|(name, _)| with.iter().all(|(filled, _)| filled != name));
        sent.extend(with.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())));
        sent
    }
}
