//! What is read for as long as a reader likes, by somebody who is let in no more meanwhile.

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_lite::StreamExt;
use serde_json::json;
use tenantry::Actor;
use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditTarget};
use tenantry::lifecycle::Command;

use crate::world::{Who, World};

const CSV: &str = "/dashboard/tenants/acme/tables/orders/rows.csv";
/// In three pieces, of which two are read before the first is given away.
const ROWS: u32 = 1_100;

/// The body of an answer, of which nothing is read yet.
async fn begun(world: &World, path: &str) -> BodyDataStream {
    let answer = world.answer(Who::All, Request::get(path), Body::empty());
    let answer = answer.await;
    assert_eq!(answer.status(), 200);
    answer.into_body().into_data_stream()
}

/// How many lines come, and whether the answer comes to its end.
async fn rest(mut body: BodyDataStream) -> (usize, bool) {
    let mut lines = 0;
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else {
            return (lines, false);
        };
        lines += str::from_utf8(&piece).unwrap().lines().count();
    }
    (lines, true)
}

#[tokio::test]
async fn an_export_of_rows_ends_when_whoever_takes_it_is_let_in_no_more() {
    let world = World::new().await;
    world.order(&world.acme, 2..=ROWS);
    let whole = rest(begun(&world, CSV).await).await;
    assert_eq!(whole, (ROWS as usize + 1, true), "the control");
    let mut body = begun(&world, CSV).await;
    assert!(body.next().await.is_some_and(|piece| piece.is_ok()));
    world.door.shut();
    let (lines, came_to_its_end) = rest(body).await;
    assert!(lines <= 500 && !came_to_its_end, "{lines}");
}

#[tokio::test]
async fn an_export_of_rows_ends_when_the_tenant_is_deleted() {
    let world = World::new().await;
    world.order(&world.acme, 2..=ROWS);
    let mut body = begun(&world, CSV).await;
    assert!(body.next().await.is_some_and(|piece| piece.is_ok()));
    for command in [Command::Suspend, Command::Delete] {
        let (acme, actor) = (world.acme.id(), Actor::system());
        let applied = world.service.apply(acme, command, None, &actor);
        applied.await.unwrap();
    }
    let (lines, came_to_its_end) = rest(body).await;
    assert!(lines <= 500 && !came_to_its_end, "{lines}");
}

#[tokio::test]
async fn an_export_of_the_audit_log_ends_when_whoever_takes_it_is_let_in_no_more() {
    let world = World::new().await;
    let chain = AuditChain::Tenant(world.acme.id());
    for _ in 0..ROWS {
        let action = AuditAction::new("tested").unwrap();
        let target = AuditTarget::new("acme").unwrap();
        let detail = AuditDetail::of(&json!({})).unwrap();
        let record = world
            .audit
            .record(chain, Actor::system(), action, target, detail);
        record.await.unwrap();
    }
    let path = format!("/api/audit/{chain}");
    let whole = rest(begun(&world, &path).await).await;
    assert_eq!(whole, (ROWS as usize, true), "the control");
    let mut body = begun(&world, &path).await;
    assert!(body.next().await.is_some_and(|piece| piece.is_ok()));
    world.door.shut();
    let (lines, came_to_its_end) = rest(body).await;
    assert!(lines <= 500 && !came_to_its_end, "{lines}");
}
