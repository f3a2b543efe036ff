//! The static executable in an empty root, as user 65534, where a container without a base image has it; and its memory,
//! which a container limits.
//!
//! `.ci/empty-root` builds the executable and runs this, as root, in a network namespace with the addresses below.

mod support;

use std::fs::Permissions;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use support::authority::{Authority, Valid};
use support::executable::{Dsentr, executable};
use support::golden::golden;
use support::mask::{mask, mask_numbers};
use support::nameserver::{Name, Nameserver};
use support::server::{Database, Server};

/// Who the executable runs as: nobody.
const USER: u32 = 65534;

const NAMESERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 96, 0, 10));
const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 96, 7, 7));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0x96, 0, 0, 0, 0, 0, 7));

/// The most memory of a run with nothing to do, in KiB.
const PEAK: u64 = 4 << 10;

/// As a pod of the namespace `shop` has it.
const RESOLV_CONF: &str = "\
search shop.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
";

const HOSTS: &str = "\
127.0.0.1 localhost
10.96.7.7 database-in-hosts
";

/// The server has more names than addresses, so that each case shows which name was found.
const NAMES: [Name; 4] = [
    ("db.shop.svc.cluster.local", V4),
    ("db.data.svc.cluster.local", V4),
    ("db.data.svc.cluster.local", V6),
    ("database.example.com", V6),
];

/// The name that its certificate has.
const HOST: &str = "db.data.svc.cluster.local";

const PASSWORD: &str = "918273645546372819";

const RULES: &str = "\
local all all trust
host all postgres samehost trust
hostssl all carrier samehost scram-sha-256
";

/// What the executable finds beside itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Surroundings {
    /// Files, and nothing of the kernel's.
    Bare,
    /// Also /proc and /dev, which container runtimes put there.
    OfAContainer,
}

/// Goes into a root that nobody can write to any more, and becomes the executable without any privilege.
const ENTER: &str = r#"
root=$1 surroundings=$2
shift 2
mount --bind "$root" "$root"
if [ "$surroundings" = OfAContainer ]; then
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
fi
mount -o remount,bind,ro "$root"
if touch "$root/written" 2>/dev/null; then
  echo "the root can be written to" >&2
  exit 99
fi
exec setpriv --no-new-privs chroot --userspec=65534:65534 --groups=65534 "$root" /dsentr-migrate "$@"
"#;

struct Root {
    folder: tempfile::TempDir,
    surroundings: Surroundings,
}

impl Root {
    fn new(surroundings: Surroundings, authority: &Authority) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let root = Self {
            folder,
            surroundings,
        };
        let built = from_environment("DSENTR_TEST_STATIC");
        std::fs::copy(built, root.path().join("dsentr-migrate")).expect("there is room for it");
        root.file("etc/resolv.conf", RESOLV_CONF);
        root.file("etc/hosts", HOSTS);
        root.file("secrets/root.crt", &authority.pem);
        root.file("secrets/password", PASSWORD);
        root.file("secrets/of_root", PASSWORD);
        let secret = |name: &str, owner| {
            let path = root.path().join("secrets").join(name);
            chown(&path, Some(owner), Some(owner)).expect("this runs as root");
            std::fs::set_permissions(&path, Permissions::from_mode(0o400)).expect("it is ours");
        };
        secret("password", USER);
        secret("of_root", 0);
        if surroundings == Surroundings::OfAContainer {
            for mount_point in ["proc", "dev"] {
                std::fs::create_dir(root.path().join(mount_point)).expect("there is none");
            }
        }
        std::fs::set_permissions(root.path(), Permissions::from_mode(0o755)).expect("it is ours");
        root
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        let folder = path.parent().expect("it is below the root");
        std::fs::create_dir_all(folder).expect("the root takes folders");
        std::fs::write(path, content).expect("the root takes files");
    }

    /// A run in it.
    fn run(&self, arguments: &[&str], url: &str) -> Dsentr {
        let surroundings = format!("{:?}", self.surroundings);
        let root = self.path().display().to_string();
        let enter = ["--mount", "sh", "-euc", ENTER, "sh", &root, &surroundings];
        executable("unshare", &[&enter, arguments].concat())
            // Of the tools that lead there.
            .env(
                "PATH",
                &std::env::var("PATH").expect("tools are found in it"),
            )
            .env("HOME", "/")
            .env("DATABASE_URL", url)
            .env("DSENTR_MIGRATE_WAIT_TIMEOUT", "0")
    }
}

fn from_environment(name: &str) -> String {
    std::env::var(name).expect(".ci/empty-root says where")
}

/// The server under all addresses, with TLS.
fn server(authority: &Authority) -> Server {
    let addresses = format!("listen_addresses=127.0.0.1,{V4},{V6}");
    let folder = from_environment("DSENTR_TEST_PG_BIN");
    let server = Server::with_arguments(Some(Path::new(&folder)), &["-c", &addresses]);
    server.administer(&[
        "SET password_encryption = 'scram-sha-256'", // in 13 it is not the default
        &format!("CREATE ROLE carrier LOGIN SUPERUSER PASSWORD '{PASSWORD}'"),
    ]);
    server.write("pg_hba.conf", RULES);
    server.show(&authority.sign(HOST, &[HOST], Valid::Now), &[]);
    server.crash_and_restart();
    server
}

/// Every case in one root, each with what the name server was asked.
fn all(root: &Root, database: &Database<'_>, nameserver: &Nameserver) -> String {
    let at = |role: &str, host: &str, parameters: &str| {
        let port = database.server().port();
        let name = database.name();
        format!("postgres://{role}@{host}:{port}/{name}{parameters}")
    };
    let open = |host: &str| at("postgres", host, "");
    let verified = |host: &str| {
        let parameters = "?sslmode=verify-full&sslrootcert=/secrets/root.crt";
        at("carrier", host, parameters)
    };
    let wait = |host: &str| root.run(&["wait", "--for", "schema"], &open(host));
    let secret = |run: Dsentr, name: &str| run.env("PGPASSWORD_FILE", name);
    let runs = [
        ("an IPv4 address", root.run(&["up"], &open(&V4.to_string()))),
        ("an IPv6 address", wait(&format!("[{V6}]"))),
        (
            "a port where nobody listens",
            root.run(&["wait"], &format!("postgres://postgres@[{V6}]:1/")),
        ),
        ("a name in /etc/hosts", wait("database-in-hosts")),
        ("a name in the first search domain", wait("db")),
        ("a name in the second search domain", wait("db.data")),
        ("a name that is whole", wait("database.example.com")),
        ("a name that nobody knows", wait("absent")),
        (
            "TLS and a password",
            secret(root.run(&["up"], &verified(HOST)), "/secrets/password"),
        ),
        (
            "TLS with another name than the certificate's",
            secret(root.run(&["up"], &verified("db.data")), "/secrets/password"),
        ),
        (
            "a password that is root's",
            secret(root.run(&["up"], &verified(HOST)), "/secrets/of_root"),
        ),
        (
            "a root that is read-only",
            root.run(&["export", "/exported"], &open("db")),
        ),
    ];
    let told = runs.map(|(which, run)| {
        let text = mask(&run.run().text(), database);
        let text = mask_numbers(&text, "/.exported.", "<pid>");
        format!("# {which}\n{text}{}\n", nameserver.asked())
    });
    told.concat()
}

#[test]
#[ignore = "needs a network of its own: run .ci/empty-root"]
fn every_way_to_the_server_leads_there_from_an_empty_root() {
    let authority = Authority::new("authority");
    let server = server(&authority);
    let nameserver = Nameserver::start(NAMESERVER, &NAMES);
    let told = |surroundings| {
        let root = Root::new(surroundings, &authority);
        all(&root, &server.database(), &nameserver)
    };
    golden("empty_root.txt", &told(Surroundings::Bare));
    golden("empty_root.txt", &told(Surroundings::OfAContainer));
}

#[test]
#[ignore = "needs the static executable: run .ci/empty-root"]
fn a_run_with_nothing_to_do_needs_little_memory() {
    let database = Server::shared().database();
    let up = [&from_environment("DSENTR_TEST_STATIC"), "up"];
    let run = |program: &str, arguments: &[&str]| {
        let url = database.url();
        let run = executable(program, arguments)
            .env("DATABASE_URL", &url)
            .run();
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout
    };
    run(up[0], &up[1..]);
    // The memory of this program would count as that of the other.
    let measured = run(
        &from_environment("DSENTR_TEST_MEASURE"),
        &["5", up[0], up[1]],
    );
    let peak = measured
        .split_whitespace()
        .last()
        .and_then(|peak| peak.parse().ok());
    assert!(peak.is_some_and(|peak: u64| peak < PEAK), "{measured}");
}
