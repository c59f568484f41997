/// The value of nice that lets everything else go first.
const LOWEST: i32 = 19;

/// Gives this thread the lowest priority.
///
/// Nothing is asked for that is so already: the filter of a unit that has `Nice=19` may kill who asks.
pub(super) fn lower() {
    // of no process means: of the calling thread
    let now = rustix::process::getpriority_process(None);
    if now.is_ok_and(|now| now < LOWEST) {
        // refused, it is as fast as the others, and as right
        let _ = rustix::process::setpriority_process(None, LOWEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_goes_last_and_the_others_as_before() {
        let before = rustix::process::getpriority_process(None);
        let lowered = std::thread::spawn(|| {
            lower();
            rustix::process::getpriority_process(None)
        });
        assert_eq!(lowered.join().expect("the thread ends"), Ok(LOWEST));
        assert_eq!(rustix::process::getpriority_process(None), before);
    }
}
