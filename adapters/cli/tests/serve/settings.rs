//! `tenantry config check` as a process.

use std::fs;

use serde_json::Value;

use crate::world::Place;

fn check(place: &Place, args: &[&str]) -> (bool, Value) {
    let (good, said, errors) = place.run(&[&["config", "check", "--json"], args].concat());
    assert!(errors.is_empty(), "{errors}");
    (good, serde_json::from_str(&said).unwrap())
}

#[test]
fn the_settings_that_count_are_shown_with_where_they_are_from() {
    let place = Place::fresh();
    fs::write(
        place.path("tenantry.toml"),
        "bind = \"127.0.0.1:1001\"\nstop_timeout = \"5s\"\n",
    )
    .unwrap();
    let place = place
        .with("TENANTRY_BIND", "127.0.0.1:1002")
        .with("TENANTRY_DATABASE_URL", "postgres://app:hunter2@db/shop")
        .with("TENANTRY_WITHOUT_TABLES", "true");
    let (good, said) = check(&place, &["--pool-size", "7"]);
    assert!(good, "{said}");
    let from = |key: &str| said["settings"][key]["from"].as_str().unwrap().to_owned();
    assert_eq!(from("bind"), "TENANTRY_BIND");
    assert_eq!(from("stop_timeout"), "tenantry.toml, line 2");
    assert_eq!(from("pool_size"), "--pool-size");
    assert_eq!(from("log"), "by default");
    assert_eq!(from("database_url"), "TENANTRY_DATABASE_URL");
    assert!(!said.to_string().contains("hunter2"), "{said}");
    let (_, text, _) = place.run(&["config", "check"]);
    assert!(
        text.contains("127.0.0.1:1002") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn every_mistake_is_told_by_the_check_and_by_the_server() {
    let place = Place::fresh();
    fs::write(place.path("own.toml"), "bnid = 1\nlog = \"loud\"\n").unwrap();
    let place = place.with("TENANTRY_CONFIG", "own.toml");
    let (good, said) = check(&place, &["--bind", "0.0.0.0:80"]);
    assert!(!good);
    let places: Vec<_> = said["mistakes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mistake| mistake["at"].as_str().unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "own.toml, line 1",
            "own.toml, line 2",
            "--bind",
            "by default"
        ]
    );
    let (served, _, errors) = place.run(&["serve", "--bind", "0.0.0.0:80"]);
    assert!(!served);
    for place in places {
        assert!(errors.contains(place), "{errors}");
    }
}
