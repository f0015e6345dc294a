use std::io;
use std::path::{Path, PathBuf};

/// The Markdown files at the top of the repository and those of the book, each once.
pub(crate) fn pages(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut pages = markdown_in(root)?;
    pages.extend(markdown_in(&root.join("docs/src"))?);
    pages.extend(markdown_in(&root.join("docs/adr"))?);
    pages.sort();
    Ok(pages)
}

fn markdown_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_file() && path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    Ok(files)
}
