/// What a step has published: each declared path, and all that is in a declared folder.
package struct Manifest: Sendable {
  package struct Entry: Sendable {
    /// Relative to the step's folder, without a slash at the end.
    package let path: String
    package let content: Content
    /// Permissions; zero for a link.
    package let mode: UInt16

    package init(path: String, content: Content, mode: UInt16) {
      self.path = path
      self.content = content
      self.mode = mode
    }
  }

  package enum Content: Sendable {
    case file(size: Int64, Digest)
    case folder
    case link(target: String)
  }

  /// The step's working folder, in which the paths are.
  package let folder: String
  /// In ascending order of their paths' bytes.
  package let entries: [Entry]

  package init(of entries: [Entry], in folder: String) {
    self.folder = folder
    self.entries = entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  /// The entries of the declared paths: those that are in no folder of the manifest.
  package var roots: [Entry] {
    entries.filter { entry in
      !PathParts.parents(of: entry.path).contains { self.entry(at: $0) != nil }
    }
  }

  /// What is in a folder of the manifest, at any depth.
  package func entries(below folder: String) -> ArraySlice<Entry> {
    // All that begins with the folder and a slash is together.
    let prefix = "\(folder)/"
    let start = firstIndex(notBefore: prefix)
    let end = entries[start...].firstIndex { !$0.path.utf8.starts(with: prefix.utf8) }
    return entries[start..<(end ?? entries.endIndex)]
  }

  package func entry(at path: String) -> Entry? {
    let index = firstIndex(notBefore: path)
    guard index < entries.endIndex, entries[index].path.utf8.elementsEqual(path.utf8) else {
      return nil
    }
    return entries[index]
  }

  private func firstIndex(notBefore path: String) -> Int {
    var (low, high) = (entries.startIndex, entries.endIndex)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].path.utf8.lexicographicallyPrecedes(path.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}

// Texts are compared by their bytes: those that Unicode calls equivalent name different files.

extension Manifest: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    left.folder.utf8.elementsEqual(right.folder.utf8) && left.entries == right.entries
  }
}

extension Manifest.Entry: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    left.path.utf8.elementsEqual(right.path.utf8) && left.mode == right.mode
      && left.content == right.content
  }
}

extension Manifest.Content: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.file(let size, let digest), .file(let otherSize, let otherDigest)):
      size == otherSize && digest == otherDigest
    case (.folder, .folder): true
    case (.link(let target), .link(let other)): target.utf8.elementsEqual(other.utf8)
    default: false
    }
  }
}
