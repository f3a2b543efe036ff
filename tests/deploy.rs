//! The manifests of `deploy/` agree with the program, with each other and with what they promise. `tests/container.rs`
//! runs them.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use dsentr_migrate::error::exit_code;
use serde_json::{Value, json};
use support::executable::dsentr;
use support::manifest::{
    Objects, Spec, container_of_pod, containers, document, elements, pod, service, text,
};

const JOBS: [&str; 3] = [
    "kubernetes/job.yaml",
    "kubernetes/helm-hook.yaml",
    "kubernetes/argocd.yaml",
];

const DEPLOYMENTS: [&str; 2] = [
    "kubernetes/application.yaml",
    "kubernetes/init-container.yaml",
];

fn workloads() -> impl Iterator<Item = (&'static str, Value)> {
    let paths = JOBS.into_iter().chain(DEPLOYMENTS);
    paths.map(|path| (path, document(path)))
}

fn is_ours(container: &Value) -> bool {
    text(&container["image"]).contains("dsentr-migrate")
}

/// Containers of this executable, each with its pod.
fn ours() -> Vec<(String, Value, Value)> {
    let of_workload = |(path, workload): (&'static str, Value)| {
        let pod = pod(&workload).clone();
        let ours: Vec<Value> = containers(&pod).filter(|c| is_ours(c)).cloned().collect();
        ours.into_iter()
            .map(move |container| (path.to_owned(), pod.clone(), container))
    };
    workloads().flat_map(of_workload).collect()
}

#[test]
fn every_manifest_is_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes");
    let there: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name())
        .map(|name| format!("kubernetes/{}", name.display()))
        .collect();
    let known = JOBS.into_iter().chain(DEPLOYMENTS);
    let known = known.chain(["kubernetes/namespace.yaml"]);
    assert_eq!(there, known.map(str::to_owned).collect());
}

/// The exit codes of the README's table that are an error, and whether each is worth another try.
fn documented_exit_codes() -> Vec<(u8, bool)> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))
        .expect("it is there");
    let rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("| exit code"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let code = cells.get(1)?.parse().ok()?;
        Some((code, *cells.get(3)? == "yes"))
    };
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.filter_map(row).filter(|(code, _)| *code > 0).collect()
}

/// The exit codes that a policy names for an action.
fn codes(job: &Value, action: &str) -> BTreeSet<u8> {
    let rules = elements(&job["spec"]["podFailurePolicy"]["rules"]);
    let values = rules
        .filter(|rule| rule["action"] == action)
        .flat_map(|rule| elements(&rule["onExitCodes"]["values"]));
    let code = |value: &Value| u8::try_from(value.as_u64().expect("a number")).expect("a code");
    values.map(code).collect()
}

#[test]
fn the_policy_of_a_job_is_that_of_the_exit_codes() {
    let job = document(JOBS[0]);
    let documented = documented_exit_codes();
    let worth = |worth: bool| -> BTreeSet<u8> {
        let rows = documented.iter().filter(|(_, again)| *again == worth);
        rows.map(|(code, _)| *code).collect()
    };
    assert_eq!(
        worth(false),
        [
            exit_code::FAILED,
            exit_code::CONFIG,
            exit_code::PENDING,
            exit_code::DISAGREEMENT
        ]
        .into()
    );
    assert_eq!(codes(&job, "FailJob"), worth(false));
    let (ignored, counted) = (codes(&job, "Ignore"), codes(&job, "Count"));
    assert_eq!(ignored, [exit_code::STOPPED].into());
    assert_eq!(
        counted,
        [exit_code::LOCK_TIMEOUT, exit_code::UNREACHABLE].into()
    );
    assert_eq!(&ignored | &counted, worth(true));

    let rules = &job["spec"]["podFailurePolicy"]["rules"];
    // A pod that was drained may have any exit code, so that rule has to come first.
    assert_eq!(
        rules[0],
        json!({"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]})
    );
    for rule in elements(rules).skip(1) {
        let on = &rule["onExitCodes"];
        assert_eq!(on["operator"], "In");
        assert_eq!(on["containerName"], pod(&job)["containers"][0]["name"]);
    }
    assert_eq!(pod(&job)["restartPolicy"], "Never");
}

/// Name and annotations are all that a tool asks for.
#[test]
fn the_jobs_are_one_job() {
    let bare = |path| {
        let mut job = document(path);
        let metadata = job["metadata"].as_object_mut().expect("metadata");
        metadata.remove("name");
        metadata.remove("annotations");
        job
    };
    for path in JOBS {
        assert_eq!(bare(path), bare(JOBS[0]), "{path}");
    }
}

#[test]
fn images_and_the_job_have_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let image = format!("dsentr-migrate:{version}");
    for (path, _, container) in ours() {
        let (_, name) = text(&container["image"]).split_once('/').expect("a host");
        assert_eq!(name, image, "{path}");
    }
    let compose = document("compose/compose.yaml");
    assert_eq!(compose["services"]["migrate"]["image"], image);
    let name = format!("dsentr-migrate-{}", version.replace('.', "-"));
    assert_eq!(document(JOBS[0])["metadata"]["name"], name);
    let docs = kubernetes_document();
    let build = format!("--build-arg VERSION={version} ");
    assert!(docs.contains(&build) && docs.contains(&format!("--tag {image} ")));
}

/// What a pod takes from secrets and config maps: kind, name and key.
fn objects(pod: &Value) -> BTreeSet<(&'static str, String, String)> {
    let sources =
        elements(&pod["volumes"]).flat_map(|volume| elements(&volume["projected"]["sources"]));
    let named = |(kind, source): (&'static str, &Value)| -> Vec<_> {
        let name = text(&source["name"]).to_owned();
        let keys = elements(&source["items"]).map(|item| text(&item["key"]).to_owned());
        keys.map(|key| (kind, name.clone(), key)).collect()
    };
    sources
        .flat_map(|source| {
            let kinds = [("Secret", "secret"), ("ConfigMap", "configMap")];
            kinds.map(|(kind, field)| (kind, &source[field]))
        })
        .filter(|(_, source)| !source.is_null())
        .flat_map(named)
        .collect()
}

#[test]
fn the_document_lists_the_objects_that_pods_need_and_every_manifest() {
    let document = kubernetes_document();
    let listed: BTreeSet<_> = document
        .lines()
        .filter(|line| line.starts_with("| Secret `") || line.starts_with("| ConfigMap `"))
        .collect();
    let needed: BTreeSet<_> = workloads()
        .flat_map(|(_, workload)| objects(pod(&workload)))
        .collect();
    assert_eq!(listed.len(), needed.len());
    for (kind, name, key) in needed {
        let row = format!("| {kind} `{name}` | `{key}` |");
        assert!(listed.iter().any(|line| line.starts_with(&row)), "{row}");
    }
    for (path, _) in workloads() {
        let (_, file) = path.split_once('/').expect("a folder");
        assert!(document.contains(&format!("`{file}`")), "{file}");
    }
}

/// The commands are run by `.ci/container` and by `tests/container.rs`, one block each.
#[test]
fn the_document_shows_what_was_seen() {
    let document = kubernetes_document();
    assert_eq!(document.matches("```sh\n").count(), 2);
    assert_eq!(document.matches("```console\n").count(), 0);
    let (_, shown) = document.split_once("```text\n").expect("an example");
    let (shown, _) = shown.split_once("```").expect("its end");
    let seen = include_str!("golden/container_failures.txt");
    assert!(
        seen.contains(&format!("termination message:\n{shown}#")),
        "{shown}"
    );
}

fn kubernetes_document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kubernetes.md");
    std::fs::read_to_string(path).expect("it is there")
}

/// What is in the way of a pod under the profile "restricted" of Pod Security, and what our own manifests promise
/// beyond it. <https://kubernetes.io/docs/concepts/security/pod-security-standards/>
fn refusals(pod: &Value) -> Vec<String> {
    let mut refusals = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            refusals.push(what.to_owned());
        }
    };
    let is_unset = |value: &Value| value.is_null() || *value == false;
    for name in ["hostNetwork", "hostPID", "hostIPC"] {
        must(is_unset(&pod[name]), name);
    }
    let volumes = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    for volume in elements(&pod["volumes"]) {
        let kinds = volume.as_object().expect("a volume").keys();
        let mut kinds = kinds.filter(|kind| *kind != "name");
        must(kinds.all(|kind| volumes.contains(&kind.as_str())), "volume");
    }
    let shared = &pod["securityContext"];
    must(shared["sysctls"].is_null(), "sysctls");
    must(elements(&pod["containers"]).next().is_some(), "containers");
    for container in containers(pod) {
        let own = &container["securityContext"];
        // A container's own word wins over the pod's.
        let said = |name: &str| match &own[name] {
            Value::Null => &shared[name],
            value => value,
        };
        must(*said("runAsNonRoot") == true, "runAsNonRoot");
        must(*said("runAsUser") != 0, "runAsUser");
        let seccomp = &said("seccompProfile")["type"];
        must(
            *seccomp == "RuntimeDefault" || *seccomp == "Localhost",
            "seccompProfile",
        );
        for name in ["appArmorProfile", "seLinuxOptions", "windowsOptions"] {
            must(said(name).is_null(), name);
        }
        must(is_unset(&own["privileged"]), "privileged");
        must(
            own["allowPrivilegeEscalation"] == false,
            "allowPrivilegeEscalation",
        );
        must(own["procMount"].is_null(), "procMount");
        let capabilities = &own["capabilities"];
        must(capabilities["drop"] == json!(["ALL"]), "capabilities.drop");
        must(capabilities["add"].is_null(), "capabilities.add");
        must(
            elements(&container["ports"]).all(|port| port["hostPort"].is_null()),
            "hostPort",
        );
        must(
            own["readOnlyRootFilesystem"] == true,
            "readOnlyRootFilesystem",
        );
    }
    must(
        pod["automountServiceAccountToken"] == false,
        "automountServiceAccountToken",
    );
    must(pod["enableServiceLinks"] == false, "enableServiceLinks");
    refusals
}

#[test]
fn the_namespace_enforces_the_restrictions_that_the_pods_keep() {
    let namespace = document("kubernetes/namespace.yaml");
    assert_eq!(
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
        "restricted"
    );
    for (path, workload) in workloads() {
        let name = &namespace["metadata"]["name"];
        assert_eq!(workload["metadata"]["namespace"], *name, "{path}");
        assert_eq!(refusals(pod(&workload)), [""; 0], "{path}");
    }
}

#[test]
fn a_pod_that_asks_for_more_is_refused() {
    let pod = pod(&document(JOBS[0])).clone();
    let own = "/containers/0/securityContext";
    for (place, value, refused) in [
        ("/hostNetwork".to_owned(), json!(true), "hostNetwork"),
        (
            "/volumes/0/hostPath".to_owned(),
            json!({"path": "/"}),
            "volume",
        ),
        ("/containers".to_owned(), json!([]), "containers"),
        (
            "/securityContext/runAsNonRoot".to_owned(),
            json!(null),
            "runAsNonRoot",
        ),
        (format!("{own}/runAsNonRoot"), json!(false), "runAsNonRoot"),
        (format!("{own}/runAsUser"), json!(0), "runAsUser"),
        (
            "/securityContext/seccompProfile/type".to_owned(),
            json!("Unconfined"),
            "seccompProfile",
        ),
        (format!("{own}/privileged"), json!(true), "privileged"),
        (
            format!("{own}/allowPrivilegeEscalation"),
            json!(null),
            "allowPrivilegeEscalation",
        ),
        (
            format!("{own}/capabilities"),
            json!(null),
            "capabilities.drop",
        ),
        (
            format!("{own}/capabilities/add"),
            json!(["NET_ADMIN"]),
            "capabilities.add",
        ),
        (
            "/containers/0/ports".to_owned(),
            json!([{"hostPort": 80}]),
            "hostPort",
        ),
        (
            format!("{own}/readOnlyRootFilesystem"),
            json!(false),
            "readOnlyRootFilesystem",
        ),
        (
            "/automountServiceAccountToken".to_owned(),
            json!(null),
            "automountServiceAccountToken",
        ),
        (
            "/enableServiceLinks".to_owned(),
            json!(true),
            "enableServiceLinks",
        ),
    ] {
        let mut broken = pod.clone();
        let (parent, name) = place.rsplit_once('/').expect("a place");
        broken.pointer_mut(parent).expect("it is there")[name] = value;
        assert_eq!(refusals(&broken), [refused], "{place}");
    }
}

#[test]
fn compose_takes_from_each_service_what_it_does_not_need() {
    let compose = document("compose/compose.yaml");
    for name in ["migrate", "dsentr"] {
        let service = &compose["services"][name];
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(
            service["security_opt"],
            json!(["no-new-privileges:true"]),
            "{name}"
        );
    }
    let conditions = [
        ("migrate", "postgres", "service_healthy"),
        ("dsentr", "migrate", "service_completed_successfully"),
    ];
    for (service, other, condition) in conditions {
        let depends_on = &compose["services"][service]["depends_on"];
        assert_eq!(*depends_on, json!({other: {"condition": condition}}));
    }
    assert_eq!(
        compose["services"]["postgres"]["healthcheck"]["test"][1],
        "pg_isready"
    );
}

/// No variable is unknown, and no value of the wrong kind; a password's file is read only when it is needed.
fn assert_understood(name: &str, spec: &Spec) {
    let mut run = dsentr(&["config"]).env("DSENTR_MIGRATE_PROFILE", "container");
    for (name, value) in &spec.variables {
        run = run.env(name, value);
    }
    let run = run.run();
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
    for (variable, value) in &spec.variables {
        let is_shown = run
            .stdout
            .lines()
            .any(|line| line.contains(variable) && (line.contains(value) || line.contains("***")));
        assert!(is_shown, "{name}: {variable} {value}\n{}", run.stdout);
    }
}

#[test]
fn what_the_manifests_set_is_understood() {
    for (path, mut pod, container) in ours() {
        pod["volumes"] = json!([]);
        let name = text(&container["name"]);
        for list in ["initContainers", "containers"] {
            for container in pod[list].as_array_mut().into_iter().flatten() {
                container["volumeMounts"] = json!([]);
            }
        }
        let spec = container_of_pod(&pod, name, &Objects::new());
        assert_understood(&path, &spec);
    }
    let mut compose = document("compose/compose.yaml");
    compose["services"]["migrate"]["secrets"] = json!([]);
    let spec = service(&compose, "migrate", &[].into());
    assert_understood("compose.yaml", &spec);
}

/// Why the pods set `enableServiceLinks: false`: this is what a Service of our name would put into them.
#[test]
fn a_variable_of_a_service_would_be_no_setting() {
    let run = dsentr(&["config"])
        .env("DSENTR_MIGRATE_SERVICE_HOST", "192.0.2.7")
        .env("DSENTR_MIGRATE_PORT", "tcp://192.0.2.7:80")
        .run();
    assert_eq!(run.code, Some(exit_code::CONFIG.into()), "{}", run.text());
    assert!(run.stderr.contains("DSENTR_MIGRATE_"), "{}", run.text());
}

/// A try may take as long as it waits for the server, for another runner and for table locks; a few have to fit.
#[test]
fn a_job_has_time_for_more_than_one_try() {
    let run = dsentr(&["config", "--output", "json"])
        .env("DSENTR_MIGRATE_PROFILE", "container")
        .run();
    let config: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
    let seconds = |key: &str| {
        let setting = elements(&config["settings"]).find(|setting| setting["key"] == key);
        let value = text(&setting.expect("the setting is there")["value"]).to_owned();
        humantime::parse_duration(&value).expect("a time").as_secs()
    };
    let a_try = seconds("wait.timeout") + seconds("lock.timeout") + seconds("table_lock.budget");
    let deadline = document(JOBS[0])["spec"]["activeDeadlineSeconds"].clone();
    assert!(deadline.as_u64().expect("a number") > 3 * a_try);
}
