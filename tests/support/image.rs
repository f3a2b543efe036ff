//! The container image that `.ci/container` built: an archive as the Open Container Initiative has it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// An image, its layers unpacked.
pub(crate) struct Image {
    /// What a platform reads: user, entrypoint, command, variables, labels.
    pub(crate) config: Value,
    /// How many bytes are moved when somebody fetches it.
    pub(crate) size: u64,
    folder: tempfile::TempDir,
}

impl Image {
    /// The one that `DSENTR_TEST_IMAGE` names.
    pub(crate) fn built() -> Self {
        let archive = std::env::var_os("DSENTR_TEST_IMAGE")
            .expect("DSENTR_TEST_IMAGE names the archive; .ci/container builds it");
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (parts, root) = (folder.path().join("parts"), folder.path().join("root"));
        unpack(Path::new(&archive), &parts);
        let index = json(&parts.join("index.json"));
        let manifest = json(&blob(&parts, &index["manifests"][0]));
        let layers = manifest["layers"].as_array().expect("an image has layers");
        for layer in layers {
            unpack(&blob(&parts, layer), &root);
        }
        let bytes = |part: &Value| part["size"].as_u64().expect("a part has a size");
        Self {
            config: json(&blob(&parts, &manifest["config"])),
            size: layers.iter().map(bytes).sum::<u64>() + bytes(&manifest["config"]),
            folder,
        }
    }

    /// What is in it.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// A list of the configuration, none where it is not set.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let list = self.config["config"][name].as_array().into_iter().flatten();
        list.map(|text| text.as_str().expect("a text").to_owned())
            .collect()
    }
}

fn blob(parts: &Path, descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"].as_str().expect("a part has a digest");
    parts.join("blobs").join(digest.replace(':', "/"))
}

fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).expect("it is JSON")
}

fn unpack(archive: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder can be made");
    let status = Command::new("tar")
        .arg("-xf")
        .arg(archive)
        .arg("-C")
        .arg(folder)
        .status();
    assert!(
        status.expect("tar is there").success(),
        "{}",
        archive.display()
    );
}
