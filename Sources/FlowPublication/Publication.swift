// FlowPublication puts the files that a step has made where they must be: all of them, whole, or none.
//
// A step makes its files in a folder of its own, the stage. When its command has succeeded, a process of its
// own publishes them: it looks whether everything is there, digests and syncs it, writes down what it has
// found (`Manifest`), and only then renames each path into place. Killed before the manifest is durable, it
// has touched nothing. Killed after that, it is done again from the manifest.
//
// The module knows file systems by `PublicationFiles`. It may import FlowStorage, and has no time, threads or
// randomness: who wants to wait for disk space calls again.
//
// Invariant: nothing outside of the stage changes before the manifest is durable, and what it names with it.
// Invariant: a path in place is the old or the new, whole, at every moment. (For a folder this needs a file
// system that can exchange two names; on others it is missing for a moment.)
// Invariant: publishers of the same manifest, one after another or at once, each killed at any moment, end
// with the same files in place.
// Invariant: no path leads out of the step's folder.

package import FlowStorage

/// Publishes the declared paths of a step.
package struct Publication<Files: PublicationFiles> {
  private let plan: PublicationPlan
  private let disk: Disk<Files>

  package init(_ plan: PublicationPlan, in files: Files) {
    self.plan = plan
    disk = Disk(files: files)
  }

  /// Publishes, or completes what another process has begun.
  ///
  /// After an error that waits for disk space (`PublicationError.waitsForSpace`) another publication may try
  /// again in the same process, with another token.
  ///
  /// - Returns: what could not be removed that is not needed any more; nil if that is nothing.
  package func perform() throws(PublicationError) -> StorageError? {
    if let manifest = try recorded() { return try complete(manifest) }
    if plan.onlyCompletes { throw .notBegun }
    let locator = try storing { () throws(StorageError) in try Locator(plan.folder, in: disk) }
    let manifest: Manifest
    do throws(PublicationError) { manifest = try survey(locator) } catch {
      // What is not in the stage may have been moved by another publisher.
      guard let manifest = try recorded() else { throw error }
      return try complete(manifest)
    }
    if try record(manifest) { return try finish(manifest, locator, isAgain: false) }
    guard let manifest = try recorded() else {
      throw .storage(StorageError(.rename, plan.manifest, .fileExists))
    }
    return try complete(manifest)
  }

  private func survey(_ locator: Locator<Files>) throws(PublicationError) -> Manifest {
    let survey = Survey(in: disk, locator, stage: plan.stage)
    switch try storing({ () throws(StorageError) in try survey.take(of: plan.paths) }) {
    case .manifest(let manifest): return manifest
    case .refused(let problems): throw .refused(problems)
    }
  }

  // MARK: The manifest

  /// The manifest that a publisher has written; nil if there is none.
  private func recorded() throws(PublicationError) -> Manifest? {
    let bytes: [UInt8]
    do throws(StorageError) { bytes = try disk.read(plan.manifest) } catch {
      if error.errno == .noSuchFile { return nil }
      throw .storage(error)
    }
    do throws(Manifest.DecodingError) { return try Manifest.decode(bytes) } catch {
      throw .manifest(error, path: plan.manifest)
    }
  }

  /// Makes the manifest durable. From now on the publication must be completed.
  ///
  /// - Returns: false if another publisher has written one.
  private func record(_ manifest: Manifest) throws(PublicationError) -> Bool {
    let new = "\(plan.manifest).\(plan.token)"
    let bytes = manifest.encoded()
    disk.files.mayBeStopped(false)
    do throws(StorageError) {
      try disk.makeFile(new, bytes)
      do throws(StorageError) { try disk.syncFile(new) } catch {
        // It is written again, so it may wait for space.
        throw StorageError(.write, new, error.errno)
      }
      try disk.rename(new, to: plan.manifest, replacing: false)
    } catch {
      try? disk.removeFile(new)
      if error.operation == .rename && error.errno == .fileExists { return false }
      disk.files.mayBeStopped(true)
      throw .storage(error)
    }
    try storing { () throws(StorageError) in try syncNameOfManifest() }
    return true
  }

  private func syncNameOfManifest() throws(StorageError) {
    try disk.syncFolder(PathName.parent(of: plan.manifest) ?? "/")
  }

  // MARK: Moving into place

  private func complete(_ manifest: Manifest) throws(PublicationError) -> StorageError? {
    disk.files.mayBeStopped(false)
    let locator = try storing { () throws(StorageError) in
      // Its writer may have been killed before that.
      try syncNameOfManifest()
      return try Locator(plan.folder, in: disk)
    }
    return try finish(manifest, locator, isAgain: true)
  }

  private func finish(
    _ manifest: Manifest, _ locator: Locator<Files>, isAgain: Bool
  ) throws(PublicationError) -> StorageError? {
    guard let stage = plan.stage else {
      if isAgain { try check(manifest, locator) }
      return nil
    }
    let placement = Placement(
      of: manifest, in: disk, locator, stage: stage, token: plan.token)
    var folders: [String] = []
    var gone: [String] = []
    var problems: [PublicationProblem] = []
    for root in manifest.roots {
      let outcome = try storing { () throws(StorageError) in
        try placement.place(root, isAgain: isAgain)
      }
      switch outcome {
      case .placed(let place): folders.append(place.folder)
      case .gone: gone.append(root.path)
      case .refused(let reason): problems.append(PublicationProblem(root.path, reason))
      }
    }
    try storing { () throws(StorageError) in
      for folder in PathParts.bottomUp(folders) { try disk.syncFolder(folder) }
    }
    if !problems.isEmpty { throw .refused(problems) }
    if !gone.isEmpty { throw .gone(gone) }
    return remove(stage) ?? placement.remains
  }

  /// Whether the files of a step that has made them in place are still those of the manifest.
  private func check(
    _ manifest: Manifest, _ locator: Locator<Files>
  ) throws(PublicationError) {
    let tree = FileTree(disk: disk)
    let gone = try storing { () throws(StorageError) in
      var gone: [String] = []
      for root in manifest.roots {
        guard case .place(let place) = try locator.place(of: root.path),
          try tree.matches(root, of: manifest, at: place.path)
        else {
          gone.append(root.path)
          continue
        }
      }
      return gone
    }
    if !gone.isEmpty { throw .gone(gone) }
  }

  private func remove(_ stage: String) -> StorageError? {
    do throws(StorageError) { try disk.removeTree(stage) } catch { return error }
    if let stages = PathName.parent(of: stage), PathName.last(of: stages) == Stage.folder {
      // Other steps may have theirs in it.
      try? disk.removeFolder(stages)
    }
    return nil
  }

  private func storing<Value>(
    _ body: () throws(StorageError) -> Value
  ) throws(PublicationError) -> Value {
    do throws(StorageError) { return try body() } catch { throw .storage(error) }
  }
}
