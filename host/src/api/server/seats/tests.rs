use super::*;
use futures_util::FutureExt as _;

const BOUNDS: Bounds = Bounds::of(3);

fn seat(kind: u64, since: u64, stalled: u64) -> Seat {
    Seat {
        began: Instant::now(),
        state: AtomicU64::new(state(kind, since)),
        stalled: AtomicU64::new(stalled),
        leave: Notify::new(),
        last: AtomicBool::new(false),
    }
}

#[test]
fn who_keeps_the_host_waiting_goes_before_who_is_idle_and_nobody_who_is_worked_for() {
    let now = 100_000;
    let in_order = [
        (HEAD, now - 4_000, 0),
        (BODY, now - 3_000, 0),
        (ANSWER, now - 9_000, now - 2_000),
        (NEXT, now - 50_000, 0),
        (NEXT, now - 2_000, 0),
        (HEAD, now - 900, 0),
        (BODY, now - 1, 0),
        (NEXT, now - 900, 0),
        (NEXT, now - 1, 0),
    ];
    let ranks: Vec<_> = in_order.map(|(kind, since, stalled)| seat(kind, since, stalled).may_go(now)).into();
    assert!(ranks.iter().all(Option::is_some) && ranks.is_sorted(), "{ranks:?}");
    for (kind, since, stalled) in [(WORK, 0, 0), (ANSWER, 0, 0), (ANSWER, 0, now - 10)] {
        assert_eq!(seat(kind, since, stalled).may_go(now), None);
    }
}

#[test]
fn a_head_an_idle_connection_and_an_answer_that_nobody_takes_have_their_time() {
    let now = 1_000_000;
    let ago = |time: Duration| now - time.as_millis() as u64;
    for (kind, patience) in [(HEAD, BOUNDS.head), (NEXT, BOUNDS.idle)] {
        assert!(!seat(kind, ago(patience), 0).is_late(now, &BOUNDS));
        assert!(seat(kind, ago(patience) - 1, 0).is_late(now, &BOUNDS));
    }
    assert!(!seat(ANSWER, now, 0).is_late(now, &BOUNDS) && !seat(ANSWER, now, ago(BOUNDS.stall)).is_late(now, &BOUNDS));
    assert!(seat(ANSWER, now, ago(BOUNDS.stall) - 1).is_late(now, &BOUNDS));
    assert!(seat(ANSWER, ago(BOUNDS.idle) - 1, 0).is_late(now, &BOUNDS));
    assert!(!seat(WORK, 0, 0).is_late(now, &BOUNDS), "a call has its own deadline");
}

#[tokio::test]
async fn a_full_listener_gives_a_seat_to_who_comes_and_never_one_that_is_worked_for() {
    let seats = Seats::new(BOUNDS);
    let taken: Vec<_> = (0..3).map(|_| seats.take().unwrap()).collect();
    taken.iter().for_each(|seat| seat.works());
    assert!(seats.take().is_none());
    taken[1].answers();
    taken[1].has_sent();
    let new = seats.take().unwrap();
    taken[1].told_to_go().await;
    new.works();
    assert!(seats.take().is_none());
    drop(new);
    assert!(seats.take().is_some(), "one that left has made room");
}

#[tokio::test]
async fn a_request_that_comes_as_its_connection_is_to_go_is_answered_as_the_last() {
    let seats = Seats::new(Bounds { connections: 1, ..BOUNDS });
    let first = seats.take().unwrap();
    let _second = seats.take().unwrap();
    first.works();
    let going = first.told_to_go();
    tokio::pin!(going);
    assert!((&mut going).now_or_never().is_none() && first.is_last());
    first.answers();
    assert!((&mut going).now_or_never().is_none());
    first.has_sent();
    going.await;
}
