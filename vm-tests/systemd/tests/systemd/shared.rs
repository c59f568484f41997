//! The site that most tests look at. Each leaves it as it found it.

use std::sync::atomic::{AtomicBool, Ordering};

use systemd_tests::Site;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

static SITE: OnceCell<Mutex<Site>> = OnceCell::const_new();
static BEGUN: AtomicBool = AtomicBool::new(false);

/// The site, for one test at a time. `run` ends its machines.
pub(crate) async fn site() -> MutexGuard<'static, Site> {
    let boot = async || {
        let begun = BEGUN.swap(true, Ordering::Relaxed);
        assert!(!begun, "the site did not boot, as another test says");
        Mutex::new(Site::boot().await)
    };
    let site = SITE.get_or_init(boot).await;
    site.lock().await
}
