import FlowCore
import FlowRuntime
import FlowStorage

/// A step gets the secrets that it lists, and no others. Once the end of an attempt is durable, its
/// output holds none, however it may be lost and found; or the history says that it may.
final class SecretChecker {
  private let run: SimulatedRun
  /// Attempts whose durable ends say that their output was scrubbed.
  private var scrubbed: [AttemptID] = []

  init(_ run: SimulatedRun) {
    self.run = run
  }

  private var definition: WorkflowDefinition { run.definition }

  /// - Parameter secrets: what an attempt of that step gets.
  func check(_ secrets: LaunchSecrets, ofStep step: Int32) throws(Violation) {
    let uses = definition.settings(ofStep: Int(step)).secrets
    let got = secrets.values.map { SecretUse(name: $0.name, form: $0.form) }
    guard Set(got) == Set(uses), got.count == uses.count else {
      throw Violation(
        .secret,
        "s\(step) gets \(got.map(\.name)), and lists \(uses.map(\.name))")
    }
    for value in secrets.values where value.bytes != SimulatedSecrets.value(of: value.name) {
      throw Violation(.secret, "s\(step) gets another value of \(value.name)")
    }
  }

  /// - Parameters:
  ///   - contents: what can be read of the output, and what a power loss would leave of it.
  ///   - hasFolder: whether the attempt's secrets are still in memory.
  func check(
    _ attempt: AttemptID, _ contents: [[UInt8]], hasFolder: Bool
  ) throws(Violation) {
    for secret in definition.secrets {
      for form in SimulatedSecrets.forms(of: secret.name)
      where contents.contains(where: { Self.contains($0, form) }) {
        throw Violation(
          .secret, "the output of \(attempt), whose end is durable, holds the secret \(secret.name)"
        )
      }
    }
    if hasFolder {
      throw Violation(
        .secret, "the secrets of \(attempt), whose end is durable, are left in memory")
    }
  }

  private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    guard bytes.count >= part.count else { return false }
    return (0...bytes.count - part.count).contains {
      bytes[$0..<$0 + part.count].elementsEqual(part)
    }
  }

  private func check(_ attempt: AttemptID, in world: World) throws(Violation) {
    let id = definition.steps[Int(attempt.step)].id
    let path = run.folder.output(ofStep: id, attempt: attempt.number)
    var contents: [[UInt8]] = []
    if let node = try? world.storage.find(path) {
      let file = world.storage.nodes[node].file
      contents = [file.bytes, file.durable]
    }
    try check(attempt, contents, hasFolder: world.hasSecretFolder(of: attempt))
  }
}

extension SecretChecker: Checker {
  func launches(_ request: LaunchRequest, in world: World) throws(Violation) {
    if world.run?.task(of: request).publishes == true {
      if request.secrets != LaunchSecrets() {
        throw Violation(.secret, "what publishes files of s\(request.attempt.step) gets secrets")
      }
      return
    }
    try check(request.secrets, ofStep: request.attempt.step)
  }

  func learned(_ event: Event, in world: World) throws(Violation) {
    guard case .attemptEnded(let attempt, let end) = event.body,
      !definition.settings(ofStep: Int(attempt.step)).secrets.isEmpty
    else { return }
    if !end.output.isUnscrubbed {
      scrubbed.append(attempt)
      return try check(attempt, in: world)
    }
    if !world.secrets.unscrubbed.contains(attempt) && end.unkillable == 0 {
      throw Violation(
        .secret, "\(attempt) counts as not scrubbed, and nothing kept that from being done")
    }
  }

  func creates(in world: World) throws(Violation) { scrubbed = [] }

  /// A power loss may have brought something back.
  func recovered(in world: World) throws(Violation) {
    for attempt in scrubbed { try check(attempt, in: world) }
  }

  func ended(_ events: [Event], _ state: RunState?, in world: World) throws(Violation) {
    for attempt in scrubbed { try check(attempt, in: world) }
  }
}
