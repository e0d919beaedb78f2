package import FlowStorage

/// What is in place of a manifest's paths, compared with what was published. Nothing is changed.
package struct PublishedFiles<Files: PublicationFiles> {
  private let tree: FileTree<Files>

  package init(in files: Files) { tree = FileTree(disk: Disk(files: files)) }

  /// What is other than the manifest says, in ascending order of paths. What a missing folder would hold is
  /// not named.
  package func differences(
    from manifest: Manifest
  ) throws(StorageError) -> [PublishedDifference] {
    var differences: [PublishedDifference] = []
    for root in manifest.roots {
      let found = try tree.scan(
        PathParts.joined(manifest.folder, root.path), as: root.path)
      if found.isEmpty {
        differences.append(PublishedDifference(path: root.path, kind: .missing))
        continue
      }
      var expected = ([root] + manifest.entries(below: root.path))[...]
      for file in found {
        while let entry = expected.first, entry.path.utf8.lexicographicallyPrecedes(file.path.utf8)
        {
          differences.append(PublishedDifference(path: entry.path, kind: .missing))
          expected.removeFirst()
        }
        guard let entry = expected.first, entry.path.utf8.elementsEqual(file.path.utf8) else {
          differences.append(PublishedDifference(path: file.path, kind: .added))
          continue
        }
        expected.removeFirst()
        if let kind = try difference(file, entry) {
          differences.append(PublishedDifference(path: file.path, kind: kind))
        }
      }
      differences += expected.map { PublishedDifference(path: $0.path, kind: .missing) }
    }
    return differences
  }

  private func difference(
    _ file: FoundFile, _ entry: Manifest.Entry
  ) throws(StorageError) -> PublishedDifference.Kind? {
    switch (entry.content, file.status.kind) {
    case (.file(let size, let digest), .file):
      guard file.status.size == size, try tree.disk.digest(ofFile: file.place) == digest else {
        return .content
      }
    case (.link(let target), .link):
      return target.utf8.elementsEqual(file.target.utf8) ? nil : .target
    case (.folder, .folder): break
    default: return .kind
    }
    return file.status.mode == entry.mode ? nil : .permissions
  }
}

/// What is other in place than what was published.
package struct PublishedDifference: Hashable, Sendable {
  package enum Kind: String, Sendable {
    case missing, added, kind, target, permissions, content
  }

  package let path: String
  package let kind: Kind

  package init(path: String, kind: Kind) {
    self.path = path
    self.kind = kind
  }
}

extension PublishedDifference: CustomStringConvertible {
  package var description: String {
    switch kind {
    case .missing: "\(path) is missing"
    case .added: "\(path) was not published"
    case .kind: "\(path) is of another kind than what was published"
    case .target: "\(path) links to something else than what was published"
    case .permissions: "\(path) has other permissions than what was published"
    case .content: "\(path) has another content than what was published"
    }
  }
}
