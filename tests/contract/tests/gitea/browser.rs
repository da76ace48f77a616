//! A minimal browser: pages, forms, cookies. Redirects are followed by hand.

use std::cell::RefCell;
use std::collections::BTreeMap;

use forge::Request;
use scraper::{Html, Selector};

use crate::client::Seen;
use crate::site::Site;

pub struct Browser<'a> {
    site: &'a Site,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// A form of a page.
#[derive(Debug)]
pub struct Form {
    pub action: String,
    pub method: String,
    /// Kind, name and value of each field and button.
    pub fields: Vec<(String, String, String)>,
}

impl Form {
    /// The values of an unchanged form: without buttons and check boxes.
    pub fn untouched(&self) -> Vec<(&str, &str)> {
        let sent = self.fields.iter().filter(|(kind, ..)| !["submit", "button", "checkbox"].contains(&kind.as_str()));
        sent.map(|(_, name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The names of the fields of a kind.
    pub fn names(&self, of: &str) -> Vec<&str> {
        self.fields.iter().filter(|(kind, ..)| kind == of).map(|(_, name, _)| name.as_str()).collect()
    }

    /// The value of a field.
    pub fn value(&self, of: &str) -> Option<&str> {
        self.fields.iter().find(|(_, name, _)| name == of).map(|(.., value)| value.as_str())
    }
}

impl<'a> Browser<'a> {
    pub fn new(site: &'a Site) -> Self {
        Self { site, cookies: RefCell::default() }
    }

    /// A browser with a login.
    pub fn of(site: &'a Site, name: &str, password: &str) -> Self {
        let browser = Self::new(site);
        browser.get("/user/login").is(200);
        browser.post("/user/login", &[("user_name", name), ("password", password)]).is(303);
        browser
    }

    /// A page by path, or by complete URL on this Gitea.
    #[track_caller]
    pub fn get(&self, to: &str) -> Seen {
        self.send(Request::new("GET", self.address(to)))
    }

    #[track_caller]
    pub fn post(&self, to: &str, fields: &[(&str, &str)]) -> Seen {
        self.send(Request::new("POST", self.address(to)).form(fields))
    }

    fn address(&self, to: &str) -> String {
        let path = to.strip_prefix(&self.site.called).unwrap_or(to);
        format!("{}{path}", self.site.address)
    }

    #[track_caller]
    fn send(&self, request: Request) -> Seen {
        let pairs: Vec<String> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("Cookie", pairs.join("; ")).header("Accept-Language", "en-US");
        let answer = self.site.http.send(&request).unwrap();
        for (_, line) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        Seen(answer)
    }
}

/// The forms of a page.
pub fn forms(page: &str) -> Vec<Form> {
    let (form, field) = (Selector::parse("form").unwrap(), Selector::parse("input, button, textarea").unwrap());
    let attribute =
        |element: scraper::ElementRef<'_>, name: &str, default: &str| element.attr(name).unwrap_or(default).to_owned();
    Html::parse_document(page)
        .select(&form)
        .map(|form| Form {
            action: attribute(form, "action", ""),
            method: attribute(form, "method", "get").to_ascii_lowercase(),
            fields: form
                .select(&field)
                .filter(|field| field.attr("name").is_some())
                .map(|field| {
                    let kind = if field.value().name() == "button" { "submit" } else { "text" };
                    (attribute(field, "type", kind), attribute(field, "name", ""), attribute(field, "value", ""))
                })
                .collect(),
        })
        .collect()
}

/// The only form of a page whose action ends so.
#[track_caller]
pub fn form_to(page: &Seen, end: &str) -> Form {
    let found = forms(&page.0.body).into_iter().find(|form| form.action.ends_with(end));
    found.unwrap_or_else(|| panic!("{}: no form to {end}: {}", page.0.url, page.0.body))
}

/// The text of the first matching element.
pub fn words(page: &Seen, selector: &str) -> String {
    let document = Html::parse_document(&page.0.body);
    let found = document.select(&Selector::parse(selector).unwrap()).next();
    found.map(|element| element.text().collect::<String>().trim().to_owned()).unwrap_or_default()
}

/// A value in the query of a URL.
pub fn query(address: &str, key: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key)?;
    Some(percent_decoded(pair.1))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |rest: &mut std::str::Bytes<'_>| {
            let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap_or("0"), 16).unwrap_or(b'?')
        };
        bytes.push(match byte {
            b'%' => hex(&mut rest),
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
