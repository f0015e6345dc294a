//! The container file and the compose file, as far as they can be held to something without an engine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use yaml_rust2::{Yaml, YamlLoader};

use crate::world::{Place, TOKEN};

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

fn compose() -> Yaml {
    YamlLoader::load_from_str(&text("container/compose.yaml"))
        .unwrap()
        .remove(0)
}

/// The variables that the image sets, and over them those of the compose file, with what its user gives.
fn environment() -> BTreeMap<String, String> {
    let image = text("container/Containerfile").replace("\\\n", " ");
    let set = image.lines().filter_map(|line| line.strip_prefix("ENV "));
    let mut variables: BTreeMap<_, _> = set
        .flat_map(str::split_whitespace)
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let compose = compose();
    let given = compose["services"]["tenantry"]["environment"]
        .as_hash()
        .unwrap();
    for (name, value) in given {
        let value = value.as_str().unwrap();
        let value = value.replace("${POSTGRES_PASSWORD:?}", "hunter2");
        let value = match value.split_once("${") {
            Some((_, asked)) if asked.starts_with("TENANTRY_OPERATOR_TOKEN:?") => TOKEN.to_owned(),
            Some((_, asked)) => {
                let (_, usual) = asked.split_once(":-").unwrap();
                usual.trim_end_matches('}').to_owned()
            }
            None => value,
        };
        variables.insert(name.as_str().unwrap().to_owned(), value);
    }
    variables
}

#[test]
fn the_settings_that_the_container_is_given_are_without_a_mistake() {
    let mut variables = environment();
    // The image is built with Redis. This build may not be.
    let redis = variables.remove("TENANTRY_REDIS_URL");
    assert_eq!(redis.as_deref(), Some("redis://redis:6379/0"));
    let place = variables
        .into_iter()
        .fold(Place::fresh(), |place, (name, value)| {
            place.with(Box::leak(name.into_boxed_str()), value)
        });
    let (good, said, errors) = place.run(&["config", "check"]);
    assert!(good, "{said}{errors}");
    assert!(
        said.contains("0.0.0.0:8080") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn every_service_has_a_version_and_a_check_and_only_this_machine_reaches_the_server() {
    let compose = compose();
    let services = compose["services"].as_hash().unwrap();
    assert_eq!(services.len(), 3);
    for (name, service) in services {
        assert!(!service["healthcheck"]["test"].is_badvalue(), "{name:?}");
        let image = service["image"].as_str();
        assert_eq!(image.is_none(), name.as_str() == Some("tenantry"));
        assert!(
            image.is_none_or(|image| image.contains(":1") || image.contains(":7")),
            "{image:?}"
        );
        for port in service["ports"].as_vec().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{port:?}");
        }
    }
    let awaited = &services[&Yaml::String("tenantry".into())]["depends_on"];
    for name in ["postgres", "redis"] {
        assert_eq!(awaited[name]["condition"].as_str(), Some("service_healthy"));
    }
}

#[test]
fn the_image_is_built_by_the_rust_that_the_crates_ask_for_and_runs_as_nobody() {
    let image = text("container/Containerfile");
    let workspace: toml::Table = toml::from_str(&text("Cargo.toml")).unwrap();
    let version = workspace["workspace"]["package"]["rust-version"]
        .as_str()
        .unwrap();
    assert!(image.contains(&format!(
        "FROM docker.io/library/rust:{version}-slim-bookworm"
    )));
    let user = image
        .lines()
        .find_map(|line| line.strip_prefix("USER "))
        .unwrap();
    assert_ne!(user.split(':').next(), Some("0"));
    let members = workspace["workspace"]["members"].as_array().unwrap();
    for member in members {
        let folder = member.as_str().unwrap().split('/').next().unwrap();
        assert!(
            image.contains(&format!("COPY {folder} {folder}\n")),
            "{folder}"
        );
    }
}

#[test]
fn the_check_of_the_container_finds_a_server_that_is_ready_and_none_that_has_ended() {
    let place = Place::fresh();
    let server = place.serve(&[]);
    let compose = compose();
    let test = compose["services"]["tenantry"]["healthcheck"]["test"]
        .as_vec()
        .unwrap();
    let test: Vec<_> = test.iter().map(|part| part.as_str().unwrap()).collect();
    let ["CMD", "bash", "-c", script] = test[..] else {
        panic!("it is another command: {test:?}");
    };
    let json = |script: &str| script.replace('\\', "\\\\");
    assert!(
        text("container/Containerfile").contains(&json(script)),
        "both files check alike"
    );
    let script = script.replace("8080", &server.port().to_string());
    let is_well = || {
        Command::new("bash")
            .args(["-c", &script])
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(is_well());
    server.signal(Signal::TERM);
    assert!(server.end().0.success());
    assert!(!is_well());
}
