import FlowStorage

/// Where a declared path is in the step's folder.
struct Place {
  /// Absolute; what leads to it is without links.
  let path: String
  /// Folders above it that must be made, the outermost first.
  let missing: [String]

  var folder: String { PathName.parent(of: path) ?? "/" }
}

/// Finds the places of declared paths, none of which is outside of the step's folder.
struct Locator<Files: PublicationFiles> {
  enum Found {
    case place(Place)
    case problem(PublicationProblem.Reason)
  }

  private let disk: Disk<Files>
  /// The step's folder, without links.
  let root: String

  init(_ folder: String, in disk: Disk<Files>) throws(StorageError) {
    self.disk = disk
    root = try disk.realPath(folder)
  }

  func place(of path: String) throws(StorageError) -> Found {
    let names = PathParts.names(of: path)
    var folder = root
    var missing: [String] = []
    for (name, parent) in zip(names, PathParts.parents(of: path)) {
      let next = PathParts.joined(folder, name)
      if missing.isEmpty {
        switch try disk.status(of: next)?.kind {
        case nil: missing.append(next)
        case .folder: break
        case .link:
          guard let real = try realFolder(next) else {
            return .problem(.parentIsNotFolder(parent, isStaged: false))
          }
          guard PathParts.isWithin(root, real) else { return .problem(.parentLeadsOut(parent)) }
          folder = real
          continue
        default: return .problem(.parentIsNotFolder(parent, isStaged: false))
        }
      } else {
        missing.append(next)
      }
      folder = next
    }
    return .place(
      Place(path: PathParts.joined(folder, names[names.count - 1]), missing: missing))
  }

  /// The folder that a link leads to; nil if it leads to none.
  private func realFolder(_ link: String) throws(StorageError) -> String? {
    do throws(StorageError) {
      let real = try disk.realPath(link)
      return try disk.status(of: real)?.kind == .folder ? real : nil
    } catch {
      guard [.noSuchFile, .tooManySymbolicLinks, .notDirectory].contains(error.errno) else {
        throw error
      }
      return nil
    }
  }
}
