use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::Span;

use super::decision::Admitted;
use super::service::{Way, admit};
use crate::limits::Permit;
use crate::rejection::Dialect;
use crate::{Rejection, ResponseBody};

pin_project! {
    /// The answer to come of a [`TenantService`](super::TenantService). Only a request whose tenant or keys have to be
    /// fetched is boxed.
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        Deciding { inner: S, body: Option<B>, decision: Decision, dialect: Dialect },
        Inside { #[pin] answer: S::Future, span: Span, permit: Option<Permit> },
        Refused { response: Option<Response<Bytes>> },
    }
}

type Decision = Pin<Box<dyn Future<Output = (Parts, Result<Admitted, Rejection>)> + Send>>;

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn inside(answer: S::Future, way: Way) -> Self {
        Self {
            state: State::inside(answer, way),
        }
    }

    pub(super) fn refused(response: Response<Bytes>) -> Self {
        Self {
            state: State::Refused {
                response: Some(response),
            },
        }
    }

    pub(super) fn deciding(inner: S, body: B, decision: Decision, dialect: Dialect) -> Self {
        Self {
            state: State::Deciding {
                inner,
                body: Some(body),
                decision,
                dialect,
            },
        }
    }
}

impl<S, B> State<S, B>
where
    S: Service<Request<B>>,
{
    fn inside(answer: S::Future, way: Way) -> Self {
        let Way { span, permit } = way;
        Self::Inside {
            answer,
            span,
            permit,
        }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Deciding {
                    inner,
                    body,
                    decision,
                    dialect,
                } => {
                    let (parts, decision) = ready!(decision.as_mut().poll(context));
                    let next = match (decision, body.take()) {
                        (Ok(admitted), Some(body)) => {
                            let (request, way) = admit(parts, body, admitted);
                            State::inside(way.enter(inner, request), way)
                        }
                        (Err(rejection), _) => State::Refused {
                            response: Some(rejection.response_in(*dialect)),
                        },
                        // The body is taken once, since the state changes with it.
                        (Ok(_), None) => State::Refused { response: None },
                    };
                    state.set(next);
                }
                StateProjection::Inside {
                    answer,
                    span,
                    permit,
                } => {
                    let answer = {
                        let _inside = span.enter();
                        ready!(answer.poll(context))
                    };
                    let permit = permit.take();
                    return Poll::Ready(
                        answer.map(|answer| answer.map(|body| ResponseBody::inner(body, permit))),
                    );
                }
                StateProjection::Refused { response } => {
                    let response = response
                        .take()
                        .expect("a future isn't polled after its end");
                    return Poll::Ready(Ok(response.map(ResponseBody::text)));
                }
            }
        }
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
