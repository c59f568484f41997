use super::RETRY_INFO;
use crate::ingest::Outcome;
use crate::otlp::wire::{write_bytes, write_integer};
use crate::receive::Refusal;

pub(crate) fn response(outcome: &Outcome) -> Vec<u8> {
    let mut response = Vec::new();
    let rejected = outcome.rejections.points();
    if rejected > 0 {
        let mut partial_success = Vec::new();
        write_integer(&mut partial_success, 1, rejected);
        write_bytes(&mut partial_success, 2, outcome.rejections.message().as_bytes());
        write_bytes(&mut response, 1, &partial_success);
    }
    response
}

pub(crate) fn status(refusal: &Refusal) -> Vec<u8> {
    let mut status = Vec::new();
    write_integer(&mut status, 1, refusal.grpc_code() as u64);
    write_bytes(&mut status, 2, refusal.to_string().as_bytes());
    if let Some(seconds) = refusal.retry_after() {
        let (mut delay, mut retry_info, mut any) = (Vec::new(), Vec::new(), Vec::new());
        write_integer(&mut delay, 1, u64::from(seconds));
        write_bytes(&mut retry_info, 1, &delay);
        write_bytes(&mut any, 1, RETRY_INFO.as_bytes());
        write_bytes(&mut any, 2, &retry_info);
        write_bytes(&mut status, 3, &any);
    }
    status
}
