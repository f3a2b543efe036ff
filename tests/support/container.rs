//! A container as Kubernetes runs it with the restrictions of our manifests: the image's files and the mounted ones on a
//! read-only root, the image's user without capabilities and without a way to get any, process number 1, nothing in
//! `/dev` but the termination log. The network is the machine's. Needs root, or to seem so (`buildah unshare`).

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use super::executable::{Dsentr, Run, executable};
use super::image::Image;
use super::manifest::Spec;
use super::running::Running;

/// In namespaces of its own; becomes the container's first process.
const ENTER: &str = r#"
set -eu
root=$1 log=$2 user=$3
shift 3
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount --bind "$log" "$root/dev/termination-log"
mount -o remount,bind,ro,nosuid,nodev "$root"
exec setpriv --no-new-privs chroot --userspec="$user" --groups="${user#*:}" "$root" "$@"
"#;

/// A container that is yet to start.
pub(crate) struct Container {
    dsentr: Dsentr,
}

/// A container under way.
pub(crate) struct Started {
    running: Running,
    log: Log,
}

/// What a container left.
pub(crate) struct Ended {
    /// The outputs and the exit code.
    pub(crate) run: Run,
    /// The termination message.
    pub(crate) message: String,
}

/// The file of the termination message, which outlives the container.
struct Log {
    folder: tempfile::TempDir,
}

impl Container {
    /// A container of the image, whose `/etc/hosts` has these lines.
    fn new(image: &Image, spec: &Spec, hosts: &str, log: &Log) -> Self {
        let mut dsentr = executable("unshare", &["--mount", "--pid", "--fork", "--kill-child"]);
        let root = dsentr.home().join("root");
        furnish(image, spec, hosts, &root);
        let user = image.config["config"]["User"].as_str().expect("a user");
        let arguments = if spec.arguments.is_empty() {
            image.list("Cmd")
        } else {
            spec.arguments.clone()
        };
        let command = dsentr.command();
        command.args(["--", "sh", "-c", ENTER, "enter"]);
        command.arg(&root).arg(log.path()).arg(user);
        command.args(image.list("Entrypoint")).args(arguments);
        for variable in image.list("Env") {
            let (name, value) = variable.split_once('=').expect("a variable has a value");
            command.env(name, value);
        }
        // What every container of a cluster finds, whatever the pod asks for.
        command
            .env("HOME", "/")
            .env("HOSTNAME", "pod")
            .env("KUBERNETES_SERVICE_HOST", "192.0.2.1")
            .env("KUBERNETES_SERVICE_PORT", "443");
        command.envs(spec.variables.iter().map(|(name, value)| (name, value)));
        Self { dsentr }
    }

    /// Starts one.
    pub(crate) fn start(image: &Image, spec: &Spec, hosts: &str) -> Started {
        let log = Log::new();
        let container = Self::new(image, spec, hosts, &log);
        Started {
            running: Running::start(container.dsentr),
            log,
        }
    }

    /// Runs one to its end.
    pub(crate) fn run(image: &Image, spec: &Spec, hosts: &str) -> Ended {
        let log = Log::new();
        let run = Self::new(image, spec, hosts, &log).dsentr.run();
        Ended {
            run,
            message: log.text(),
        }
    }
}

impl Started {
    /// To wait for what it says, or does to the database.
    pub(crate) fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// Sends a signal to its first process, as the platform does.
    pub(crate) fn signal(&self, name: &str) {
        self.running.signal_child(name);
    }

    /// Waits for its end.
    pub(crate) fn end(self) -> Ended {
        let run = self.running.end();
        Ended {
            run,
            message: self.log.text(),
        }
    }
}

impl Log {
    fn new() -> Self {
        let log = Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        // As the kubelet makes it.
        put(&log.path(), "", 0o666);
        log
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("termination-log")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("the message is text")
    }
}

/// The image's files, and those of the platform.
fn furnish(image: &Image, spec: &Spec, hosts: &str, root: &Path) {
    fs::create_dir(root).expect("a folder can be made");
    fs::set_permissions(root, Permissions::from_mode(0o755)).expect("it is ours");
    for entry in fs::read_dir(image.root()).expect("the image is unpacked") {
        let entry = entry.expect("the folder can be read");
        fs::copy(entry.path(), root.join(entry.file_name())).expect("it holds files alone");
    }
    fs::create_dir_all(root.join("proc")).expect("a folder can be made");
    put(&root.join("dev/termination-log"), "", 0o644);
    put(&root.join("etc/hosts"), hosts, 0o644);
    // Nobody answers there, so that a name that is not among the hosts is not found.
    let resolver = "nameserver 127.255.255.254\noptions ndots:5\n";
    put(&root.join("etc/resolv.conf"), resolver, 0o644);
    for file in &spec.files {
        let path = file.path.strip_prefix("/").expect("mounts are absolute");
        put(&root.join(path), &file.content, file.mode);
        // As fsGroup has it.
        chown(root.join(path), None, Some(65534)).expect("the tests run as root");
    }
}

fn put(path: &Path, content: &str, mode: u32) {
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("a folder can be made");
    fs::write(path, content).expect("a file can be written");
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}
