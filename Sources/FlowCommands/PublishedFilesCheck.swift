import FlowPublication
import FlowRuntime
import FlowStorage
import FlowSystem

/// Compares the files that the steps of a run have published with the manifests that the run has of them.
package struct PublishedFilesCheck: Sendable {
  package struct Fault: Sendable {
    package let step: String
    package let attempt: Int32
    /// What is other than it was published; or why that is unknown.
    package let what: String
    /// Absolute.
    package let path: String
    /// Nil where it could not be looked at.
    package let difference: String?
  }

  /// How many files, folders and links were published.
  package private(set) var count = 0
  package private(set) var faults: [Fault] = []

  init(of folder: RunFolder, in storage: LinuxStorage) throws(StorageError) {
    for manifest in try PublishedManifest.last(in: folder, of: storage) { check(manifest) }
  }

  private mutating func check(_ published: PublishedManifest) {
    func fault(_ path: String, _ what: String, _ difference: PublishedDifference.Kind?) -> Fault {
      Fault(
        step: published.stepID, attempt: published.attempt, what: what, path: path,
        difference: difference?.rawValue)
    }
    let files = LinuxPublicationFiles(ignoresStops: false)
    let manifest: Manifest
    do {
      manifest = try Manifest.decode(try files.read(published.path))
    } catch {
      let reason =
        switch error {
        case Manifest.DecodingError.newer: "was written by a newer flow; upgrade to read it"
        case Manifest.DecodingError.damaged: "is damaged"
        default: "cannot be read: \(error)"
        }
      faults.append(fault(published.path, "the manifest \(published.path) \(reason)", nil))
      return
    }
    count += manifest.entries.count
    do throws(StorageError) {
      for difference in try PublishedFiles(in: files).differences(from: manifest) {
        let path = "\(manifest.folder)/\(difference.path)"
        let shown = PublishedDifference(path: path, kind: difference.kind)
        faults.append(fault(path, shown.description, difference.kind))
      }
    } catch {
      faults.append(fault(error.path, error.description, nil))
    }
  }
}
