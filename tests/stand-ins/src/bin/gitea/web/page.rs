//! Pages.

use crate::answer::Reply;

/// A page with a title.
pub fn page(status: u16, title: &str, body: &str) -> Reply {
    let title = text(title);
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><meta charset=\"utf-8\"><title>{title} - Recipes</title></head>\n\
         <body>\n{body}\n</body>\n</html>\n"
    );
    Reply::new(status, "text/html; charset=utf-8", html)
}

/// A page with one message.
pub fn plain(status: u16, words: &str) -> Reply {
    page(status, words, &format!("<h1>{}</h1>", text(words)))
}

/// An error message above a form.
pub fn complaint(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!("<div class=\"flash-error\"><p>{}</p></div>\n", text(words)) }
}

pub fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", text(value))
}

/// Escapes a text for HTML.
pub fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
