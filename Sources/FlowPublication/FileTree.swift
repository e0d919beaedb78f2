import FlowStorage

/// Something that was found at a declared path, or in a declared folder.
struct FoundFile {
  /// As a manifest has it.
  let path: String
  /// Where it is.
  let place: String
  let status: FileStatus
  /// Of a link.
  let target: String
}

/// Looks at files and folders, with all that is in them.
struct FileTree<Files: PublicationFiles> {
  let disk: Disk<Files>

  /// What is at a place and below it, in ascending order of paths; empty if nothing is there.
  ///
  /// - Parameter path: as a manifest has it.
  func scan(_ place: String, as path: String) throws(StorageError) -> [FoundFile] {
    guard let first = try look(place, as: path) else { return [] }
    var found = [first]
    var folders = first.status.kind == .folder ? [first] : []
    while let folder = folders.popLast() {
      for name in try disk.names(in: folder.place) {
        let place = "\(folder.place)/\(name)"
        guard let file = try look(place, as: "\(folder.path)/\(name)") else {
          throw StorageError(.inspect, place, .noSuchFile)
        }
        found.append(file)
        if file.status.kind == .folder { folders.append(file) }
      }
    }
    return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  private func look(_ place: String, as path: String) throws(StorageError) -> FoundFile? {
    guard let status = try disk.status(of: place) else { return nil }
    let target = status.kind == .link ? try disk.target(ofLink: place) : ""
    return FoundFile(path: path, place: place, status: status, target: target)
  }

  /// Digests and syncs what was found, files before the folders that they are in.
  ///
  /// - Returns: the entry of each; nil where it has changed since it was found.
  func seal(_ found: [FoundFile]) throws(StorageError) -> [Manifest.Entry?] {
    var entries: [Manifest.Entry?] = []
    for file in found.reversed() { entries.append(try seal(file)) }
    return entries.reversed()
  }

  private func seal(_ file: FoundFile) throws(StorageError) -> Manifest.Entry? {
    let content: Manifest.Content
    do throws(StorageError) {
      switch file.status.kind {
      case .file:
        content = .file(size: file.status.size, try disk.digest(ofFile: file.place))
        try disk.syncFile(file.place)
      case .folder:
        content = .folder
        try disk.syncFolder(file.place)
      default: content = .link(target: file.target)
      }
    } catch {
      // It was removed, or became something else.
      if [.noSuchFile, .invalidArgument, .tooManySymbolicLinks].contains(error.errno) {
        return nil
      }
      throw error
    }
    // What it was when it was found, and what was digested and synced, are the same.
    guard try disk.status(of: file.place) == file.status else { return nil }
    let mode = file.status.kind == .link ? 0 : file.status.mode
    return Manifest.Entry(path: file.path, content: content, mode: mode)
  }

  /// Whether what is at a place has the content that the manifest says. Then it is durable as well.
  func matches(
    _ root: Manifest.Entry, of manifest: Manifest, at place: String
  ) throws(StorageError) -> Bool {
    let expected = [root] + manifest.entries(below: root.path)
    do throws(StorageError) {
      let found = try scan(place, as: root.path)
      guard found.count == expected.count,
        zip(found, expected).allSatisfy({ $0.canBe($1) })
      else { return false }
      return zip(try seal(found), expected).allSatisfy { sealed, entry in
        sealed?.content == entry.content
      }
    } catch {
      // Another process has moved it meanwhile.
      if error.errno == .noSuchFile { return false }
      throw error
    }
  }
}

extension FoundFile {
  /// Whether it is what an entry says, as far as that can be seen from outside.
  fileprivate func canBe(_ entry: Manifest.Entry) -> Bool {
    guard path.utf8.elementsEqual(entry.path.utf8) else { return false }
    switch (status.kind, entry.content) {
    case (.file, .file(let size, _)): return status.size == size
    case (.folder, .folder): return true
    case (.link, .link(let other)): return target.utf8.elementsEqual(other.utf8)
    default: return false
    }
  }
}
