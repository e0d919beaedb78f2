package import FlowCore
import FlowStorage

/// The secrets of an attempt, with their values. They are in memory only: in no event, record, message
/// or name.
package struct LaunchSecrets: Equatable, Sendable {
  package struct Value: Equatable, Sendable {
    package let name: String
    package let form: SecretForm
    package let bytes: [UInt8]

    package init(name: String, form: SecretForm, bytes: [UInt8]) {
      self.name = name
      self.form = form
      self.bytes = bytes
    }
  }

  /// Those wanted as files come first.
  package var values: [Value] = []
  /// Why the first that cannot be had cannot be had.
  package var failure: LaunchFailure?
  /// Where their files are; nil if none is wanted.
  package var folder: String?
  /// The names of those, whether or not they can be had.
  package var fileNames: [String] = []

  package init() {}

  package var isEmpty: Bool { values.isEmpty && failure == nil }
  package var files: ArraySlice<Value> { values.prefix { $0.form == .file } }
}

/// Where the values of a run's secrets come from. They are read anew for each attempt.
struct SecretSources<World: Environment> {
  private let world: World
  private let created: RunCreated
  private var definition: WorkflowDefinition
  private let reader: SecretReader
  private let folder: RunFolder

  /// All values of an attempt together, since a request has a limit.
  private static var mostBytes: Int { 1 << 20 }

  init(
    _ world: World, _ created: RunCreated, _ definition: WorkflowDefinition, in folder: RunFolder
  ) {
    self.world = world
    self.created = created
    self.definition = definition
    self.folder = folder
    reader = SecretReader(
      definition, in: created.definitionFolder, environment: { world.callerEnvironment },
      file: { path, limit in
        Result { () throws(Errno) in try world.readSecret(at: path, limit: limit) }
      })
  }

  /// The run has made children.
  mutating func update(_ definition: WorkflowDefinition) {
    if self.definition.steps.count != definition.steps.count { self.definition = definition }
  }

  func secrets(for attempt: AttemptID) -> LaunchSecrets {
    let uses = definition.settings(ofStep: Int(attempt.step)).secrets
    var secrets = LaunchSecrets()
    if uses.isEmpty { return secrets }
    var total = 0
    for use in uses.filter({ $0.form == .file }) + uses.filter({ $0.form != .file }) {
      do throws(LaunchFailure) {
        let bytes = try reader.value(of: use.name)
        total += bytes.count
        if total > Self.mostBytes { throw SecretReader.failure(.tooLong, use.name) }
        secrets.values.append(.init(name: use.name, form: use.form, bytes: bytes))
      } catch {
        if secrets.failure == nil { secrets.failure = error }
      }
    }
    secrets.fileNames = uses.filter { $0.form == .file }.map(\.name)
    if let first = secrets.fileNames.first {
      if let memory = world.memoryFolder {
        secrets.folder = "\(memory)/\(name(ofFolderFor: attempt))"
      } else if secrets.failure == nil {
        secrets.failure = LaunchFailure(
          operation: .makeSecret, errno: Errno.noSuchFile.rawValue, secret: first)
      }
    }
    return secrets
  }

  /// Whether the answer holds one of them, which the history would keep.
  func hold(_ answer: Answer) -> Bool { reader.secret(in: answer) != nil }

  /// No other attempt of any run on this machine has this name.
  private func name(ofFolderFor attempt: AttemptID) -> String {
    let mark = SplitMix64.hash(Array(folder.path.utf8).map(UInt64.init))
    return "flow-\(String(mark, radix: 16))-\(attempt.step).\(attempt.number)"
  }

  /// Checks the secrets of these steps before anything is done.
  ///
  /// - Parameter isNew: whether files count, too: those of a run that exists may be mended while it
  ///   waits for them.
  /// - Throws: `.secrets` with all that cannot be used. A file that is not there can come later.
  func check(_ steps: [Int], isNew: Bool) throws(RunError) {
    let findings = reader.find(steps, variablesOnly: !isNew)
    try SecretFinding.check(findings)
    if isNew { try reader.check(created.parameters) }
  }
}
