import FlowCore
import FlowStorage
import FlowText

/// The words of a process that looks at the inputs of a step, and for a former result, and then becomes the
/// command: `flow launch-cached`, which no user calls.
package enum CachedCommand {
  package static let name = "launch-cached"
  package static let note = "note"
  package static let results = "results"
  package static let step = "step"
  package static let input = "input"
  package static let file = "file"
  package static let output = "output"
  package static let variable = "variable"
  package static let secret = "secret"
  package static let script = "script"
  package static let ignoreResults = "ignore-results"
  package static let allVariables = "all-variables"
  /// Of a process that publishes: the attempt whose result it keeps, and the folder of its outputs.
  package static let run = "run"
  package static let attempt = "attempt"
  package static let outputs = "outputs"
}

/// What the command of a step with `inputs` or `cache` is launched with.
struct CachedLaunch {
  let definition: WorkflowDefinition
  let step: Int
  let values: RunValues
  /// The file where the process writes down what it has found.
  let note: String
  /// The file of results.
  let results: String
  /// Whether the command runs, whatever that file has.
  let ignoresResults: Bool

  /// Nil for a step that reads nothing that it declares, and is not cached.
  init?(
    _ definition: WorkflowDefinition, step: Int, _ values: RunValues, note: String,
    in folder: RunFolder, ignoringResults ignoresResults: Bool
  ) {
    guard definition.caches(ofStep: step) || !definition.inputs(ofStep: step).isEmpty else {
      return nil
    }
    self.definition = definition
    self.step = step
    self.values = values
    self.note = note
    self.ignoresResults = ignoresResults
    results = folder.results
  }

  /// What counts of a step, besides its command and its variables.
  ///
  /// - Throws: if a value makes a path of it that is none.
  func arguments() throws(LaunchFailure) -> [String] {
    var arguments = ["--\(CachedCommand.note)", note]
    if definition.caches(ofStep: step) {
      arguments += ["--\(CachedCommand.results)", results]
      arguments += ["--\(CachedCommand.step)", "\(definition.name)/\(definition.steps[step].id)"]
      arguments += options(CachedCommand.file, try paths(definition.files(ofStep: step)))
    }
    return arguments + options(CachedCommand.input, try paths(definition.inputs(ofStep: step)))
  }

  /// - Parameter isScript: whether the command is a file that only this attempt has.
  func arguments(before command: [String], isScript: Bool) throws(LaunchFailure) -> [String] {
    var arguments = [LaunchPlan.thisProgram, CachedCommand.name] + (try self.arguments())
    if definition.caches(ofStep: step) {
      let settings = definition.settings(ofStep: step)
      arguments += options(
        CachedCommand.output,
        definition.outputs(ofStep: step).map { "\($0.name)=\($0.type)" })
      arguments += options(CachedCommand.secret, settings.secrets.map(\.name))
      if ignoresResults { arguments.append("--\(CachedCommand.ignoreResults)") }
      // Of a clean environment everything is declared.
      if definition.inheritance == .inherit {
        arguments += options(
          CachedCommand.variable, (definition.environment + settings.environment).map(\.name))
      } else {
        arguments += ["--\(CachedCommand.allVariables)"]
      }
    }
    return arguments + (isScript ? ["--\(CachedCommand.script)"] : []) + ["--"] + command
  }

  private func options(_ name: String, _ values: [String]) -> [String] {
    values.flatMap { ["--\(name)", $0] }
  }

  private func paths(_ templates: [String]) throws(LaunchFailure) -> [String] {
    let paths = templates.map(values.text)
    let areSound = paths.allSatisfy { StepFiles.fault(of: RawText.bytes($0)) == nil }
    if !areSound {
      throw LaunchFailure(operation: .useFiles, errno: Errno.invalidArgument.rawValue)
    }
    return paths
  }
}

extension LaunchRequest {
  /// The program and its arguments that the process runs in the end.
  package var commandArguments: ArraySlice<String> {
    guard arguments.dropFirst().first == CachedCommand.name else { return arguments[...] }
    let flags = [
      CachedCommand.script, CachedCommand.allVariables, CachedCommand.ignoreResults,
    ].map { "--\($0)" }
    var place = 2
    while place < arguments.count, arguments[place] != "--" {
      place += flags.contains(arguments[place]) ? 1 : 2
    }
    return arguments.dropFirst(place + 1)
  }
}
