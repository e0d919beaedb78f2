import FlowStorage

/// Looks at what a step has made, and makes it durable. It changes nothing.
struct Survey<Files: PublicationFiles> {
  enum Result {
    case manifest(Manifest)
    case refused([PublicationProblem])
  }

  private let disk: Disk<Files>
  private let tree: FileTree<Files>
  private let locator: Locator<Files>
  private let stage: String?

  init(in disk: Disk<Files>, _ locator: Locator<Files>, stage: String?) {
    self.disk = disk
    self.locator = locator
    self.stage = stage
    tree = FileTree(disk: disk)
  }

  func take(of paths: [String]) throws(StorageError) -> Result {
    let declared = paths.map { DeclaredPath($0) }
    var problems = Self.problems(of: declared)
    if !problems.isEmpty { return .refused(problems) }
    var found: [FoundFile] = []
    for path in declared {
      do throws(StorageError) {
        let (files, reasons) = try find(path)
        found += files
        problems += reasons
      } catch {
        guard error.errno == .noSuchFile else { throw error }
        problems.append(PublicationProblem(path.text, .changed))
      }
    }
    if !problems.isEmpty { return .refused(problems) }
    var entries: [Manifest.Entry] = []
    for (file, entry) in zip(found, try tree.seal(found)) {
      if let entry {
        entries.append(entry)
      } else {
        problems.append(PublicationProblem(file.path, .changed))
      }
    }
    if !problems.isEmpty { return .refused(problems) }
    for folder in PathParts.bottomUp(found.flatMap { foldersAbove($0) }) {
      try disk.syncFolder(folder)
    }
    return .manifest(Manifest(of: entries, in: locator.root))
  }

  /// What can be said of the paths themselves.
  private static func problems(of declared: [DeclaredPath]) -> [PublicationProblem] {
    var problems: [PublicationProblem] = []
    for (index, path) in declared.enumerated() {
      if !path.isValid {
        problems.append(PublicationProblem(path.text, .invalid))
      } else if let other = declared.enumerated().first(where: { place, other in
        let isSame = path.path.utf8.elementsEqual(other.path.utf8)
        return place != index && PathParts.isWithin(other.path, path.path)
          && (!isSame || place < index)
      }) {
        problems.append(PublicationProblem(path.text, .overlaps(other.element.text)))
      }
    }
    return problems
  }

  // MARK: One declared path

  private func find(
    _ declared: DeclaredPath
  ) throws(StorageError) -> (files: [FoundFile], problems: [PublicationProblem]) {
    func problem(
      _ reason: PublicationProblem.Reason
    ) -> (files: [FoundFile], problems: [PublicationProblem]) {
      ([], [PublicationProblem(declared.text, reason)])
    }
    let place: Place
    switch try locator.place(of: declared.path) {
    case .problem(let reason): return problem(reason)
    case .place(let found): place = found
    }
    var source = place.path
    if let stage {
      if let reason = try problemAbove(declared, in: stage) { return problem(reason) }
      source = "\(stage)/\(declared.path)"
    }
    guard let kind = try disk.status(of: source)?.kind else {
      return problem(.missing(isStaged: stage != nil))
    }
    guard kind == (declared.isFolder ? .folder : .file) else {
      return problem(declared.isFolder ? .notFolder(kind) : .notFile(kind))
    }
    if stage != nil, let reason = try problemInPlace(declared, place) { return problem(reason) }
    let found = try tree.scan(source, as: declared.path)
    return (found, Self.problems(in: found, of: declared))
  }

  /// A file never takes the place of a folder, nor a folder that of a file.
  private func problemInPlace(
    _ declared: DeclaredPath, _ place: Place
  ) throws(StorageError) -> PublicationProblem.Reason? {
    guard let kind = try disk.status(of: place.path)?.kind else { return nil }
    if declared.isFolder {
      return kind == .folder || kind == .link ? nil : .placeIsNotFolder(kind)
    }
    return kind == .folder ? .placeIsFolder : nil
  }

  /// What leads to it in the stage could be a link that the step has made.
  private func problemAbove(
    _ declared: DeclaredPath, in stage: String
  ) throws(StorageError) -> PublicationProblem.Reason? {
    for parent in PathParts.parents(of: declared.path) {
      switch try disk.status(of: "\(stage)/\(parent)")?.kind {
      case .folder: break
      case nil: return .missing(isStaged: true)
      default: return .parentIsNotFolder(parent, isStaged: true)
      }
    }
    return nil
  }

  private static func problems(
    in found: [FoundFile], of declared: DeclaredPath
  ) -> [PublicationProblem] {
    let links = Manifest(
      of: found.filter { $0.status.kind == .link }.map {
        Manifest.Entry(path: $0.path, content: .link(target: $0.target), mode: 0)
      }, in: "")
    return found.compactMap { file in
      switch file.status.kind {
      case .file, .folder: return nil
      case .pipe, .socket, .device:
        return PublicationProblem(file.path, .special(file.status.kind))
      case .link:
        guard links.leadsOut(link: file.path, to: file.target, of: declared.path) else {
          return nil
        }
        return PublicationProblem(
          file.path, .leadsOut(target: file.target, folder: declared.path))
      }
    }
  }

  /// The folders whose names lead to it, up to the step's folder: they must be durable as well.
  private func foldersAbove(_ file: FoundFile) -> [String] {
    // In a declared folder they are synced with it.
    guard let stage else {
      let inRoot = file.place.utf8.dropFirst(locator.root == "/" ? 0 : locator.root.utf8.count + 1)
      return [locator.root]
        + PathParts.parents(of: String(inRoot) ?? "").map { PathParts.joined(locator.root, $0) }
    }
    let above = PathName.parent(of: stage) ?? "/"
    return [stage, above, PathName.parent(of: above) ?? "/"]
      + PathParts.parents(of: file.path).map { "\(stage)/\($0)" }
  }
}
