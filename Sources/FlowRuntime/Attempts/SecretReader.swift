package import FlowCore
package import FlowStorage
import FlowText

/// Reads the secrets of a workflow from where it says that they are.
package struct SecretReader {
  private let definition: WorkflowDefinition
  private let folder: String
  private let environment: () -> RunEnvironment
  private let file: (String, Int) -> Result<[UInt8], Errno>

  /// - Parameters:
  ///   - folder: that of the definition, where paths begin.
  ///   - environment: that of the caller.
  ///   - file: reads a file of at most so many bytes.
  package init(
    _ definition: WorkflowDefinition, in folder: String,
    environment: @escaping () -> RunEnvironment,
    file: @escaping (String, Int) -> Result<[UInt8], Errno>
  ) {
    self.definition = definition
    self.folder = folder
    self.environment = environment
    self.file = file
  }

  /// The value as steps get it.
  func value(of name: String) throws(LaunchFailure) -> [UInt8] {
    guard let secret = definition.secret(named: name) else {
      preconditionFailure("a step lists an unknown secret")
    }
    var bytes: [UInt8]
    switch secret.source {
    case .variable(let variable):
      guard let value = environment().value(of: variable) else {
        throw LaunchFailure(
          operation: .readSecret, errno: Errno.noSuchFile.rawValue, secret: name)
      }
      bytes = value
    case .file(let path):
      do throws(Errno) {
        bytes = try file(
          path.utf8.first == UInt8(ascii: "/") ? path : "\(folder)/\(path)",
          SecretLimit.mostBytes + 2
        ).get()
      } catch {
        throw LaunchFailure(operation: .readSecret, errno: error.rawValue, secret: name)
      }
      // Editors and `echo` end a file with a line feed, which no password has.
      if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    }
    if let fault = SecretFault(bytes) { throw Self.failure(fault, name) }
    return bytes
  }

  /// The name of a secret that the answer holds, as far as those can be had; nil if it holds none.
  package func secret(in answer: Answer) -> String? {
    let texts = [Array(answer.note.utf8)] + answer.values.map(\.bytes)
    return definition.secrets.first { secret in
      guard let value = try? value(of: secret.name) else { return false }
      return texts.contains { $0.firstRange(of: value) != nil }
    }?.name
  }

  /// - Throws: `.secrets` if values of parameters hold secrets, as far as those can be had: the history keeps
  ///   the values, and every display shows them.
  package func check(_ parameters: [ParameterValue]) throws(RunError) {
    if parameters.isEmpty { return }
    var problems: [String] = []
    for secret in definition.secrets {
      guard let value = try? value(of: secret.name) else { continue }
      for parameter in parameters
      where parameter.texts.contains(where: { RawText.bytes($0).firstRange(of: value) != nil }) {
        problems.append(
          "the parameter \(parameter.name) holds the secret \(secret.name), which the history would keep:"
            + " let the step list the secret instead")
      }
    }
    if !problems.isEmpty { throw .secrets(problems) }
  }

  static func failure(_ fault: SecretFault, _ name: String) -> LaunchFailure {
    LaunchFailure(
      operation: .useSecret, errno: Errno.invalidArgument.rawValue, secret: name, fault: fault)
  }

  /// What these steps would find of their secrets, in the order of the definition.
  ///
  /// - Parameter variablesOnly: whether to leave out those that come from files.
  package func find(_ steps: [Int], variablesOnly: Bool = false) -> [SecretFinding] {
    definition.secrets.compactMap { secret in
      let users = steps.filter { step in
        definition.settings(ofStep: step).secrets.contains {
          $0.name.utf8.elementsEqual(secret.name.utf8)
        }
      }
      if users.isEmpty { return nil }
      if variablesOnly, case .file = secret.source { return nil }
      var finding = SecretFinding(secret: secret, steps: users)
      do throws(LaunchFailure) { _ = try value(of: secret.name) } catch { finding.failure = error }
      return finding
    }
  }
}

/// What would be found of a secret, except its value.
package struct SecretFinding {
  package let secret: Secret
  /// Those that list it.
  package let steps: [Int]
  /// Why it cannot be had; nil if it can.
  package fileprivate(set) var failure: LaunchFailure?

  /// What is wrong with the variable or file, or with the value; nil if it can be had.
  package var problem: String? {
    guard let failure else { return nil }
    if let fault = failure.fault { return fault.text }
    switch secret.source {
    case .variable: return "is not set"
    case .file: return "cannot be read: \(Errno(rawValue: failure.errno))"
    }
  }

  /// Whether that is said of the value.
  package var hasFault: Bool { failure?.fault != nil }

  /// Whether no run begins like that. A file that is not there can come later.
  private var isRefused: Bool {
    guard let failure else { return false }
    if case .variable = secret.source { return true }
    return failure.fault != nil
  }

  /// - Throws: `.secrets` with all because of which no run begins.
  package static func check(_ findings: [SecretFinding]) throws(RunError) {
    let problems = findings.filter(\.isRefused).map { finding in
      let (name, problem) = (finding.secret.name, finding.problem ?? "")
      if !finding.hasFault, case .variable(let variable) = finding.secret.source {
        return "the secret \(name) comes from the variable \(variable), which \(problem)"
      }
      return "the secret \(name) \(problem)"
    }
    if !problems.isEmpty { throw .secrets(problems) }
  }
}
