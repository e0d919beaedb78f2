import FlowStorage

/// Moves what a manifest names from the stage into place.
///
/// Other publishers of the same manifest may be at work. A rename takes something from all others: what has
/// a name that only one of them uses is moved by that one, or not at all. Who finds a folder that another may
/// have exchanged gives it such a name before it looks what it is: a second exchange would bring back the
/// old. Where something is gone, this one looks again where it has got to.
final class Placement<Files: PublicationFiles> {
  enum Outcome {
    case placed(Place)
    /// It is neither staged nor in place.
    case gone
    case refused(PublicationProblem.Reason)
  }

  /// How often another publisher may come in between.
  private static var mostLooks: Int { 20 }

  private let disk: Disk<Files>
  private let tree: FileTree<Files>
  private let locator: Locator<Files>
  private let manifest: Manifest
  private let stage: String
  private let token: String
  private var names = 0
  /// What could not be removed that is not needed any more.
  private(set) var remains: StorageError?

  init(
    of manifest: Manifest, in disk: Disk<Files>, _ locator: Locator<Files>, stage: String,
    token: String
  ) {
    self.manifest = manifest
    self.disk = disk
    self.locator = locator
    self.stage = stage
    self.token = token
    tree = FileTree(disk: disk)
  }

  /// - Parameters:
  ///   - root: a declared path.
  ///   - isAgain: whether a publisher has been here before. Otherwise everything is in the stage.
  func place(_ root: Manifest.Entry, isAgain: Bool) throws(StorageError) -> Outcome {
    var looks = isAgain ? 1 : 0
    while true {
      let place: Place
      switch try locator.place(of: root.path) {
      case .problem(let reason): return .refused(reason)
      case .place(let found): place = found
      }
      do throws(StorageError) {
        let isPlaced =
          looks == 0
          ? try move(root, from: "\(stage)/\(root.path)", to: place)
          : try moveAgain(root, to: place)
        return isPlaced ? .placed(place) : .gone
      } catch {
        let isMeeting = [.noSuchFile, .fileExists, .directoryNotEmpty].contains(error.errno)
        guard isMeeting && looks < Self.mostLooks else { throw error }
        looks += 1
      }
    }
  }

  // MARK: Where it is

  private func moveAgain(_ root: Manifest.Entry, to place: Place) throws(StorageError) -> Bool {
    let staged = "\(stage)/\(root.path)"
    let source: String?
    if case .folder = root.content {
      // First: after an exchange, what has a name of a publisher is the old one.
      source = try isPlaced(root, at: place) ? nil : try find(root, staged, place)
    } else {
      source = try tree.matches(root, of: manifest, at: staged) ? staged : nil
    }
    guard let source else {
      guard try isPlaced(root, at: place) else { return false }
      try discardTemporaries(of: root, in: place.folder)
      return true
    }
    try discardTemporaries(of: root, in: place.folder, except: source)
    return try move(root, from: source, to: place)
  }

  /// Looks for a folder that is not in place, wherever another publisher may have left it.
  private func find(
    _ root: Manifest.Entry, _ staged: String, _ place: Place
  ) throws(StorageError) -> String? {
    var candidates = try temporaries(of: root, in: PathName.parent(of: staged) ?? "/")
    if try disk.status(of: staged) != nil { candidates.append(staged) }
    candidates += try temporaries(of: root, in: place.folder)
    for candidate in candidates {
      let own = try claim(candidate, for: root)
      if try tree.matches(root, of: manifest, at: own) { return own }
    }
    return nil
  }

  private func isPlaced(_ root: Manifest.Entry, at place: Place) throws(StorageError) -> Bool {
    try tree.matches(root, of: manifest, at: place.path)
  }

  // MARK: Moving

  /// - Returns: false if it has not the content that the manifest says.
  private func move(
    _ root: Manifest.Entry, from source: String, to place: Place
  ) throws(StorageError) -> Bool {
    for folder in place.missing { try makeFolder(folder) }
    do throws(StorageError) {
      try replace(place, root, by: source)
      return true
    } catch {
      guard error.errno == .otherFileSystem else { throw error }
    }
    let copy = temporary(of: root, in: place.folder)
    do throws(StorageError) {
      guard try self.copy(root, from: source, to: copy) else {
        discard(copy)
        return false
      }
      try replace(place, root, by: copy)
    } catch {
      discard(copy)
      throw error
    }
    if case .folder = root.content { discard(copy) }
    return true
  }

  private func makeFolder(_ path: String) throws(StorageError) {
    do throws(StorageError) { try disk.makeFolder(path) } catch {
      guard error.errno == .fileExists else { throw error }
    }
    try disk.syncFolder(PathName.parent(of: path) ?? "/")
  }

  /// Puts the new in the place of the old. The old of a folder has the name of the new afterwards.
  private func replace(
    _ place: Place, _ root: Manifest.Entry, by new: String
  ) throws(StorageError) {
    guard case .folder = root.content, try disk.status(of: place.path) != nil else {
      return try disk.rename(new, to: place.path, replacing: true)
    }
    do throws(StorageError) { return try disk.exchange(new, place.path) } catch {
      guard error.errno.isUnsupported else { throw error }
    }
    guard let device = try disk.status(of: new)?.stamp.device else {
      throw StorageError(.rename, new, .noSuchFile)
    }
    guard try disk.status(of: place.folder)?.stamp.device == device else {
      throw StorageError(.rename, new, .otherFileSystem)
    }
    // For a moment there is neither.
    let old = temporary(of: root, in: place.folder)
    try disk.rename(place.path, to: old, replacing: false)
    do throws(StorageError) { try disk.rename(new, to: place.path, replacing: true) } catch {
      // Another publisher has taken the new, and the old may be what it has put in place.
      try? disk.rename(old, to: place.path, replacing: false)
      throw error
    }
    discard(old)
  }

  private func copy(
    _ root: Manifest.Entry, from source: String, to copy: String
  ) throws(StorageError) -> Bool {
    let entries = [root] + manifest.entries(below: root.path)
    func paths(_ entry: Manifest.Entry) -> (from: String, to: String) {
      let below = String(entry.path.utf8.dropFirst(root.path.utf8.count)) ?? ""
      return (source + below, copy + below)
    }
    for entry in entries {
      let (from, to) = paths(entry)
      switch entry.content {
      case .file(_, let digest):
        guard try disk.copyFile(from, to: to) == digest else { return false }
        try disk.setMode(entry.mode, of: to)
        try syncCopy(to)
      case .folder: try disk.makeFolder(to)
      case .link(let target): try disk.makeLink(to, to: target)
      }
    }
    for entry in entries.reversed() where entry.content == .folder {
      let folder = paths(entry).to
      try disk.setMode(entry.mode, of: folder)
      try disk.syncFolder(folder)
    }
    return true
  }

  /// A copy whose sync has failed is made again, so it may wait for space.
  private func syncCopy(_ path: String) throws(StorageError) {
    do throws(StorageError) { try disk.syncFile(path) } catch {
      throw StorageError(.write, path, error.errno)
    }
  }

  private func discard(_ path: String) {
    do throws(StorageError) { try disk.removeTree(path) } catch { remains = error }
  }

  // MARK: Names of one publisher

  /// Those that another publisher has made are the same up to its token.
  private func prefix(for root: Manifest.Entry) -> String {
    let name = String(Checksum.of(Array(PathName.last(of: root.path).utf8)), radix: 16)
    return ".flow-publish-\(name)-"
  }

  private func temporary(of root: Manifest.Entry, in folder: String) -> String {
    names += 1
    return PathParts.joined(folder, "\(prefix(for: root))\(token)-\(names)")
  }

  private func temporaries(
    of root: Manifest.Entry, in folder: String
  ) throws(StorageError) -> [String] {
    let prefix = prefix(for: root)
    do throws(StorageError) {
      return try disk.names(in: folder).filter { $0.utf8.starts(with: prefix.utf8) }
        .map { PathParts.joined(folder, $0) }
    } catch {
      if error.errno == .noSuchFile { return [] }
      throw error
    }
  }

  /// Gives something a name that is only this publisher's.
  private func claim(_ path: String, for root: Manifest.Entry) throws(StorageError) -> String {
    let own = temporary(of: root, in: PathName.parent(of: path) ?? "/")
    try disk.rename(path, to: own, replacing: false)
    return own
  }

  /// Removes copies, and the old of an exchange, that a publisher has left behind.
  private func discardTemporaries(
    of root: Manifest.Entry, in folder: String, except source: String? = nil
  ) throws(StorageError) {
    for path in try temporaries(of: root, in: folder) {
      if let source, path.utf8.elementsEqual(source.utf8) { continue }
      // Not under its own name: it could be moved into place meanwhile.
      let own: String
      do throws(StorageError) { own = try claim(path, for: root) } catch {
        if error.errno == .noSuchFile { continue }
        throw error
      }
      discard(own)
    }
  }
}
