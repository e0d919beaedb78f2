import FlowCore
package import FlowPublication
package import FlowStorage

/// A file that a step reads.
package struct InputFile: Equatable, Sendable {
  /// Relative to the step's folder.
  package let path: String
  package let isExecutable: Bool
  package let digest: Digest
  /// By which it is seen that it was changed and changed back; nil where it is not known any more.
  package var stamp: FileStatus.Stamp?

  package init(
    path: String, isExecutable: Bool, digest: Digest, stamp: FileStatus.Stamp? = nil
  ) {
    self.path = path
    self.isExecutable = isExecutable
    self.digest = digest
    self.stamp = stamp
  }

  /// Whether they have the same content, whatever their stamps are.
  package static func == (left: Self, right: Self) -> Bool {
    left.path.utf8.elementsEqual(right.path.utf8) && left.isExecutable == right.isExecutable
      && left.digest == right.digest
  }
}

/// Why an input cannot be used.
package struct InputFault: Equatable, Sendable, CustomStringConvertible {
  package enum Reason: Equatable, Sendable {
    case missing
    case notFile
    case notFolder
    /// A link to something outside of the step's folder.
    case leadsOut
    case unreadable(Errno)
    /// It changes all the time.
    case changes
  }

  package let path: String
  package let reason: Reason

  package var description: String {
    switch reason {
    case .missing: "the input \(path) is missing"
    case .notFile: "the input \(path) is neither a file nor a folder"
    case .notFolder: "the input \(path) is not a folder"
    case .leadsOut: "the input \(path) is a link that leads out of the folder of the step"
    case .unreadable(let errno): "the input \(path) cannot be read: \(errno)"
    case .changes: "the input \(path) changed while it was read"
    }
  }
}

/// Finds and digests what a step declares that it reads. It changes nothing.
///
/// Links are followed within the step's folder. What the step makes itself is no input.
struct InputSurvey<Files: PublicationFiles> {
  enum Result {
    /// In ascending order of their paths, each once.
    case inputs([InputFile])
    case fault(InputFault)
  }

  /// How often a file is digested anew that has changed meanwhile.
  private static var mostTries: Int { 3 }

  private let disk: Disk<Files>
  private let step: CachedStep

  init(in disk: Disk<Files>, of step: CachedStep) {
    self.disk = disk
    self.step = step
  }

  /// - Throws: if the step's folder itself cannot be read.
  func take() throws(StorageError) -> Result {
    if step.inputs.isEmpty { return .inputs([]) }
    var walk = Walk(root: try disk.realPath(step.folder), disk: disk, made: step.files)
    do throws(Fault) {
      for input in step.inputs { try walk.take(input) }
      var inputs: [InputFile] = []
      for (path, place) in walk.sorted { inputs.append(try digest(path, at: place)) }
      return .inputs(inputs)
    } catch {
      return .fault(error.fault)
    }
  }

  private func digest(_ path: String, at place: String) throws(Fault) -> InputFile {
    for _ in 0..<Self.mostTries {
      let file = try reading(path) { () throws(StorageError) -> InputFile? in
        guard let before = try disk.status(of: place) else {
          throw StorageError(.inspect, place, .noSuchFile)
        }
        let digest = try disk.digest(ofFile: place)
        guard try disk.status(of: place) == before else { return nil }
        return InputFile(
          path: path, isExecutable: before.mode & 0o111 != 0, digest: digest,
          stamp: before.stamp)
      }
      if let file { return file }
    }
    throw Fault(path, .changes)
  }
}

private struct Fault: Error {
  let fault: InputFault

  init(_ path: String, _ reason: InputFault.Reason) {
    fault = InputFault(path: path, reason: reason)
  }

  init(_ path: String, _ error: StorageError) {
    self.init(path, error.errno == .noSuchFile ? .missing : .unreadable(error.errno))
  }
}

private func reading<Value>(
  _ path: String, _ body: () throws(StorageError) -> Value
) throws(Fault) -> Value {
  do throws(StorageError) { return try body() } catch { throw Fault(path, error) }
}

/// Goes through the step's folder.
private struct Walk<Files: PublicationFiles> {
  /// Without links.
  let root: String
  let disk: Disk<Files>
  /// What the step makes.
  let made: [String]
  /// By the path, where the file is.
  private var places: [[UInt8]: (path: String, place: String)] = [:]

  init(root: String, disk: Disk<Files>, made: [String]) {
    self.root = root
    self.disk = disk
    self.made = made
  }

  var sorted: [(String, String)] {
    places.values.map { ($0.path, $0.place) }.sorted {
      $0.0.utf8.lexicographicallyPrecedes($1.0.utf8)
    }
  }

  mutating func take(_ input: String) throws(Fault) {
    let isFolder = StepFiles.isFolder(input)
    let path = isFolder ? String(input.utf8.dropLast()) ?? "" : input
    if StepInputs.isPattern(path) {
      return try match(path, in: "", root, within: [root], takesFolders: isFolder)
    }
    guard let found = try look(at: path, PathParts.joined(root, path)) else {
      throw Fault(input, .missing)
    }
    switch found {
    case .folder(let place): try takeAll(in: path, place, within: [root, place])
    case .file(let place):
      if isFolder { throw Fault(input, .notFolder) }
      add(path, place)
    case .other: throw Fault(input, .notFile)
    }
  }

  private enum Found {
    case file(String)
    case folder(String)
    case other
  }

  private mutating func add(_ path: String, _ place: String) {
    let isOwn = made.contains { file in
      StepFiles.isFolder(file)
        ? path.utf8.starts(with: file.utf8) : path.utf8.elementsEqual(file.utf8)
    }
    if !isOwn { places[Array(path.utf8)] = (path, place) }
  }

  /// What is at a path, with links followed.
  private func look(at path: String, _ place: String) throws(Fault) -> Found? {
    let found = try reading(path) { () throws(StorageError) -> (String, FileStatus.Kind?)? in
      guard let status = try disk.status(of: place) else { return nil }
      do throws(StorageError) {
        let real = try disk.realPath(place)
        return (real, status.kind == .link ? try disk.status(of: real)?.kind : status.kind)
      } catch {
        // It leads to nothing.
        if [.noSuchFile, .tooManySymbolicLinks].contains(error.errno) { return nil }
        throw error
      }
    }
    guard let (real, kind) = found else { return nil }
    guard PathParts.isWithin(root, real) else { throw Fault(path, .leadsOut) }
    switch kind {
    case .file: return .file(real)
    case .folder: return .folder(real)
    default: return .other
    }
  }

  private func names(in folder: String, _ path: String) throws(Fault) -> [String] {
    try reading(path) { () throws(StorageError) in
      let names = try disk.names(in: folder)
      return folder == root ? names.filter { $0 != Stage.folder } : names
    }
  }

  /// All files of a folder. What is neither file nor folder, or leads to nothing, has no content.
  ///
  /// - Parameter within: the folders above it, so that a link to one of them does not lead around for ever.
  private mutating func takeAll(
    in path: String, _ folder: String, within: [String]
  ) throws(Fault) {
    for name in try names(in: folder, path) {
      let (child, place) = ("\(path)/\(name)", PathParts.joined(folder, name))
      switch try look(at: child, place) {
      case .file(let place): add(child, place)
      case .folder(let place) where !within.contains(place):
        try takeAll(in: child, place, within: within + [place])
      case .folder, .other, nil: break
      }
    }
  }

  private mutating func match(
    _ pattern: String, in path: String, _ folder: String, within: [String], takesFolders: Bool
  ) throws(Fault) {
    for name in try names(in: folder, path) {
      let (child, place) = (
        path.isEmpty ? name : "\(path)/\(name)", PathParts.joined(folder, name)
      )
      let matches = StepInputs.matches(pattern, child)
      let canMatchWithin = StepInputs.canMatch(pattern, in: child)
      guard matches || canMatchWithin else { continue }
      switch try look(at: child, place) {
      case .file(let place): if matches && !takesFolders { add(child, place) }
      case .folder(let place) where !within.contains(place):
        if matches, takesFolders {
          try takeAll(in: child, place, within: within + [place])
        } else if canMatchWithin {
          try match(
            pattern, in: child, place, within: within + [place], takesFolders: takesFolders)
        }
      case .folder, .other, nil: break
      }
    }
  }
}
