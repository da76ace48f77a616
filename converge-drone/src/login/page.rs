//! Gitea's pages, recognised by their forms.

use scraper::{Html, Selector};
use secrecy::ExposeSecret;

use super::form::{Form, forms};
use http::{quoted, title};

/// A page of Gitea.
#[derive(Debug)]
pub(super) enum Page {
    /// The login form, with the names of its two fields, and the error on the page.
    Login { form: Form, login: String, password: String, message: Option<String> },
    /// The grant for Drone, with the button that gives it.
    Grant { form: Form, button: Option<(String, String)> },
    /// A second factor is asked for.
    TwoFactor,
    /// The password must be changed first.
    ChangePassword,
    /// A captcha is asked for.
    Captcha,
    /// The account may not sign in.
    Prohibited,
    /// The account was never activated.
    NotActivated,
    /// Gitea does not accept Drone's OAuth application.
    ApplicationRefused { message: Option<String> },
    /// An unknown page.
    Other,
}

/// Reads the page at `path`.
pub(super) fn read(path: &str, html: &str) -> Page {
    let document = Html::parse_document(html);
    let mut forms = forms(&document);
    let at = |end: &str| path.trim_end_matches('/').ends_with(end);
    let any = |forms: &[Form], of: fn(&Form) -> bool| forms.iter().any(of);
    if at("/user/two_factor") || at("/user/webauthn") || any(&forms, |form| form.field("passcode").is_some()) {
        return Page::TwoFactor;
    }
    if at("/change_password") || any(&forms, |form| form.of_kind("password").count() > 1) {
        return Page::ChangePassword;
    }
    if at("/user/activate") || any(&forms, |form| form.action.ends_with("/user/activate")) {
        return Page::NotActivated;
    }
    if let Some(index) = forms.iter().position(is_grant) {
        let form = forms.swap_remove(index);
        let grant = form.fields.iter().find(|field| field.kind == "submit" && field.value.expose_secret() == "true");
        let button = grant.map(|field| (field.name.clone(), field.value.expose_secret().to_owned()));
        return Page::Grant { form, button };
    }
    if let Some(index) = forms.iter().position(is_login) {
        let form = forms.swap_remove(index);
        if asks_for_captcha(&document, &form) {
            return Page::Captcha;
        }
        let password = form.of_kind("password").next().unwrap_or_default().to_owned();
        let message = text(&document, ".flash-error, .negative.message");
        if let Some(login) = login_field(&form) {
            return Page::Login { form, login, password, message };
        }
        return Page::Other;
    }
    if has(&document, ".oauth2-authorize-application-box") {
        return Page::ApplicationRefused { message: text(&document, ".oauth2-authorize-application-box h3") };
    }
    // This page has no form, so its English text decides; requests ask for English.
    let words = [title(html), text(&document, "h2")].into_iter().flatten().collect::<String>().to_ascii_lowercase();
    if words.contains("prohibited") { Page::Prohibited } else { Page::Other }
}

/// True for the form of a grant.
fn is_grant(form: &Form) -> bool {
    form.post && form.field("client_id").is_some() && form.field("redirect_uri").is_some()
}

/// True for a form with one password field.
fn is_login(form: &Form) -> bool {
    form.post && form.of_kind("password").count() == 1 && !form.action.contains("/openid")
}

/// The field for the login: the only text field, or else the one with a matching name.
fn login_field(form: &Form) -> Option<String> {
    let open: Vec<&str> = form.of_kind("text").chain(form.of_kind("email")).collect();
    if let [only] = open[..] {
        return Some(only.into());
    }
    let is_login = |name: &&&str| name.contains("user") || name.contains("login");
    open.iter().find(is_login).map(|name| (**name).to_owned())
}

fn asks_for_captcha(document: &Html, form: &Form) -> bool {
    form.fields.iter().any(|field| field.name.contains("captcha") || field.name.contains("turnstile"))
        || has(document, "form [id*=captcha], form [class*=captcha], form [class*=turnstile]")
}

fn has(document: &Html, selector: &str) -> bool {
    Selector::parse(selector).is_ok_and(|selector| document.select(&selector).next().is_some())
}

/// The text of the first element that matches.
fn text(document: &Html, selector: &str) -> Option<String> {
    let selector = Selector::parse(selector).ok()?;
    let text: String = document.select(&selector).next()?.text().collect();
    quoted(&text)
}
