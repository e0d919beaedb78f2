package import FlowCore
package import FlowStorage

/// Requests to cancel a run, as files in a folder of the run: any process can leave one, whether an
/// engine lives or not. The name says all, `<id in hexadecimal>.cancel` or `.force`, so that a
/// request is there as a whole or not at all. A request is done with when the history holds its id.
package struct CancelRequests<Store: Storage> {
  private let path: String
  /// Those that hold the folder's name and, upwards, what a request cannot be without.
  private let parents: [String]
  private let storage: Store

  package init(_ folder: RunFolder, in storage: Store) {
    path = folder.requests
    parents = [folder.path, folder.home]
    self.storage = storage
  }

  /// Leaves a request. It is durable when this returns; one with the same id is there only once.
  package func file(_ request: CancelRequest) throws(RunError) {
    try makeFolder()
    let name = "\(path)/\(Self.name(of: request))"
    do throws(Errno) {
      let file = try storage.open(name, .create)
      try storage.close(file)
    } catch {
      if error != .fileExists { throw .storage(StorageError(.create, name, error)) }
    }
    // Whoever made the run or the folder may have died before their names were durable.
    for folder in [path] + parents {
      try wrapping(.syncDirectory, folder) { () throws(Errno) in try storage.syncDirectory(folder) }
    }
  }

  /// A run of an earlier version has no such folder.
  private func makeFolder() throws(RunError) {
    do throws(Errno) { try storage.makeDirectory(path) } catch {
      if error != .fileExists { throw .storage(StorageError(.makeDirectory, path, error)) }
    }
  }

  /// All requests that were left, in the order of their ids, those with force last: a stop with
  /// grace that comes along with one without is no news.
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

  /// Nil for names that no `file` gives: what else lies in the folder is left alone.
  private static func request(named name: String) -> CancelRequest? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let id = UInt64(parts[0], radix: 16) else { return nil }
    let request = CancelRequest(id: id, force: parts[1] == "force")
    return Self.name(of: request) == name ? request : nil
  }
}
