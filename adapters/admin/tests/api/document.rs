use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::World;

/// Every operation there is. A new one has to be added here, so that it isn't there by accident.
const OPERATIONS: [(&str, &str); 14] = [
    ("get", "/api/openapi.json"),
    ("post", "/api/fleet/migrate"),
    ("get", "/api/operations"),
    ("get", "/api/operations/{operation}"),
    ("get", "/api/operations/{operation}/events"),
    ("get", "/api/tenants"),
    ("post", "/api/tenants"),
    ("get", "/api/tenants/{tenant}"),
    ("patch", "/api/tenants/{tenant}"),
    ("delete", "/api/tenants/{tenant}"),
    ("post", "/api/tenants/{tenant}/suspend"),
    ("post", "/api/tenants/{tenant}/activate"),
    ("post", "/api/tenants/{tenant}/provision"),
    ("post", "/api/tenants/{tenant}/purge"),
];

/// Those of the parts that a host needn't give.
const OF_PARTS: [(&str, &str); 26] = [
    ("get", "/api/audit/{chain}"),
    ("get", "/api/audit/{chain}/verification"),
    ("get", "/api/jobs"),
    ("get", "/api/jobs/{job}"),
    ("post", "/api/jobs/{job}/cancel"),
    ("post", "/api/jobs/{job}/put-back"),
    ("post", "/api/jobs/{job}/retry"),
    ("get", "/api/tenants/{tenant}/cache"),
    ("post", "/api/tenants/{tenant}/cache/flush"),
    ("get", "/api/tenants/{tenant}/domains"),
    ("post", "/api/tenants/{tenant}/domains"),
    ("get", "/api/tenants/{tenant}/domains/{domain}"),
    ("delete", "/api/tenants/{tenant}/domains/{domain}"),
    ("post", "/api/tenants/{tenant}/domains/{domain}/check"),
    ("get", "/api/tenants/{tenant}/invitations"),
    ("post", "/api/tenants/{tenant}/invitations"),
    ("delete", "/api/tenants/{tenant}/invitations/{invitation}"),
    ("get", "/api/tenants/{tenant}/jobs"),
    ("get", "/api/tenants/{tenant}/members"),
    ("post", "/api/tenants/{tenant}/members"),
    ("get", "/api/tenants/{tenant}/members/{subject}"),
    ("patch", "/api/tenants/{tenant}/members/{subject}"),
    ("delete", "/api/tenants/{tenant}/members/{subject}"),
    ("get", "/api/tenants/{tenant}/usage"),
    ("get", "/api/tenants/{tenant}/usage/samples"),
    ("get", "/api/usage/top"),
];

/// Those that change what was read before.
const BASED_ON_AN_ETAG: [(&str, &str); 9] = [
    ("patch", "/api/tenants/{tenant}"),
    ("delete", "/api/tenants/{tenant}"),
    ("post", "/api/tenants/{tenant}/suspend"),
    ("post", "/api/tenants/{tenant}/activate"),
    ("post", "/api/tenants/{tenant}/provision"),
    ("post", "/api/tenants/{tenant}/purge"),
    ("delete", "/api/tenants/{tenant}/domains/{domain}"),
    ("patch", "/api/tenants/{tenant}/members/{subject}"),
    ("delete", "/api/tenants/{tenant}/members/{subject}"),
];

async fn document(world: &World) -> Value {
    let call = world.server.by_all("GET", "/api/openapi.json");
    call.send().await.json()
}

fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| (method.clone(), path.clone()))
    });
    all.collect()
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_has_every_operation() {
    let world = World::new().await;
    let document = document(&world).await;
    let version = document["openapi"].as_str().unwrap();
    assert!(version.starts_with("3.1"), "{version}");
    let expected: BTreeSet<_> = owned(&OPERATIONS).chain(owned(&OF_PARTS)).collect();
    assert_eq!(operations(&document), expected);
}

fn owned(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    let owned = |(method, path): &(&str, &str)| ((*method).to_owned(), (*path).to_owned());
    pairs.iter().map(owned).collect::<Vec<_>>().into_iter()
}

#[tokio::test]
async fn what_a_host_does_not_give_is_neither_served_nor_described() {
    let world = World::new().await;
    let auth = std::sync::Arc::new(crate::world::operators());
    let router = tenantry_admin::AdminApi::new(world.service.clone(), auth).router();
    let server = crate::world::Server::of(router.unwrap()).await;
    let document = server
        .by_all("GET", "/api/openapi.json")
        .send()
        .await
        .json();
    assert_eq!(operations(&document), owned(&OPERATIONS).collect());
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.contains_key("Tenant") && !schemas.contains_key("Member"));
    server.create("acme").await;
    for (method, path) in OF_PARTS {
        let path = path
            .replace("{tenant}", "acme")
            .replace("{chain}", "shared");
        let answer = server.by_all(&method.to_uppercase(), &path).send().await;
        let expected = crate::world::refused(404, "path_unknown");
        assert_eq!(answer.problem(), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn the_server_has_the_methods_of_the_document_and_no_others() {
    let world = World::new().await;
    world.active("acme").await;
    let operations = operations(&document(&world).await);
    let paths: BTreeSet<_> = operations.iter().map(|(_, path)| path).collect();
    for path in paths {
        for method in ["get", "put", "post", "patch", "delete", "options", "trace"] {
            let target = path.replace("{tenant}", "acme");
            let upper = method.to_uppercase();
            let answer = world.server.by_all(&upper, &target).send().await;
            let known = operations.contains(&(method.to_owned(), path.clone()));
            assert_eq!(answer.status != 405, known, "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere_and_every_operation_has_refusals() {
    let world = World::new().await;
    let document = document(&world).await;
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let scheme = &document["components"]["securitySchemes"]["operator"];
    assert_eq!(scheme["scheme"], "bearer");
    for (method, path) in operations(&document) {
        let operation = &document["paths"][&path][&method];
        for status in ["401", "403"] {
            assert!(
                operation["responses"][status].is_object(),
                "{method} {path}"
            );
        }
        let changes = BASED_ON_AN_ETAG.contains(&(&method, &path));
        let parameters = operation["parameters"].as_array();
        let names: Vec<_> = parameters
            .into_iter()
            .flatten()
            .map(|it| &it["name"])
            .collect();
        let demands = names.iter().any(|name| **name == "If-Match");
        assert_eq!(demands, changes, "{method} {path}: {names:?}");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
