//! Routes, and the document that shows each of them.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, any, on};
// What the crates of utoipa's own that mount routes take their schemas from.
use utoipa::__dev::SchemaReferences;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{OpenApi, PathItem};

use crate::document;
use crate::idempotency::{IdempotencyStore, to_the_end};
use crate::refusal::Refusal;
use crate::state::Admin;
use crate::terms::{Terms, demand};

/// All the other paths that begin as ours do. As routes they are ours whatever fallback a host has.
const ELSEWHERE: [&str; 3] = ["/api", "/api/", "/api/{*elsewhere}"];

/// A router of which the document tells all.
pub(crate) struct Routes {
    router: Router<Admin>,
    document: OpenApi,
    idempotency: Arc<dyn IdempotencyStore>,
}

impl Routes {
    pub(crate) fn new(idempotency: Arc<dyn IdempotencyStore>) -> Self {
        Self {
            router: Router::new(),
            document: document::empty(),
            idempotency,
        }
    }

    /// Adds the operation `P` to the document, and `handler` to the router, where only operators come to it whom the terms
    /// let through.
    pub(crate) fn mount<P, H, T>(mut self, terms: impl Into<Terms>, handler: H) -> Self
    where
        P: utoipa::Path + SchemaReferences,
        H: Handler<T, Admin>,
        T: 'static,
    {
        let terms = terms.into();
        let (path, methods) = (P::path(), P::methods());
        let filters = methods.iter().map(filter_of);
        if let Some(filter) = filters.reduce(MethodFilter::or) {
            // The right comes first: an answer isn't given again to somebody who lost it.
            let store = Arc::clone(&self.idempotency);
            let route = on(filter, handler)
                .layer(from_fn_with_state(store, to_the_end))
                .layer(from_fn_with_state(terms, demand));
            self.router = self.router.route(&path, route);
        }
        for method in methods {
            let operation = document::completed(P::operation(), &path, &method, terms);
            let item = PathItem::new(method, operation);
            let paths = &mut self.document.paths.paths;
            match paths.get_mut(&path) {
                Some(known) => known.merge_operations(item),
                None => {
                    paths.insert(path.clone(), item);
                }
            }
        }
        document::describe::<P>(&mut self.document);
        self
    }

    /// The router, which answers for every path and method below `/api`, and the document.
    pub(crate) fn into_parts(self) -> (Router<Admin>, OpenApi) {
        let router = ELSEWHERE.into_iter().fold(self.router, |router, path| {
            router.route(path, any(async || Refusal::PathUnknown))
        });
        let router = router.method_not_allowed_fallback(async || Refusal::MethodUnknown);
        (router, self.document)
    }
}

fn filter_of(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}
