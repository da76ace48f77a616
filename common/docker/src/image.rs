//! Images by content: loaded from an archive and found by a tag that names the content. Never pulled.

pub mod archive;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bollard::models::ImageSummary;
use bollard::query_parameters::{ImportImageOptions, RemoveImageOptions, TagImageOptions};
use futures_util::{TryStreamExt, stream};
use serde_json::json;

use super::{Docker, Error, Failure};
pub use archive::Archive;

/// The digits of the content's hash in a tag.
const DIGITS: usize = 16;
/// An archive is handed to Docker in pieces of this size.
const PIECE: usize = 256 * 1024;

/// The repository of a program's images. Its registry is this machine, so Docker pulls it from nowhere.
pub fn repository(program: &str) -> String {
    format!("localhost/{program}")
}

/// The tag of the image of `program` with this content.
pub fn tag(program: &str, content: &str) -> String {
    format!("{}:{}", repository(program), content.get(..DIGITS).unwrap_or(content))
}

/// The images of a program, by tag: the id of each.
pub async fn observe(docker: &Docker, program: &str) -> Result<BTreeMap<String, String>, Error> {
    let repository = repository(program);
    let filters = json!({ "reference": [repository] });
    let found: Vec<ImageSummary> = docker.list("list images", "/images/json", &filters).await?;
    let ours = |tag: &String| tag.strip_prefix(&repository).is_some_and(|rest| rest.starts_with(':'));
    let tags = found.into_iter().flat_map(|image| image.repo_tags.into_iter().map(move |tag| (tag, image.id.clone())));
    Ok(tags.filter(|(tag, _)| ours(tag)).collect())
}

/// Returns the id of the image with this tag if it has the content of `archive`.
pub async fn loaded(docker: &Docker, archive: &Archive, tag: &str, id: &str) -> Result<Option<String>, Error> {
    if id.strip_prefix("sha256:") == Some(&archive.content) {
        return Ok(Some(id.to_owned()));
    }
    // Where Docker keeps images by containerd, an id is that of another document, which names the same layers.
    let seen = docker.call(format!("inspect image {tag}"), async |client| client.inspect_image(tag).await).await?;
    let layers = seen.root_fs.and_then(|root| root.layers).unwrap_or_default();
    Ok((layers == archive.layers).then(|| id.to_owned()))
}

/// Loads the archive at `path` and gives it the tag of its content; the tags it brought are taken off again.
pub async fn load(docker: &Docker, path: &Path, archive: &Archive, program: &str) -> Result<(), Error> {
    let what = format!("load {}", path.display());
    let file = File::open(path).map_err(|source| Error::new(&what, Failure::Archive(source)))?;
    docker
        .call(what, async |client| {
            let options = ImportImageOptions { quiet: true, ..Default::default() };
            let pieces = stream::try_unfold(file, |file| async { piece(file) });
            let pieces = pieces.map_ok(Into::into);
            client.import_image_stream(options, pieces, None).try_for_each(|_| async { Ok(()) }).await
        })
        .await?;
    let ours = tag(program, &archive.content);
    let (repository, number) = ours.rsplit_once(':').unwrap_or((&ours, "latest"));
    let mut loaded = format!("sha256:{}", archive.content);
    if let (false, Some(tag)) = (exists(docker, &loaded).await?, archive.tags.first()) {
        loaded.clone_from(tag);
    }
    let options = TagImageOptions { repo: Some(repository.to_owned()), tag: Some(number.to_owned()) };
    docker.call(format!("tag the image {ours}"), async |client| client.tag_image(&loaded, Some(options)).await).await?;
    for brought in archive.tags.iter().filter(|brought| **brought != ours) {
        remove(docker, brought).await?;
    }
    Ok(())
}

/// The next piece of a file.
fn piece(mut file: File) -> io::Result<Option<(Vec<u8>, File)>> {
    let mut piece = vec![0; PIECE];
    let length = file.read(&mut piece)?;
    piece.truncate(length);
    Ok((length > 0).then_some((piece, file)))
}

async fn exists(docker: &Docker, image: &str) -> Result<bool, Error> {
    let what = format!("inspect image {image}");
    match docker.call(what, async |client| client.inspect_image(image).await).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a tag off an image, and removes the image with its last one.
pub async fn remove(docker: &Docker, tag: &str) -> Result<(), Error> {
    // Containers that have ended would keep it; those that run do.
    let options = RemoveImageOptions { force: true, ..Default::default() };
    let what = format!("remove image {tag}");
    let removed = docker.call(what, async |client| client.remove_image(tag, Some(options), None).await).await;
    removed.map(drop).or_else(Error::unless_gone)
}
