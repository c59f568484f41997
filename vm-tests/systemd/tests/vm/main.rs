//! Signalbox on a machine with a kernel, a disk, a memory and a clock of its own, under QEMU. `vm-tests/systemd/run --vm` runs them. They are
//! named in the order in which they run.

mod a_power_cut;
mod b_full_disk;
mod c_clock_jump;
mod d_memory_limit;
mod e_box;
mod shared;
