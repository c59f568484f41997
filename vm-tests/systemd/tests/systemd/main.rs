//! Signalbox on machines with a real systemd, under systemd-nspawn. `vm-tests/systemd/run` runs them.

mod credentials;
mod doctor;
mod gate;
mod journal;
mod kills;
mod pair;
mod reload;
mod restarts;
mod shared;
mod units;
mod verdict;
mod watchdog;
