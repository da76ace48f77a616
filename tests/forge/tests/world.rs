//! A test's own Gitea starts, is filled, and ends without a trace.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use forge::{Content, Forge, World};

#[test]
fn everybody_is_there_with_the_rights_they_should_have() {
    let began = std::time::Instant::now();
    let forge = Forge::start().unwrap();
    let started = began.elapsed();
    let began = std::time::Instant::now();
    let world = forge.fill(&Content::with_pipeline("kind: pipeline\nname: mine\n")).unwrap();
    println!("{}: started in {started:.1?}, filled in {:.1?}", forge.kind(), began.elapsed());

    let bot = forge.api().with_token(&world.bot.token);
    assert_eq!(bot.get("/user").unwrap().text("/login").unwrap(), World::BOT);
    for account in [&world.bot, &world.mara, &world.milo, &world.sam] {
        let member = bot.ask("GET", &format!("/orgs/recipes/members/{}", account.name), None).unwrap();
        assert_eq!(member.status, if account.name == "sam" { 404 } else { 204 }, "{}", account.name);
        let own = forge.api().with_password(&account.name, &account.password).get("/user").unwrap();
        assert_eq!(own.text("/login").unwrap(), account.name);
    }
    let may = |repository: &str, what: &str| {
        bot.get(&format!("/repos/{repository}")).unwrap().json().unwrap()["permissions"][what].as_bool().unwrap()
    };
    assert!(may("recipes/ci", "admin"));
    assert!(may("recipes/hello", "pull") && !may("recipes/hello", "push"));

    let file = bot.get("/repos/recipes/ci/raw/.drone.yml").unwrap();
    assert_eq!(file.body, "kind: pipeline\nname: mine\n");
    forge.write_file("recipes/ci", ".drone.yml", "kind: pipeline\nname: other\n").unwrap();
    assert!(bot.get("/repos/recipes/ci/raw/.drone.yml").unwrap().body.ends_with("other\n"));

    let pull = bot.get("/repos/recipes/hello/pulls/1").unwrap().json().unwrap();
    assert_eq!((pull["state"].as_str(), pull["user"]["login"].as_str()), (Some("open"), Some("milo")));
    assert_eq!(bot.get("/repos/recipes/hello/tags").unwrap().json().unwrap().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_forge_works_within_a_runtime_and_ends_when_dropped() {
    let forge = Forge::start().unwrap();
    let (pid, address) = (forge.pid(), forge.address().to_owned());
    assert!(forge.api().get("/version").is_ok());
    let command = || std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = command();
    let folder =
        words.split('\0').find(|word| word.contains("/forge-")).expect("it has a folder of its own").to_owned();
    let folder = std::path::Path::new(&folder);
    assert!(folder.exists());
    drop(forge);
    assert!(!command().contains("forge-"), "the process is gone");
    assert!(!folder.exists(), "its files are gone");
    assert!(std::net::TcpStream::connect(address.trim_start_matches("http://")).is_err());
}
