//! Room, and the state of file systems.

use std::fs;
use std::path::{Path, PathBuf};

use crate::facts::Answer;
use crate::facts::host::{FileSystem, Mount, Room};

/// File systems that are kept on a disk of this machine, and are made to be written.
const ON_DISK: &[&str] = &["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "jfs"];

/// Those that are made whole, and never written.
const IMAGES: &[&str] = &["cramfs", "erofs", "iso9660", "romfs", "squashfs"];

/// One line of `/proc/self/mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    point: PathBuf,
    kind: String,
    device: String,
    /// Of the file system, and not of this mount of it alone: in a unit's own view of the machine nearly all mounts are
    /// read-only.
    options: String,
}

pub(super) fn read(paths: &[PathBuf]) -> (Vec<Mount>, Answer<Vec<FileSystem>>) {
    let lines = fs::read_to_string("/proc/self/mountinfo")
        .map(|text| parse(&text))
        .map_err(|error| format!("/proc/self/mountinfo cannot be read: {error}"));
    let mounts = paths
        .iter()
        .map(|path| mount(path, lines.as_deref().unwrap_or_default()))
        .collect();
    let file_systems = lines.map(|lines| file_systems(&lines, paths, Path::new("/sys/fs")));
    (mounts, file_systems)
}

fn mount(path: &Path, lines: &[Line]) -> Mount {
    let line = fs::canonicalize(path).ok().and_then(|real| below(lines, &real));
    Mount {
        path: path.to_owned(),
        on: line.map(|line| line.point.clone()),
        image: line.is_some_and(is_image),
        room: room(path),
        forecast: None,
    }
}

fn is_image(line: &Line) -> bool {
    IMAGES.contains(&line.kind.as_str())
}

fn room(path: &Path) -> Answer<Room> {
    let stat =
        rustix::fs::statvfs(path).map_err(|error| format!("{} cannot be seen: {error}", path.display()))?;
    let has_inodes = stat.f_files > 0;
    Ok(Room {
        free: stat.f_bavail * stat.f_frsize,
        used: (stat.f_blocks - stat.f_bfree) * stat.f_frsize,
        inodes_free: has_inodes.then_some(stat.f_favail),
        inodes: stat.f_files,
    })
}

/// Each device once.
fn file_systems(lines: &[Line], paths: &[PathBuf], sys: &Path) -> Vec<FileSystem> {
    let needed: Vec<_> = paths
        .iter()
        .filter_map(|path| fs::canonicalize(path).ok())
        .filter_map(|path| below(lines, &path))
        .collect();
    let mut seen: Vec<FileSystem> = vec![];
    for line in lines {
        let on_disk = ON_DISK.contains(&line.kind.as_str());
        let is_needed = needed
            .iter()
            .any(|needed| needed.device == line.device && needed.kind == line.kind);
        if is_image(line) || !(on_disk || is_needed) || seen.iter().any(|other| other.device == line.device) {
            continue;
        }
        seen.push(FileSystem {
            path: line.point.clone(),
            device: line.device.clone(),
            kind: line.kind.clone(),
            // the latter two are what newer kernels do after an error
            read_only: line
                .options
                .split(',')
                .any(|option| matches!(option, "ro" | "emergency_ro" | "shutdown")),
            needed: is_needed,
            errors: errors(sys, line),
        });
    }
    seen
}

/// Only ext4 counts.
fn errors(sys: &Path, line: &Line) -> Option<u64> {
    let device = fs::canonicalize(&line.device).ok();
    let name = device.as_deref().unwrap_or(Path::new(&line.device)).file_name()?;
    let count = fs::read_to_string(sys.join(&line.kind).join(name).join("errors_count")).ok()?;
    count.trim().parse().ok()
}

/// The mount that a path is on: the deepest above it, and of several at one place the last.
fn below<'a>(lines: &'a [Line], path: &Path) -> Option<&'a Line> {
    lines
        .iter()
        .filter(|line| path.starts_with(&line.point))
        .max_by_key(|line| line.point.components().count())
}

/// Total: a line that cannot be understood is left out.
fn parse(text: &str) -> Vec<Line> {
    text.lines().filter_map(line).collect()
}

/// `36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/sda1 rw,errors=continue`, with any number of fields before ` - `.
fn line(text: &str) -> Option<Line> {
    let (before, after) = text.split_once(" - ")?;
    let point = before.split(' ').nth(4)?;
    let mut after = after.split(' ');
    Some(Line {
        point: PathBuf::from(unescape(point)),
        kind: after.next()?.to_owned(),
        device: unescape(after.next()?),
        options: after.next()?.to_owned(),
    })
}

/// Spaces and the like are written as `\040`.
fn unescape(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(byte) = byte {
            plain.push(byte.into());
            plain += &part[3..];
        } else {
            plain.push('\\');
            plain += part;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
23 22 0:21 / /proc rw,nosuid - proc proc rw
24 22 254:16 / /var/lib/my\\040data ro,relatime shared:2 master:3 - xfs /dev/vdb rw,attr2
25 22 254:0 /nix/store /nix/store ro,relatime - ext4 /dev/vda rw,discard
26 22 254:32 / /old rw - ext4 /dev/vdc rw,emergency_ro
27 22 254:48 / /iso ro - iso9660 /dev/sr0 ro
28 22 0:30 / /tmp rw - tmpfs tmpfs rw,size=1g
nonsense
";

    #[test]
    fn reads_each_line_and_its_spaces() {
        let lines = parse(MOUNTS);
        assert_eq!(lines.len(), 7);
        assert_eq!(
            lines[2],
            Line {
                point: PathBuf::from("/var/lib/my data"),
                kind: "xfs".to_owned(),
                device: "/dev/vdb".to_owned(),
                options: "rw,attr2".to_owned(),
            }
        );
    }

    #[test]
    fn a_path_is_on_the_deepest_mount_above_it() {
        let lines = parse(MOUNTS);
        let point = |path: &str| below(&lines, Path::new(path)).map(|line| line.point.clone());
        assert_eq!(
            point("/var/lib/my data/x"),
            Some(PathBuf::from("/var/lib/my data"))
        );
        assert_eq!(point("/var/lib/mydata"), Some(PathBuf::from("/")));
        assert_eq!(point("/nix/store/abc"), Some(PathBuf::from("/nix/store")));
    }

    #[test]
    fn disks_that_nobody_can_write_are_told_from_mounts_that_are_read_only_here() {
        let sys = tempfile::tempdir().unwrap();
        fs::create_dir_all(sys.path().join("ext4/vda")).unwrap();
        fs::write(sys.path().join("ext4/vda/errors_count"), "3\n").unwrap();
        let seen = file_systems(&parse(MOUNTS), &[PathBuf::from("/tmp")], sys.path());
        let told: Vec<_> = seen
            .iter()
            .map(|seen| (seen.device.as_str(), seen.read_only, seen.needed, seen.errors))
            .collect();
        assert_eq!(
            told,
            [
                ("/dev/vda", false, false, Some(3)),
                ("/dev/vdb", false, false, None),
                ("/dev/vdc", true, false, None),
                ("tmpfs", false, true, None),
            ]
        );
    }

    #[test]
    fn an_image_is_told_from_a_disk() {
        let folder = tempfile::tempdir().unwrap();
        let on = |kind: &str| {
            let at = folder.path().canonicalize().unwrap();
            let lines = parse(&format!("30 22 7:0 / {} ro - {kind} /dev/loop0 ro", at.display()));
            let read_only = file_systems(&lines, &[at], folder.path());
            (mount(folder.path(), &lines).image, read_only.len())
        };
        assert_eq!(["erofs", "squashfs"].map(on), [(true, 0), (true, 0)]);
        assert_eq!(on("ext4"), (false, 1));
        assert!(!mount(folder.path(), &[]).image);
    }

    #[test]
    fn this_machine_has_room_for_files() {
        let room = room(Path::new("/")).unwrap();
        assert!(room.used > 0, "{room:?}");
        assert_eq!(
            super::room(Path::new("/nowhere")).unwrap_err(),
            "/nowhere cannot be seen: No such file or directory (os error 2)"
        );
    }
}
