//! What a reload cannot put in force.

use super::{Config, Listen};

impl Config {
    /// The keys in which `new` differs from this configuration, and which come into force by a restart.
    pub(crate) fn changed_until_restart(&self, new: &Self) -> Vec<&'static str> {
        // every field by name: a new one has to find its place here
        let Self {
            listen:
                Listen {
                    grpc,
                    http,
                    data,
                    self_metrics,
                },
            state_dir,
            rules: _,
            view: _,
            max_memory: _,
            max_request: _,
            max_in_flight: _,
            max_connections,
            security: _,
            debug_datapoints: _,
        } = self;
        let same = [
            ("listen.grpc", *grpc == new.listen.grpc),
            ("listen.http", *http == new.listen.http),
            ("listen.data", *data == new.listen.data),
            ("listen.self_metrics", *self_metrics == new.listen.self_metrics),
            ("limits.connections", *max_connections == new.max_connections),
            ("state_dir", *state_dir == new.state_dir),
        ];
        same.into_iter()
            .filter_map(|(key, same)| (!same).then_some(key))
            .collect()
    }
}
