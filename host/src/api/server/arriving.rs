//! A request's body on its way: the whole of it has its time, and so has each pause. Whoever reads it gets an error that
//! says so.

use super::Bounds;
use super::seats::Seat;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, Sleep, sleep_until};

/// It took longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("the body took too long to arrive")]
pub(in crate::api) struct TooLate;

/// A body that is timed from when it is first waited for.
pub(super) struct Arriving {
    body: Incoming,
    seat: Arc<Seat>,
    bounds: Bounds,
    whole_by: Option<Instant>,
    /// Runs while it is waited for.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Arriving {
    pub(super) fn new(body: Incoming, seat: Arc<Seat>, bounds: Bounds) -> Self {
        Self { body, seat, bounds, whole_by: None, pause: None }
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { bounds, whole_by, pause, .. } = self;
        let pause = pause.get_or_insert_with(|| {
            let now = Instant::now();
            let whole_by = *whole_by.get_or_insert(now + bounds.body);
            Box::pin(sleep_until(whole_by.min(now + bounds.pause)))
        });
        pause.as_mut().poll(cx)
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.pause = None;
            self.seat.works();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.seat.waits_for_body();
        ready!(self.poll_late(cx));
        self.seat.works();
        Poll::Ready(Some(Err(TooLate.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
