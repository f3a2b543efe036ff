//! The container image, run as the manifests of `deploy/` say: a server with TLS and a host name, secrets as files, a
//! read-only root, and what Kubernetes does with the exit code. `.ci/container` builds the image and runs these tests.

mod support;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use dsentr_migrate::error::exit_code;
use support::authority::{Authority, Valid};
use support::container::{Container, Ended};
use support::executable::dsentr;
use support::golden::golden;
use support::image::Image;
use support::manifest::{
    File, Objects, Spec, container_of_pod, document, elements, pod, service, text,
};
use support::mask::{mask_counts, mask_durations, mask_version};
use support::proxy::Proxy;
use support::server::{Server, Session};

/// What the manifests call the server.
const HOST: &str = "postgres.example";

/// One role has to come in with TLS and its password; the tests themselves need neither.
const RULES: &str = "\
local all postgres trust
host all postgres 127.0.0.1/32 trust
hostssl all all 127.0.0.1/32 scram-sha-256
";

/// A server where the manifests look for it.
struct Site {
    image: Image,
    server: Server,
    proxy: Proxy,
    address: Ipv4Addr,
    objects: Objects,
}

impl Site {
    /// With the roles that the manifests name, a database that is empty, and an authority that the server's
    /// certificate comes from.
    fn prepare() -> Self {
        let server = Server::of_its_own();
        let authority = Authority::new("the cluster's own");
        let pair = authority.sign(HOST, &[HOST], Valid::Now);
        let objects = [
            (("dsentr-database-owner", "password"), "öwner's pass\n"),
            (
                ("dsentr-database-application", "password"),
                "of-the-application",
            ),
            (("dsentr-database-ca", "ca.crt"), authority.pem.as_str()),
        ];
        let objects: Objects = objects
            .into_iter()
            .map(|((name, key), content)| ((name.to_owned(), key.to_owned()), content.to_owned()))
            .collect();
        for (name, content) in [
            ("server.crt", pair.certificate.as_str()),
            ("server.key", &pair.key),
            ("pg_hba.conf", RULES),
        ] {
            server.write(name, content);
        }
        server.administer(&["ALTER SYSTEM SET ssl = 'on'"]);
        server.crash_and_restart();
        let (proxy, address) = where_the_manifests_look(&server);
        let site = Self {
            image: Image::built(),
            server,
            proxy,
            address,
            objects,
        };
        site.bootstrap();
        site
    }

    fn bootstrap(&self) {
        let port = self.server.port();
        let password = |name: &str| &self.objects[&(name.to_owned(), "password".to_owned())];
        let run = dsentr(&["bootstrap"])
            .file("owner", password("dsentr-database-owner"))
            .file("application", password("dsentr-database-application"))
            .env(
                "DATABASE_URL",
                &format!("postgres://dsentr@127.0.0.1:{port}/dsentr"),
            )
            .env("PGPASSWORD_FILE", "owner")
            .env(
                "DSENTR_MIGRATE_BOOTSTRAP_URL",
                &format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            )
            .env("DSENTR_MIGRATE_BOOTSTRAP_APPLICATION_ROLE", "dsentr_web")
            .env(
                "DSENTR_MIGRATE_BOOTSTRAP_APPLICATION_PASSWORD_FILE",
                "application",
            )
            .run();
        assert_eq!(run.code, Some(0), "{}", run.text());
    }

    fn hosts(&self) -> String {
        format!("{} {HOST}\n", self.address)
    }

    /// What a manifest gives to a container.
    fn spec(&self, path: &str, name: &str) -> Spec {
        container_of_pod(pod(&document(path)), name, &self.objects)
    }

    fn run(&self, spec: &Spec) -> Ended {
        Container::run(&self.image, spec, &self.hosts())
    }

    /// A session of the superuser in the database.
    async fn session(&self) -> Session {
        let port = self.server.port();
        Session::open(&format!("postgres://postgres@127.0.0.1:{port}/dsentr")).await
    }

    /// The database as it was before the first run.
    fn start_over(&self) {
        self.server.administer(&[
            "DROP DATABASE dsentr WITH (FORCE)",
            "CREATE DATABASE dsentr OWNER dsentr",
        ]);
    }
}

/// A proxy to the server on the port that the manifests mean by naming none, at an address that nobody else uses.
fn where_the_manifests_look(server: &Server) -> (Proxy, Ipv4Addr) {
    let [.., high, low] = server.port().to_be_bytes();
    let address = Ipv4Addr::new(127, 89, high, low);
    let proxy = Proxy::start_on(SocketAddr::from((address, 5432)), server.port());
    (proxy, address)
}

/// All that a container left, without what differs from run to run.
fn told(ended: &Ended) -> String {
    let mut words = 0;
    let lines = ended.run.stderr.split_inclusive('\n');
    // How often a run that waits says so depends on the machine.
    let lines = lines.filter(|line| {
        words += usize::from(line.contains("\"waiting for"));
        !line.contains("\"waiting for") || words == 1
    });
    let stderr: String = lines.map(without_time).collect();
    let text = format!(
        "{}{stderr}[exit {}]\ntermination message:\n{}",
        ended.run.stdout,
        ended.run.code.unwrap_or(-1),
        ended.message
    );
    mask_counts(&mask_durations(&mask_version(&text)))
}

/// A line of the log without its time and without how long something took.
fn without_time(line: &str) -> String {
    let Some((_, rest)) = line.split_once("\"level\"") else {
        return line.to_owned();
    };
    let (before, after) = rest.split_once("\"duration_ms\":").unwrap_or((rest, ""));
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    let mark = if after.is_empty() {
        ""
    } else {
        "\"duration_ms\":<time>"
    };
    format!("{{\"level\"{before}{mark}{after}")
}

/// What Kubernetes does with a pod of the Job that ended so.
fn action(ended: &Ended) -> String {
    let job = document("kubernetes/job.yaml");
    let code = ended.run.code.expect("an exit code");
    let rule = elements(&job["spec"]["podFailurePolicy"]["rules"])
        .find(|rule| elements(&rule["onExitCodes"]["values"]).any(|value| *value == code));
    rule.map_or_else(String::new, |rule| text(&rule["action"]).to_owned())
}

#[test]
#[ignore = "needs the image that .ci/container builds"]
fn the_image_holds_the_executable_and_nothing_else() {
    let image = Image::built();
    let files: Vec<_> = walk(&image.root());
    assert_eq!(files, ["dsentr-migrate 755"]);
    let binary = std::fs::metadata(image.root().join("dsentr-migrate")).expect("it is there");
    assert!(image.size < binary.len() + 8192);

    let mut config = image.config.clone();
    let labels = &mut config["config"]["Labels"];
    let revision = labels["org.opencontainers.image.revision"].take();
    let revision = revision.as_str().expect("a revision").len();
    assert_eq!(revision, 40);
    assert_eq!(
        labels["org.opencontainers.image.version"].take(),
        env!("CARGO_PKG_VERSION")
    );
    // What is computed from the bytes, and in which words it was built.
    config["rootfs"].take();
    config["history"].take();
    golden(
        "container_image.json",
        &(serde_json::to_string_pretty(&config).expect("it is JSON") + "\n"),
    );
}

/// All files below a folder, each with its mode.
fn walk(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let entry = entry.expect("it can be read");
        let metadata = entry.metadata().expect("it is there");
        let name = entry.file_name().display().to_string();
        if metadata.is_dir() {
            files.push(format!("{name}/"));
            files.extend(
                walk(&entry.path())
                    .iter()
                    .map(|file| format!("{name}/{file}")),
            );
        } else {
            let mode = metadata.permissions().mode() & 0o7777;
            files.push(format!("{name} {mode:o}"));
        }
    }
    files
}

/// The application waits; the Job comes, and comes again; the application goes on.
#[tokio::test]
#[ignore = "needs the image that .ci/container builds"]
async fn the_job_brings_the_schema_that_the_application_waits_for() {
    let site = Site::prepare();
    let application = site.spec("kubernetes/application.yaml", "wait-for-schema");
    let mut waiting = Container::start(&site.image, &application, &site.hosts());
    waiting.running().until_said("waiting for the schema").await;
    let mut all = String::new();
    let job = site.spec("kubernetes/job.yaml", "migrate");
    for title in ["the Job", "the Job once more"] {
        let ended = site.run(&job);
        assert_eq!(ended.run.code, Some(0), "{}", told(&ended));
        all.push_str(&format!("# {title}\n{}", told(&ended)));
    }
    let waited = waiting.end();
    all.push_str(&format!(
        "# the application's init container\n{}",
        told(&waited)
    ));
    golden("container_job.txt", &all);
    assert_eq!(site.proxy.unencrypted(), 0);
}

/// Each ends as the table of exit codes says, and Kubernetes does with it what the policy says.
#[tokio::test]
#[ignore = "needs the image that .ci/container builds"]
async fn a_job_that_does_not_end_well_says_why() {
    let site = Site::prepare();
    let job = site.spec("kubernetes/job.yaml", "migrate");
    let mut all = String::new();
    let mut add = |title: &str, ended: &Ended, code: u8| {
        assert_eq!(
            ended.run.code,
            Some(code.into()),
            "{title}\n{}",
            told(ended)
        );
        all.push_str(&format!("# {title}: {}\n{}", action(ended), told(ended)));
    };

    let session = site.session().await;
    session
        .batch("CREATE VIEW idx_workflow_runs_idem_unique AS SELECT 1 AS id")
        .await;
    session.close().await;
    add("a view is in the way", &site.run(&job), exit_code::FAILED);

    let wrong_password = Spec {
        files: with(&job, "password", "of-somebody-else"),
        ..job.clone()
    };
    add(
        "another password",
        &site.run(&wrong_password),
        exit_code::CONFIG,
    );
    let stranger = Authority::new("the cluster's own");
    let wrong_authority = Spec {
        files: with(&job, "ca.crt", &stranger.pem),
        ..job.clone()
    };
    add(
        "another authority",
        &site.run(&wrong_authority),
        exit_code::CONFIG,
    );

    site.start_over();
    let up_to = Spec {
        arguments: ["up", "--to", "2025_10_07_4"].map(str::to_owned).into(),
        ..job.clone()
    };
    assert_eq!(site.run(&up_to).run.code, Some(0));
    let holder = site.session().await;
    holder.batch("BEGIN; SELECT FROM workflows").await;
    let mut blocked = Container::start(&site.image, &job, &site.hosts());
    let watcher = site.session().await;
    let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'relation'";
    blocked.running().until(&watcher, waits).await;
    blocked.signal("TERM");
    add("SIGTERM", &blocked.end(), exit_code::STOPPED);
    holder.close().await;
    watcher.close().await;

    let mut impatient = job.clone();
    let timeout = ("DSENTR_MIGRATE_WAIT_TIMEOUT".to_owned(), "300ms".to_owned());
    impatient.variables.push(timeout);
    // Next to the server's own address nobody listens.
    let [a, b, c, d] = site.address.octets();
    let nobody = format!("{} {HOST}\n", Ipv4Addr::new(a, b + 1, c, d));
    for (title, hosts) in [("no server", nobody.as_str()), ("no such name", "")] {
        let ended = Container::run(&site.image, &impatient, hosts);
        add(title, &ended, exit_code::UNREACHABLE);
    }
    assert_eq!(site.run(&job).run.code, Some(0));
    golden("container_failures.txt", &all);
}

/// The files of a container, one of them with another content.
fn with(spec: &Spec, name: &str, content: &str) -> Vec<File> {
    let mut files = spec.files.clone();
    let file = files.iter_mut().find(|file| file.path.ends_with(name));
    content.clone_into(&mut file.expect("the file is mounted").content);
    files
}

/// All replicas of the application start at once; each migration is applied once.
#[tokio::test]
#[ignore = "needs the image that .ci/container builds"]
async fn init_containers_that_start_at_once_apply_each_migration_once() {
    let site = Site::prepare();
    let path = "kubernetes/init-container.yaml";
    let replicas = document(path)["spec"]["replicas"]
        .as_u64()
        .expect("a number");
    let spec = site.spec(path, "migrate");
    let started: Vec<_> = (0..replicas)
        .map(|_| Container::start(&site.image, &spec, &site.hosts()))
        .collect();
    let mut applied = 0;
    for container in started {
        let ended = container.end();
        assert_eq!(ended.run.code, Some(0), "{}", told(&ended));
        let lines = ended.run.stdout.lines();
        applied += lines.filter(|line| line.starts_with("  applied")).count();
    }
    assert_eq!(applied, dsentr_migrate::embedded::MIGRATIONS.len());
    let session = site.session().await;
    let count = "SELECT count(*) FROM refinery_schema_history";
    assert_eq!(session.value(count).await, applied.to_string());
    session.close().await;
}

/// From a server on which there is nothing but its superuser.
#[tokio::test]
#[ignore = "needs the image that .ci/container builds"]
async fn compose_makes_everything_from_nothing() {
    let image = Image::built();
    let server = Server::of_its_own();
    let (_proxy, address) = where_the_manifests_look(&server);
    let compose = document("compose/compose.yaml");
    let secrets = made_as_documented();
    let administrator = &secrets["./secrets/postgres_password"].content;
    let password = administrator.trim_end();
    server.administer(&[&format!("ALTER ROLE postgres PASSWORD '{password}'")]);
    server.write(
        "pg_hba.conf",
        "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n",
    );
    server.crash_and_restart();
    let hosts = format!("{address} postgres\n");
    let spec = service(&compose, "migrate", &secrets);
    let mut all = String::new();
    for title in ["the first start", "the second"] {
        let ended = Container::run(&image, &spec, &hosts);
        assert_eq!(ended.run.code, Some(0), "{}", told(&ended));
        all.push_str(&format!("# {title}\n{}", told(&ended)));
    }
    golden("container_compose.txt", &all);
}

/// The passwords of Compose, made by the commands of the document, with the modes that they give.
fn made_as_documented() -> BTreeMap<String, File> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document =
        std::fs::read_to_string(project.join("docs/kubernetes.md")).expect("it is there");
    let blocks = document.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split_once("```"));
    let (block, _) = blocks.last().expect("there are blocks");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let compose = folder.path().join("deploy/compose");
    std::fs::create_dir_all(&compose).expect("a folder can be made");
    let status = Command::new("sh")
        .args(["-euc", block])
        .current_dir(folder.path())
        .status();
    assert!(status.expect("there is a shell").success(), "{block}");
    let secrets = compose.join("secrets");
    let mode = |path: &Path| {
        let metadata = std::fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&secrets), 0o700);
    let entries = std::fs::read_dir(&secrets).expect("it can be read");
    let file = |path: PathBuf| File {
        mode: mode(&path),
        content: std::fs::read_to_string(&path).expect("it is text"),
        path,
    };
    entries
        .map(|entry| entry.expect("it can be read"))
        .map(|entry| {
            let name = format!("./secrets/{}", entry.file_name().display());
            (name, file(entry.path()))
        })
        .collect()
}

/// What a container does not have is not asked for: no user by that number, no home, no terminal, no time zone.
#[test]
#[ignore = "needs the image that .ci/container builds"]
fn without_any_setting_it_says_what_is_missing() {
    let ended = Container::run(&Image::built(), &Spec::default(), "");
    golden("container_no_settings.txt", &told(&ended));
}

/// The root is read-only, as the manifests have it; what would be written there is refused in words.
#[test]
#[ignore = "needs the image that .ci/container builds"]
fn nothing_can_be_written() {
    let spec = Spec {
        arguments: ["export", "/export"].map(str::to_owned).into(),
        ..Spec::default()
    };
    let ended = Container::run(&Image::built(), &spec, "");
    golden("container_read_only.txt", &told(&ended));
}
