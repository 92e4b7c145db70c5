//! gRPC: maps the paths of RPCs to the methods of [`ProviderService`].

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

use super::service::ProviderService;
use super::shutdown::Shutdown;

#[derive(Clone)]
pub(super) struct GrpcService {
    pub(super) service: Arc<ProviderService>,
    pub(super) shutdown: Arc<Shutdown>,
}

impl hyper::service::Service<Request<Incoming>> for GrpcService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let grpc = self.clone();
        Box::pin(async move { Ok(grpc.route(request).await) })
    }
}

impl GrpcService {
    async fn route(self, request: Request<Incoming>) -> Response<Body> {
        type Service = ProviderService;
        let GrpcService { service, shutdown } = self;
        let path = request.uri().path().to_owned();
        let Some(rpc) = path.strip_prefix("/tfplugin6.Provider/") else {
            return match path.as_str() {
                "/plugin.GRPCStdio/StreamStdio" => idle_stdio(),
                "/plugin.GRPCController/Shutdown" => {
                    // In a task of its own: the client may cancel this request.
                    let _ = tokio::spawn(Arc::clone(&shutdown).end_provider()).await;
                    let response = unary(request, service, |_, ()| ()).await;
                    shutdown.notify_shutdown();
                    response
                }
                _ => unimplemented(&path),
            };
        };
        match rpc {
            "GetProviderSchema" => unary(request, service, Service::get_provider_schema).await,
            "ValidateProviderConfig" => {
                unary(request, service, Service::validate_provider_config).await
            }
            "ConfigureProvider" => unary(request, service, Service::configure_provider).await,
            "ValidateDataResourceConfig" => {
                unary(request, service, Service::validate_data_resource_config).await
            }
            "ReadDataSource" => unary(request, service, Service::read_data_source).await,
            "ValidateEphemeralResourceConfig" => {
                unary(request, service, Service::validate_ephemeral_resource_config).await
            }
            "OpenEphemeralResource" => {
                unary(request, service, Service::open_ephemeral_resource).await
            }
            "RenewEphemeralResource" => {
                unary(request, service, Service::renew_ephemeral_resource).await
            }
            "CloseEphemeralResource" => {
                unary(request, service, Service::close_ephemeral_resource).await
            }
            "StopProvider" => unary(request, service, Service::stop_provider).await,
            _ => unimplemented(&path),
        }
    }
}

fn unimplemented(path: &str) -> Response<Body> {
    Status::unimplemented(format!("this plugin has no {path}")).into_http()
}

/// Calls `method` on a thread of its own, because a provider may block.
async fn unary<Q, R>(
    request: Request<Incoming>,
    service: Arc<ProviderService>,
    method: fn(&ProviderService, Q) -> R,
) -> Response<Body>
where
    Q: Message + Default + 'static,
    R: Message + Default + 'static,
{
    let mut grpc = Grpc::new(ProstCodec::<R, Q>::default());
    grpc.unary(UnaryMethod { service, method }, request).await
}

struct UnaryMethod<Q, R> {
    service: Arc<ProviderService>,
    method: fn(&ProviderService, Q) -> R,
}

impl<Q: Send + 'static, R: Send + 'static> UnaryService<Q> for UnaryMethod<Q, R> {
    type Response = R;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<R>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        let (service, method) = (Arc::clone(&self.service), self.method);
        let work = move || method(&service, request.into_inner());
        Box::pin(async move {
            match tokio::task::spawn_blocking(work).await {
                Ok(response) => Ok(tonic::Response::new(response)),
                Err(_) => Err(Status::internal("the provider has panicked")),
            }
        })
    }
}

/// Responds with a stream that stays open and empty. go-plugin would copy its messages to
/// Terraform's own output; an open stream keeps the connection from being idle.
fn idle_stdio() -> Response<Body> {
    let mut response = Response::new(Body::new(IdleStdio));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}

struct IdleStdio;

impl hyper::body::Body for IdleStdio {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Pending
    }
}
