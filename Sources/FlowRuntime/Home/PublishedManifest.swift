package import FlowStorage

/// The manifest of what an attempt has published, a file of its run.
package struct PublishedManifest: Sendable {
  private static let suffix = "manifest"

  package let stepID: String
  package let attempt: Int32
  package let path: String

  /// The last one of each step: it replaced what was published before.
  package static func last(
    in folder: RunFolder, of storage: some Storage
  ) throws(StorageError) -> [PublishedManifest] {
    var last: [PublishedManifest] = []
    let attempts = Folder(folder.attempts, in: storage)
    for name in try attempts.namesIfPresent() {
      guard let file = AttemptFileName(name), file.suffix == suffix else { continue }
      let manifest = PublishedManifest(
        stepID: file.stepID, attempt: file.number, path: attempts.path(of: name))
      // The names of a step are together, though not by their numbers.
      if let before = last.last, before.stepID == file.stepID {
        if before.attempt < file.number { last[last.count - 1] = manifest }
      } else {
        last.append(manifest)
      }
    }
    return last
  }
}
