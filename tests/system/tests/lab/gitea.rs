//! The lab's own Gitea: filled, reachable from outside, from within and from containers, and unchanged after a reboot.

use lab::{GITEA, Lab};

use crate::{machine, sh};

/// Asserts the content and the bot's permissions.
fn expect_content(lab: &Lab) {
    let gitea = lab.gitea().unwrap();
    let world = gitea.world();
    let bot = gitea.api().with_token(&world.bot.token);
    assert_eq!(world.recipes, ["recipes/drone", "recipes/hello", "recipes/traefik"]);
    for recipe in &world.recipes {
        assert_eq!(bot.get(&format!("/repos/{recipe}/pulls/1")).unwrap().text("/state").unwrap(), "open");
    }
    let may = |repository: &str, what: &str| {
        let answer = bot.get(&format!("/repos/{repository}")).unwrap().json().unwrap();
        answer["permissions"][what].as_bool().unwrap()
    };
    assert!(may("recipes/ci", "admin"));
    assert!(may("recipes/hello", "pull") && !may("recipes/hello", "push"));
    for (name, status) in [("ci-bot", 204), ("mara", 204), ("milo", 204), ("sam", 404)] {
        assert_eq!(bot.ask("GET", &format!("/orgs/recipes/members/{name}"), None).unwrap().status, status, "{name}");
    }
    let pipeline = bot.get("/repos/recipes/ci/raw/.drone.yml").unwrap().body;
    assert!(pipeline.contains("type: exec") && pipeline.contains("bash ./recipe.sh"), "{pipeline}");
    let page = bot.get("/repos/recipes/hello/raw/greeting.html.tmpl?ref=mention-the-tests").unwrap().body;
    assert!(page.contains("<p>Every change of this recipe is tested before it is merged.</p>"), "{page}");

    let password = lab.read_file("/run/secrets/gitea-password").unwrap();
    let login = gitea.api().with_password(&world.bot.name, &password).get("/user").unwrap();
    assert_eq!(login.text("/login").unwrap(), "ci-bot");
    assert_eq!(sh(lab, "stat -c '%a %U' /run/secrets/gitea-password"), "400 root");
}

#[test]
fn gitea_is_there_for_everybody_and_after_a_reboot() {
    let Some(lab) = machine("system-gitea", |_| ()) else { return };
    expect_content(&lab);
    assert_eq!(sh(&lab, "systemctl show --property=User,ActiveState gitea.service"), "User=git\nActiveState=active");

    // Within the lab, by name.
    let tags = sh(&lab, &format!("git clone --quiet {GITEA}/recipes/hello.git /root/hello && git -C /root/hello tag"));
    assert_eq!(tags.lines().count(), 2, "{tags}");
    assert_eq!(sh(&lab, "getent hosts drone.ci.localhost").split_whitespace().next(), Some("10.99.0.1"));
    assert!(!lab.exec(&["getent", "hosts", "example.org"]).unwrap().ok(), "no other name exists");

    // From containers: of Docker's own network, and of an overlay network as a service's tasks have it.
    for network in ["bridge", "proxy"] {
        let script = format!("docker run --rm --network {network} hello:1.0.0 wget -qO- {GITEA}/api/v1/version");
        assert!(sh(&lab, &script).starts_with("{\"version\":"), "{network}");
    }

    let gitea = lab.gitea().unwrap();
    gitea.write_file("recipes/ci", "kept.txt", "kept\n").unwrap();
    lab.reboot().unwrap();
    assert!(lab.failed_units().unwrap().is_empty());
    expect_content(&lab);
    assert_eq!(gitea.administrator().get("/repos/recipes/ci/raw/kept.txt").unwrap().body, "kept\n");
    lab.down().unwrap();
}
