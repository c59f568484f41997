//! The daemon around the collector.

use std::ffi::c_long;
use std::process::ExitCode;

use signalbox_collector::{ABOUT, Collector, Config, RawConfig};

/// Small pieces are what a store of series is made of, and this allocator is made for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After how many milliseconds what was freed goes back to the kernel. Ten, which is the allocator's own, let a flood of large
/// requests take several times what was admitted of it.
const PURGE_DELAY: c_long = 1;

/// `mi_option_purge_delay` in `mimalloc.h`, which the bindings leave out.
const OPTION_PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

#[expect(
    unsafe_code,
    reason = "the allocator has no other interface; it is told so before there is another thread"
)]
fn give_memory_back_soon() {
    // SAFETY: sets a number in a table of the allocator's, and is the only one that does
    unsafe { libmimalloc_sys::mi_option_set(OPTION_PURGE_DELAY, PURGE_DELAY) }
}

fn main() -> ExitCode {
    give_memory_back_soon();
    service::run::<RawConfig, _, _>(&ABOUT, |config: Config, life: service::Life| async move {
        let sockets = life.sockets()?;
        let collector = if sockets.is_empty() {
            Collector::bind(config).await?
        } else {
            Collector::on(config, sockets)?
        };
        collector.run(life).await
    })
}
