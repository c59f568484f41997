use std::path::PathBuf;

use super::*;
use crate::verdict::Verdict;

const GIB: u64 = 1 << 30;

pub(in crate::check) fn healthy() -> Host {
    Host {
        mounts: vec![Mount {
            path: PathBuf::from("/var/lib"),
            on: Some(PathBuf::from("/")),
            image: false,
            room: Ok(Room {
                free: 60 * GIB,
                used: 40 * GIB,
                inodes_free: Some(900),
                inodes: 1000,
            }),
            forecast: Some(50.0 * GIB as f64),
        }],
        file_systems: Ok(vec![
            FileSystem {
                path: PathBuf::from("/"),
                device: "/dev/vda1".to_owned(),
                kind: "ext4".to_owned(),
                read_only: false,
                needed: true,
                errors: Some(0),
            },
            FileSystem {
                path: PathBuf::from("/old"),
                device: "/dev/vdb".to_owned(),
                kind: "xfs".to_owned(),
                ..FileSystem::default()
            },
        ]),
        memory: Ok(Memory {
            total: 8 * GIB,
            available: 4 * GIB,
            swap_total: 2 * GIB,
            swap_free: GIB,
        }),
        pressure: Some(Pressure {
            cpu: Some(80.0),
            memory: Some(0.0),
            io: Some(1.0),
        }),
        kills: Ok(Kills {
            since_boot: 2,
            last_hour: Some(0.2),
            uptime: Duration::from_hours(2),
        }),
        load: Ok(Load {
            tasks: 3.0,
            processors: 2,
        }),
        clock: Some(Ok(Clock { synchronized: true })),
    }
}

fn reading(host: Host, id: &str) -> Reading {
    let check = CHECKS.iter().find(|check| check.id == id).unwrap();
    let facts = Facts {
        host: Some(host),
        ..Facts::default()
    };
    (check.judge)(&facts)
}

/// What one check says of the healthy machine with one thing changed; every other one is still content.
fn broken(id: &str, change: impl FnOnce(&mut Host)) -> Reading {
    let mut host = healthy();
    change(&mut host);
    for check in CHECKS.iter().filter(|check| check.id != id) {
        let other = reading(host.clone(), check.id);
        assert!(other.verdict.is_good(), "{}: {other:?}", check.id);
    }
    reading(host, id)
}

fn room(host: &mut Host) -> &mut Room {
    host.mounts[0].room.as_mut().unwrap()
}

fn memory(host: &mut Host) -> &mut Memory {
    host.memory.as_mut().unwrap()
}

#[test]
fn a_healthy_machine_is_ok_in_every_check() {
    for check in CHECKS {
        assert_eq!(reading(healthy(), check.id).verdict, Verdict::Ok, "{}", check.id);
    }
    assert_eq!(
        reading(healthy(), "disk-space").evidence,
        "/var/lib has 60.0 GiB (60 %) free"
    );
}

#[test]
fn little_room_is_told_and_none_is_down() {
    let left = |free: u64, used: u64| {
        broken("disk-space", |host| {
            room(host).free = free;
            room(host).used = used;
        })
    };
    assert_eq!(
        left(14 * GIB, 86 * GIB),
        Reading::degraded("/var/lib has 14.0 GiB (14 %) free")
    );
    assert_eq!(
        left(4 * GIB, 96 * GIB),
        Reading::down("/var/lib has 4.0 GiB (4 %) free")
    );
    // a sixteenth is enough for no block
    assert_eq!(left(GIB - 1, 10 * GIB).verdict, Verdict::Down);
    // a small disk has its own measure
    assert_eq!(left(GIB / 2, GIB / 2).verdict, Verdict::Ok);
}

#[test]
fn a_folder_that_is_not_there_is_unknown() {
    let gone = "/srv cannot be seen: No such file or directory (os error 2)";
    assert_eq!(
        broken("disk-space", |host| host.mounts[0].room = Err(gone.to_owned())),
        Reading::unknown(gone)
    );
}

#[test]
fn a_file_system_that_hangs_is_told_in_place_of_its_room() {
    let mut host = healthy();
    host.mounts = vec![];
    host.file_systems = Err("the file systems did not answer in time: one of them hangs".to_owned());
    assert_eq!(
        reading(host, "disk-space"),
        Reading::unknown("the file systems did not answer in time: one of them hangs")
    );
}

#[test]
fn an_image_is_full_as_it_should_be() {
    let mut host = healthy();
    let image = Mount {
        path: PathBuf::from("/nix/store"),
        image: true,
        room: Ok(Room {
            free: 0,
            used: 2 * GIB,
            inodes_free: Some(0),
            inodes: 1000,
        }),
        ..host.mounts[0].clone()
    };
    host.mounts.push(image);
    for id in ["disk-space", "disk-inodes", "disk-forecast"] {
        assert_eq!(reading(host.clone(), id), reading(healthy(), id), "{id}");
    }
    host.mounts.remove(0);
    assert_eq!(reading(host, "disk-space").verdict, Verdict::NotApplicable);
}

#[test]
fn few_inodes_are_told_and_none_is_down() {
    let left = |free: u64| broken("disk-inodes", |host| room(host).inodes_free = Some(free));
    assert_eq!(left(90), Reading::degraded("/var/lib has 9 % of its inodes free"));
    assert_eq!(left(10), Reading::down("/var/lib has 1 % of its inodes free"));
    assert_eq!(
        broken("disk-inodes", |host| room(host).inodes_free = None).verdict,
        Verdict::NotApplicable
    );
}

#[test]
fn a_disk_that_fills_is_told_beforehand() {
    assert_eq!(
        broken("disk-forecast", |host| host.mounts[0].forecast = Some(-1.0)),
        Reading::degraded("/var/lib will be full within four hours, if it goes on as in the last six")
    );
    assert_eq!(
        broken("disk-forecast", |host| host.mounts[0].forecast = None).verdict,
        Verdict::NotApplicable
    );
}

#[test]
fn a_file_system_that_nobody_can_write_is_down_where_the_box_needs_it() {
    let read_only = |index: usize| {
        broken("file-systems-writable", |host| {
            host.file_systems.as_mut().unwrap()[index].read_only = true;
        })
    };
    assert_eq!(read_only(0), Reading::down("ext4 of /dev/vda1 on / is read-only"));
    assert_eq!(
        read_only(1),
        Reading::degraded("xfs of /dev/vdb on /old is read-only")
    );
}

#[test]
fn errors_of_a_file_system_are_told() {
    assert_eq!(
        broken("file-system-errors", |host| host.file_systems.as_mut().unwrap()
            [0]
        .errors = Some(3)),
        Reading::degraded("/dev/vda1 on / has counted 3 errors")
    );
}

#[test]
fn little_memory_is_told_and_none_is_down() {
    let left = |available: u64| broken("memory-available", |host| memory(host).available = available);
    assert_eq!(left(GIB / 2), Reading::degraded("512.0 MiB of 8.0 GiB available"));
    assert_eq!(left(GIB / 8), Reading::down("128.0 MiB of 8.0 GiB available"));
}

#[test]
fn swap_is_judged_where_there_is_any() {
    assert_eq!(
        broken("swap-used", |host| memory(host).swap_free = GIB / 10),
        Reading::degraded("102.4 MiB of 2.0 GiB free")
    );
    assert_eq!(
        broken("swap-used", |host| memory(host).swap_total = 0).verdict,
        Verdict::NotApplicable
    );
}

#[test]
fn waiting_for_memory_or_disks_is_told() {
    let waited = |memory: f64, io: f64| {
        broken("pressure", |host| {
            host.pressure = Some(Pressure {
                cpu: None,
                memory: Some(memory),
                io: Some(io),
            });
        })
    };
    assert_eq!(
        waited(12.0, 0.0),
        Reading::degraded("work waited in the last five minutes 12 % for memory, 0 % for disks")
    );
    assert_eq!(waited(0.0, 60.0).verdict, Verdict::Degraded);
    assert_eq!(
        broken("pressure", |host| host.pressure = None).verdict,
        Verdict::NotApplicable
    );
}

#[test]
fn kills_count_for_an_hour_or_without_memory_of_them_for_a_day_after_the_boot() {
    let killed = |last_hour: Option<f64>, hours: u64| {
        broken("oom-kills", |host| {
            host.kills = Ok(Kills {
                since_boot: 2,
                last_hour,
                uptime: Duration::from_hours(hours),
            });
        })
    };
    assert_eq!(
        killed(Some(1.02), 100),
        Reading::degraded("1 in the last hour, 2 since the boot 4 d 4 h ago")
    );
    assert_eq!(
        killed(None, 2),
        Reading::degraded("2 since the boot 2 h 0 min ago")
    );
    assert_eq!(killed(None, 100).verdict, Verdict::Ok);
}

#[test]
fn more_work_than_the_processors_do_is_told() {
    assert_eq!(
        broken("load", |host| host.load.as_mut().unwrap().tasks = 17.0),
        Reading::degraded("17.0 tasks on 2 processors, on the average of 15 minutes")
    );
}

#[test]
fn a_clock_that_nobody_keeps_is_told_where_somebody_should() {
    assert_eq!(
        broken("clock-synchronized", |host| host.clock =
            Some(Ok(Clock { synchronized: false }))),
        Reading::degraded("it is not")
    );
    assert_eq!(
        broken("clock-synchronized", |host| host.clock =
            Some(Err("nobody tells".to_owned()))),
        Reading::unknown("nobody tells")
    );
    assert_eq!(
        broken("clock-synchronized", |host| host.clock = None).verdict,
        Verdict::NotApplicable
    );
}
