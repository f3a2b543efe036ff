//! The manifests of `deploy/`, and what they say about the containers of this executable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What a container is to be given: read from a manifest, or put together by a test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spec {
    /// In place of the image's command, if any.
    pub(crate) arguments: Vec<String>,
    /// Variables beside those of the image.
    pub(crate) variables: Vec<(String, String)>,
    /// What the platform mounts.
    pub(crate) files: Vec<File>,
}

/// A file in a container.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Who may read it.
    pub(crate) mode: u32,
    /// What is in it.
    pub(crate) content: String,
}

/// The contents of secrets and config maps, by name and key.
pub(crate) type Objects = BTreeMap<(String, String), String>;

/// The documents of a file of `deploy/`.
pub(crate) fn documents(path: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(path);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The one document of a file of `deploy/`.
pub(crate) fn document(path: &str) -> Value {
    let mut documents = documents(path);
    assert_eq!(documents.len(), 1, "documents in {path}");
    documents.remove(0)
}

/// The pod that a workload makes.
pub(crate) fn pod(workload: &Value) -> &Value {
    &workload["spec"]["template"]["spec"]
}

/// All containers of a pod.
pub(crate) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"]
        .into_iter()
        .flat_map(|list| elements(&pod[list]))
}

/// The elements of a list, none where there is no list.
pub(crate) fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A text that has to be there.
pub(crate) fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text, but {value}"))
}

/// What Kubernetes gives to the container of that name.
pub(crate) fn container_of_pod(pod: &Value, name: &str, objects: &Objects) -> Spec {
    let container = containers(pod)
        .find(|container| container["name"] == name)
        .unwrap_or_else(|| panic!("no container {name}"));
    let variable = |entry: &Value| {
        (
            text(&entry["name"]).to_owned(),
            text(&entry["value"]).to_owned(),
        )
    };
    let mounted = elements(&container["volumeMounts"]).flat_map(|mount| {
        let volume = elements(&pod["volumes"]).find(|volume| volume["name"] == mount["name"]);
        files_of_volume(
            volume.unwrap_or_else(|| panic!("no volume for {mount}")),
            Path::new(text(&mount["mountPath"])),
            objects,
        )
    });
    Spec {
        arguments: elements(&container["args"])
            .map(|argument| text(argument).to_owned())
            .collect(),
        variables: elements(&container["env"]).map(variable).collect(),
        files: mounted.collect(),
    }
}

fn files_of_volume(volume: &Value, folder: &Path, objects: &Objects) -> Vec<File> {
    let projected = &volume["projected"];
    let mode = projected["defaultMode"].as_u64().expect("a mode");
    let file = |(source, item): (&Value, &Value)| {
        let key = (
            text(&source["name"]).to_owned(),
            text(&item["key"]).to_owned(),
        );
        File {
            path: folder.join(text(&item["path"])),
            mode: u32::try_from(mode).expect("a mode is small"),
            content: objects
                .get(&key)
                .unwrap_or_else(|| panic!("nobody knows {key:?}"))
                .clone(),
        }
    };
    elements(&projected["sources"])
        .flat_map(|source| source.as_object().expect("a source has a kind").values())
        .flat_map(|source| elements(&source["items"]).map(move |item| (source, item)))
        .map(file)
        .collect()
}

/// What Compose gives to the service of that name. A secret is the file that it is made from, under its own name.
pub(crate) fn service(compose: &Value, name: &str, secrets: &BTreeMap<String, File>) -> Spec {
    let service = &compose["services"][name];
    let variables = service["environment"].as_object().expect("an environment");
    let secret = |name: &Value| {
        let source = text(&compose["secrets"][text(name)]["file"]);
        let file = secrets
            .get(source)
            .unwrap_or_else(|| panic!("nobody made {source}"));
        File {
            path: Path::new("/run/secrets").join(text(name)),
            ..file.clone()
        }
    };
    Spec {
        arguments: elements(&service["command"])
            .map(|argument| text(argument).to_owned())
            .collect(),
        variables: variables
            .iter()
            .map(|(name, value)| (name.clone(), text(value).to_owned()))
            .collect(),
        files: elements(&service["secrets"]).map(secret).collect(),
    }
}
