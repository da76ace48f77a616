//! Which of Gitea's pages this is.

use scraper::{Html, Selector};
use secrecy::ExposeSecret;

use super::form::{Form, forms};
use http::{quoted, title};

/// A page of Gitea's.
#[derive(Debug)]
pub(super) enum Page {
    /// The login form, with the names of the two fields to fill in, and what the page complains about.
    Login { form: Form, login: String, password: String, said: Option<String> },
    /// The question whether Drone may act for the bot, with the button that says yes.
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
    ApplicationRefused { said: Option<String> },
    /// Something else.
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
        let yes = form.fields.iter().find(|field| field.kind == "submit" && field.value.expose_secret() == "true");
        let button = yes.map(|field| (field.name.clone(), field.value.expose_secret().to_owned()));
        return Page::Grant { form, button };
    }
    if let Some(index) = forms.iter().position(is_login) {
        let form = forms.swap_remove(index);
        if asks_for_captcha(&document, &form) {
            return Page::Captcha;
        }
        let password = form.of_kind("password").next().unwrap_or_default().to_owned();
        let said = text(&document, ".flash-error, .negative.message");
        if let Some(login) = login_field(&form) {
            return Page::Login { form, login, password, said };
        }
        return Page::Other;
    }
    if has(&document, ".oauth2-authorize-application-box") {
        return Page::ApplicationRefused { said: text(&document, ".oauth2-authorize-application-box h3") };
    }
    // Only its words tell this page; English was asked for.
    let words = [title(html), text(&document, "h2")].into_iter().flatten().collect::<String>().to_ascii_lowercase();
    if words.contains("prohibited") { Page::Prohibited } else { Page::Other }
}

/// A form that hands a client its grant.
fn is_grant(form: &Form) -> bool {
    form.post && form.field("client_id").is_some() && form.field("redirect_uri").is_some()
}

/// A form with one password to fill in.
fn is_login(form: &Form) -> bool {
    form.post && form.of_kind("password").count() == 1 && !form.action.contains("/openid")
}

/// The field for the login: the only one with text, or else the one that is called so.
fn login_field(form: &Form) -> Option<String> {
    let open: Vec<&str> = form.of_kind("text").chain(form.of_kind("email")).collect();
    if let [only] = open[..] {
        return Some(only.into());
    }
    let called = |name: &&&str| name.contains("user") || name.contains("login");
    open.iter().find(called).map(|name| (**name).to_owned())
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
