//! A Gitea for one test: the real one if `lab setup` has built it, else the stand-in.
//!
//! ```no_run
//! let forge = forge::Forge::start().unwrap();
//! let world = forge.fill(&forge::Content::default()).unwrap();
//! let bot = forge.api().with_token(&world.bot.token);
//! println!("{}", bot.get("/user").unwrap().json().unwrap()["login"]);
//! ```
//!
//! All functions are synchronous and may be called from anywhere, also within a tokio runtime.

mod api;
mod content;
mod error;
mod http;
mod place;
mod process;
mod recipes;
mod running;
mod settings;
mod world;

pub use api::Api;
pub use content::Content;
pub use error::{Error, Result};
pub use http::{Answer, Http, Request};
pub use place::{Installation, VERSION, cache, installation};
pub use running::{Forge, Kind, Options};
pub use settings::{Folders, app_ini};
pub use world::{Account, World};
