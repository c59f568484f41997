//! The site that most tests look at. Each leaves it as it found it.

use systemd_tests::Site;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

static SITE: OnceCell<Mutex<Site>> = OnceCell::const_new();

/// The site, for one test at a time. `run` ends its machines.
pub(crate) async fn site() -> MutexGuard<'static, Site> {
    let site = SITE.get_or_init(async || Mutex::new(Site::boot().await)).await;
    site.lock().await
}
