import FlowCore

/// Where steps of a run have worked, each folder once: what is there must be synced.
struct WorkFolders: Sendable {
  private(set) var all: [String]
  private var known: Set<String>

  init(run folder: RunFolder) {
    all = [folder.path]
    known = [folder.path]
  }

  mutating func add(_ folder: String) {
    if known.insert(folder).inserted { all.append(folder) }
  }
}
