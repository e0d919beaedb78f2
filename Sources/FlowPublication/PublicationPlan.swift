/// What a publication is told.
package struct PublicationPlan: Equatable, Sendable {
  /// The file that the manifest is written into. Its folder exists.
  package var manifest: String
  /// The step's working folder, in which the declared paths are.
  package var folder: String
  /// Where the step has made its files. Nil: they are where they must be, and nothing is moved.
  package var stage: String?
  /// As the step declares them: relative to its folder, with a slash at the end for a whole folder.
  package var paths: [String]
  /// Whether only a publication is completed that has its manifest.
  package var onlyCompletes: Bool
  /// What no other process has that publishes at the same time. It becomes a part of names.
  package var token: String

  package init(
    manifest: String, folder: String, stage: String?, paths: [String], onlyCompletes: Bool = false,
    token: String
  ) {
    self.manifest = manifest
    self.folder = folder
    self.stage = stage
    self.paths = paths
    self.onlyCompletes = onlyCompletes
    self.token = token
  }
}

/// How the process ends that publishes.
package enum PublicationExit: Int32, CaseIterable, Sendable {
  /// All is in place.
  case published = 0
  /// What the step has made is not what it declares. Nothing was touched.
  case refused = 1
  /// The system failed.
  case failed = 2
  /// There is no manifest to complete. Nothing was touched.
  case notBegun = 3
  /// What the manifest names is gone.
  case gone = 4
}
