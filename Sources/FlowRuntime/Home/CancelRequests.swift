package import FlowCore
package import FlowStorage

/// Requests to cancel a run: files in a folder of the run, which any process can create, whether an
/// engine drives the run or not. The name is the whole request, `<id in hexadecimal>.cancel` or
/// `.force`, so a request is never half written. It is handled once the history holds its id.
package struct CancelRequests<Store: Storage> {
  private let path: String
  /// The folders above, whose entries a request depends on.
  private let parents: [String]
  private let storage: Store

  package init(_ folder: RunFolder, in storage: Store) {
    path = folder.requests
    parents = [folder.path, folder.home]
    self.storage = storage
  }

  /// Writes a request. It is durable when this returns. A second one with the same id changes
  /// nothing.
  package func file(_ request: CancelRequest) throws(RunError) {
    try makeFolder()
    let name = "\(path)/\(Self.name(of: request))"
    do throws(Errno) {
      let file = try storage.open(name, .create)
      try storage.close(file)
    } catch {
      if error != .fileExists { throw .storage(StorageError(.create, name, error)) }
    }
    // The process that created the run or the folder may have died before their names were durable.
    for folder in [path] + parents {
      try wrapping(.syncDirectory, folder) { () throws(Errno) in try storage.syncDirectory(folder) }
    }
  }

  /// Runs of earlier versions have no such folder.
  private func makeFolder() throws(RunError) {
    do throws(Errno) { try storage.makeDirectory(path) } catch {
      if error != .fileExists { throw .storage(StorageError(.makeDirectory, path, error)) }
    }
  }

  /// All requests, ordered by id, those with force last: after a forced stop, one with grace would
  /// ask for nothing.
  package func all() throws(RunError) -> [CancelRequest] {
    let names: [String]
    do throws(Errno) { names = try storage.entries(of: path) } catch {
      if error == .noSuchFile { return [] }
      throw .storage(StorageError(.list, path, error))
    }
    let requests = names.compactMap { Self.request(named: $0) }
    return requests.filter { !$0.force } + requests.filter(\.force)
  }

  private static func name(of request: CancelRequest) -> String {
    let digits = String(request.id, radix: 16)
    let zeros = String(repeating: "0", count: 16 - digits.utf8.count)
    return "\(zeros)\(digits).\(request.force ? "force" : "cancel")"
  }

  /// Nil for names that `file` never makes: other files in the folder are ignored.
  private static func request(named name: String) -> CancelRequest? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let id = UInt64(parts[0], radix: 16) else { return nil }
    let request = CancelRequest(id: id, force: parts[1] == "force")
    return Self.name(of: request) == name ? request : nil
  }
}
