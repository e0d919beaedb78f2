import FlowCommandLine
import FlowCore
import FlowSystem
import FlowText

/// What is different after a run, by a name that tells it from all others.
struct ProofDifference: Equatable {
  enum Subject: Hashable {
    /// Relative to the workflow's folder.
    case path(String)
    /// `STEP.NAME`.
    case output(String)
  }

  let subject: Subject
  let what: String
}

/// What counts of the difference between two runs.
struct ProofComparison {
  enum Scope: Equatable {
    /// The whole folder.
    case folder
    /// The files that steps declare.
    case declaredFiles
  }

  let scope: Scope
  /// Whether values of outputs may be shown.
  let showsValues: Bool
  /// What differs by itself.
  var known: Set<ProofDifference.Subject> = []

  /// The longest value that is shown, in bytes.
  private static let mostValueBytes = 40

  /// Undeclared files count where there is a step that does not say which it makes.
  static func scope(of definition: WorkflowDefinition, comparesAll: Bool) -> Scope {
    let commands = definition.steps.indices.filter { index in
      definition.isOwnStep(index) && definition.question(ofStep: index) == nil
    }.flatMap { Array(definition.stepsPerItem(ofNode: $0)) }
    let areDeclared = commands.allSatisfy { !definition.extras(ofStep: $0).files.isEmpty }
    return comparesAll || !areDeclared ? .folder : .declaredFiles
  }

  /// - Parameters:
  ///   - folders: how the folders that they have left are different.
  ///   - published: the files that steps have declared, in both.
  func differences(
    _ folders: [FolderDifference], published: Set<String>,
    outputs old: [String: [UInt8]], _ new: [String: [UInt8]]
  ) -> [ProofDifference] {
    let files = folders.filter { counts($0.path, published) }.map {
      ProofDifference(subject: .path($0.path), what: "\($0)")
    }
    return (files + outputs(old, new)).filter { !known.contains($0.subject) }
  }

  private func counts(_ path: String, _ published: Set<String>) -> Bool {
    switch scope {
    case .folder: true
    case .declaredFiles:
      published.contains { declared in
        declared.utf8.elementsEqual(path.utf8) || path.utf8.starts(with: "\(declared)/".utf8)
          || declared.utf8.starts(with: "\(path)/".utf8)
      }
    }
  }

  private func outputs(
    _ old: [String: [UInt8]], _ new: [String: [UInt8]]
  ) -> [ProofDifference] {
    Set(old.keys).union(new.keys).sorted().compactMap { name in
      let what: String
      switch (old[name], new[name]) {
      case (let before?, let after?):
        if before == after { return nil }
        let values = [after, before].map(shown)
        if let value = values[0], let former = values[1] {
          what = "is \(value) instead of \(former)"
        } else if before.count != after.count {
          what = "has \(after.count) bytes instead of \(before.count)"
        } else {
          what = "has another value"
        }
      case (nil, _): what = "is there, and should not be"
      case (_, nil): what = "is missing"
      }
      return ProofDifference(subject: .output(name), what: "output \(name) \(what)")
    }
  }

  private func shown(_ value: [UInt8]) -> String? {
    guard showsValues, value.count <= Self.mostValueBytes,
      let text = String(validating: value, as: UTF8.self)
    else { return nil }
    return TerminalText.quoted(text)
  }
}
