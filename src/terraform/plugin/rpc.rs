//! gRPC: which path is which of the provider's answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, Incoming};
use hyper::http::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};
use prost::Message;
use tonic::Status;
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic_prost::ProstCodec;

use super::service::Answers;
use super::shutdown::Life;

/// The RPCs of one connection.
#[derive(Clone)]
pub(super) struct Rpcs {
    pub(super) answers: Arc<Answers>,
    pub(super) life: Arc<Life>,
}

impl hyper::service::Service<Request<Incoming>> for Rpcs {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let rpcs = self.clone();
        Box::pin(async move { Ok(rpcs.route(request).await) })
    }
}

impl Rpcs {
    async fn route(self, request: Request<Incoming>) -> Response<Body> {
        let Rpcs { answers: a, life } = self;
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/tfplugin6.Provider/GetProviderSchema" => unary(request, a, Answers::schema).await,
            "/tfplugin6.Provider/ValidateProviderConfig" => {
                unary(request, a, Answers::validate).await
            }
            "/tfplugin6.Provider/ConfigureProvider" => unary(request, a, Answers::configure).await,
            "/tfplugin6.Provider/ValidateDataResourceConfig" => {
                unary(request, a, Answers::validate_data_source).await
            }
            "/tfplugin6.Provider/ReadDataSource" => {
                unary(request, a, Answers::read_data_source).await
            }
            "/tfplugin6.Provider/ValidateEphemeralResourceConfig" => {
                unary(request, a, Answers::validate_ephemeral).await
            }
            "/tfplugin6.Provider/OpenEphemeralResource" => {
                unary(request, a, Answers::open_ephemeral).await
            }
            "/tfplugin6.Provider/RenewEphemeralResource" => {
                unary(request, a, Answers::renew_ephemeral).await
            }
            "/tfplugin6.Provider/CloseEphemeralResource" => {
                unary(request, a, Answers::close_ephemeral).await
            }
            "/tfplugin6.Provider/StopProvider" => unary(request, a, Answers::stop).await,
            "/plugin.GRPCStdio/StreamStdio" => silence(),
            "/plugin.GRPCController/Shutdown" => {
                // Apart from this request, which the client may give up.
                let _ = tokio::spawn(Arc::clone(&life).end()).await;
                let response = unary(request, a, |_, ()| ()).await;
                life.say_farewell();
                response
            }
            _ => Status::unimplemented(format!("this plugin has no {path}")).into_http(),
        }
    }
}

/// Answers one message with one, on a thread of its own, as a provider may
/// block.
async fn unary<Q, R>(
    request: Request<Incoming>,
    answers: Arc<Answers>,
    answer: fn(&Answers, Q) -> R,
) -> Response<Body>
where
    Q: Message + Default + 'static,
    R: Message + Default + 'static,
{
    let mut grpc = Grpc::new(ProstCodec::<R, Q>::default());
    grpc.unary(Unary { answers, answer }, request).await
}

struct Unary<Q, R> {
    answers: Arc<Answers>,
    answer: fn(&Answers, Q) -> R,
}

impl<Q: Send + 'static, R: Send + 'static> UnaryService<Q> for Unary<Q, R> {
    type Response = R;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<R>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        let (answers, answer) = (Arc::clone(&self.answers), self.answer);
        let work = move || answer(&answers, request.into_inner());
        Box::pin(async move {
            match tokio::task::spawn_blocking(work).await {
                Ok(reply) => Ok(tonic::Response::new(reply)),
                Err(_) => Err(Status::internal("the provider has panicked")),
            }
        })
    }
}

/// What go-plugin would copy to Terraform's own output: nothing. The stream
/// stays open, so that the connection is never idle.
fn silence() -> Response<Body> {
    let mut response = Response::new(Body::new(Silence));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}

struct Silence;

impl hyper::body::Body for Silence {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Pending
    }
}
