package import FlowStorage

/// Why files were not published.
package enum PublicationError: Error, Equatable, Sendable {
  /// What the step has made is not what it declares.
  case refused([PublicationProblem])
  /// There is no manifest, and only a publication that has one was to be completed.
  case notBegun
  /// What the manifest names is neither staged nor in place: these paths.
  case gone([String])
  case storage(StorageError)
  case manifest(Manifest.DecodingError, path: String)
}

extension PublicationError {
  package var exit: PublicationExit {
    switch self {
    case .refused: .refused
    case .notBegun: .notBegun
    case .gone: .gone
    case .storage, .manifest: .failed
    }
  }

  /// Whether the same publication can succeed later, once there is disk space.
  ///
  /// Not if the sync of a file of the step has failed: the file may have lost what it was given.
  package var waitsForSpace: Bool {
    guard case .storage(let error) = self else { return false }
    return error.errno.isOutOfSpace && error.operation != .sync
  }

  /// Each is a line for people; texts of the step are as they are.
  package var messages: [String] {
    switch self {
    case .refused(let problems): problems.map(\.description)
    case .notBegun: ["there is no manifest to complete"]
    case .gone(let paths): paths.map { "\($0) is gone: neither staged nor in place" }
    case .storage(let error): [error.description]
    case .manifest(.damaged, let path): ["the manifest \(path) is damaged"]
    case .manifest(.newer, let path):
      ["the manifest \(path) was written by a newer flow; upgrade to complete it"]
    }
  }
}

/// What keeps a declared path from being published.
package struct PublicationProblem: Hashable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// It is not there, in the stage or in the folder.
    case missing(isStaged: Bool)
    /// It is of another kind than the step declares.
    case notFile(FileStatus.Kind)
    case notFolder(FileStatus.Kind)
    /// In a declared folder: neither file, folder nor link.
    case special(FileStatus.Kind)
    /// In a declared folder: a link out of it.
    case leadsOut(target: String, folder: String)
    case changed
    /// A part of the path names no folder, in the stage or in the folder of the step.
    case parentIsNotFolder(String, isStaged: Bool)
    /// A part of the path is a link out of the step's folder.
    case parentLeadsOut(String)
    /// Where it must go is something else.
    case placeIsFolder
    case placeIsNotFolder(FileStatus.Kind)
    /// No path that can be declared.
    case invalid
    /// It is in another declared path.
    case overlaps(String)
  }

  package let path: String
  package let reason: Reason

  package init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }
}

extension PublicationProblem: CustomStringConvertible {
  package var description: String {
    switch reason {
    case .missing(isStaged: true):
      "\(path) was not made in $FLOW_STAGE: the step declares it in `files`"
    case .missing(isStaged: false): "\(path) was not made: the step declares it in `files`"
    case .notFile(.link): "\(path) is a symbolic link: a declared file must be a file itself"
    case .notFile(.folder): "\(path) is a folder: the step declares a file (\(path)/ is a folder)"
    case .notFile(let kind): "\(path) is \(kind.words): the step declares a file"
    case .notFolder(let kind): "\(path) is \(kind.words): the step declares a folder"
    case .special(let kind):
      "\(path) is \(kind.words): a published folder holds only files, folders and links"
    case .leadsOut(let target, let folder):
      "\(path) links to \(target), which is outside of \(folder)/: a published folder is moved as a"
        + " whole, so its links must stay in it"
    case .changed:
      "\(path) changed while it was read: a process that the step has left behind still writes to it"
    case .parentIsNotFolder(let parent, let isStaged):
      "\(path) cannot be published: \(parent) is not a folder\(isStaged ? " in $FLOW_STAGE" : "")"
    case .parentLeadsOut(let parent):
      "\(path) cannot be published: \(parent) links to a place outside of the step's folder"
    case .placeIsFolder: "\(path) cannot be published: a folder is in its place"
    case .placeIsNotFolder(let kind):
      "\(path) cannot be published: \(kind.words) is in its place, and the step declares a folder"
    case .invalid: "\(path) cannot be published: it is not a path within the step's folder"
    case .overlaps(let other): "\(path) is declared twice: it is in \(other), too"
    }
  }
}

extension FileStatus.Kind {
  fileprivate var words: String {
    switch self {
    case .file: "a file"
    case .folder: "a folder"
    case .link: "a symbolic link"
    case .pipe: "a named pipe"
    case .socket: "a socket"
    case .device: "a device"
    }
  }
}
