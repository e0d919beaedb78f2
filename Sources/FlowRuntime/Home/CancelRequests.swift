package import FlowCore
package import FlowStorage

/// Requests to cancel a run: files in a folder of the run, which any process can create, whether an
/// engine drives the run or not. The name is the whole request, `<id in hexadecimal>.cancel` or
/// `.force`, so a request is never half written. It is handled once the history holds its id.
package struct CancelRequests<Store: Storage> {
  private let folder: Folder<Store>
  /// The folders above, whose entries a request depends on.
  private let parents: [Folder<Store>]

  package init(_ run: RunFolder, in storage: Store) {
    folder = Folder(run.requests, in: storage)
    parents = [run.path, run.home].map { Folder($0, in: storage) }
  }

  /// Writes a request. It is durable when this returns. A second one with the same id changes
  /// nothing.
  package func file(_ request: CancelRequest) throws(RunError) {
    try wrapping { () throws(StorageError) in
      // Runs of earlier versions have no such folder.
      try folder.makeIfMissing()
      do throws(StorageError) {
        try folder.open(Self.name(of: request), .create).close()
      } catch {
        guard error.errno == .fileExists else { throw error }
      }
      // The process that created the run or the folder may have died before their names were durable.
      for folder in [folder] + parents { try folder.sync() }
    }
  }

  /// All requests, ordered by id, those with force last: after a forced stop, one with grace would
  /// ask for nothing.
  package func all() throws(RunError) -> [CancelRequest] {
    let names = try wrapping { () throws(StorageError) in try folder.namesIfPresent() }
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
