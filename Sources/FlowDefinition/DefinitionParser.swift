// FlowDefinition reads the files that people write: definitions of workflows, and models of how their steps
// behave (for flowsim). What a key is called and takes is in the tables of keys of FlowCore.
//
// It imports FlowCore, for what it produces, FlowText, for messages, and libyaml. It opens no file.
//
// Invariant: all errors of a file are reported at once, each with its location and what is expected there.
// Invariant: a definition that is accepted can be encoded, decoded and run: ids are unique, needs exist,
// and no step depends on itself.
// Invariant: the time and memory for a file, hostile or not, are bounded by its size.

package import FlowCore

/// Reads definition files.
///
/// A file is JSON or YAML in UTF-8 (`DefinitionSpelling`); repeated and unknown keys are not allowed.
/// JSON may have comments (`// …`, `/* … */`), a comma after the last element and a byte order mark.
/// In YAML the key decides what a scalar is (`YAMLScanner`).
///
///     {
///       "name": "nightly",                 // required: 1 to 200 characters
///       "description": "every night",      // for people
///       "jobs": 8,                         // attempts at once, 1 to 4096; default: the processors
///       "env": {"LANG": "C"},              // for every step
///       "environment": "clean",            // default: inherit, everything of the caller's
///       "passEnv": ["SSH_AUTH_SOCK"],      // of the caller's, besides
///       "envFiles": ["prod.env", {"path": "local.env", "optional": true}],
///       "secrets": {"PW": {"file": "/run/secrets/pw"}, "KEY": {"env": "DEPLOY_KEY"}},
///       "timeout": "2h",                   // for the whole run
///       "failFast": false,                 // true: a step that failed for good stops the others
///       "defaults": {"retry": {…}},        // any key of a step except id, run and needs
///       "steps": [                         // required: at least one
///         {
///           "id": "build",                 // required: [A-Za-z0-9][A-Za-z0-9._-]{0,63}, unique
///           "run": "make",                 // required: a line for the shell, or ["make", "all"]
///           // Or instead of "run": another file, whose steps stand here as "build/…".
///           // "call": "build.yaml", "with": {"since": "${params.since}"},
///           // Or a question to a person, whose fields are the step's outputs:
///           // "ask": {"text": "Release?", "timeout": "24h", "otherwise": "reject", "fields": {"tag": "string"}},
///           "needs": ["fetch"],            // ids of steps that must be done before, or of another end:
///           // {"step": "fetch", "when": "failed"}, or "succeeded", "settled"; default: done
///           "when": "params.full",         // a condition: if it is false, the step is skipped
///           "env": {"CC": "clang"},
///           "cwd": "src",                  // default: the folder of the file
///           "timeout": "10m",              // for one attempt; default: none
///           "killGrace": "10s",
///           "retry": {
///             "maxAttempts": 3,            // 1 to 1000000; default 1
///             "initialDelay": "1s",
///             "multiplier": 2,             // 1 to 1000, at most three decimal places
///             "maxDelay": "5m",
///             "jitter": "equal",           // or "full", "none"
///             "on": ["exit", "timeout"],   // of exit, signal, timeout, launch, output; default: all
///             "exitCodes": [75]            // 1 to 255: only these count as "exit"; default: all
///           },
///           "allowFailure": false,
///           "onLost": "rerun",             // or "fail", or "probe" with a probe
///           "probe": ["test", "-e", "out"],
///           "stragglers": "kill",          // or "keep"
///           "shell": "bash",               // for a "run" that is a line: "sh", or ["python3", "-c"]
///           "stopSignal": "INT",           // default: TERM
///           "outputs": {"version": "string"},  // files of $FLOW_OUTPUTS
///           "files": ["out/a.csv", "site/"],   // files of $FLOW_STAGE
///           "publish": "stage",            // or "inPlace"
///           "inputs": ["src/**/*.c"],      // files, folders and patterns
///           "cache": true,                 // default: false
///           "secrets": ["PW"],             // or {"PW": "file"} for the path of a file
///           "maxOutput": "1GiB"            // 4096 bytes to 1024TiB; also kB, MB, GB, TB, or a number
///         }
///       ]
///     }
///
/// Durations are a whole number and a unit (`ms`, `s`, `m`, `h`), at most ten years; a timeout is
/// above zero. `steps`, `exitCodes`, `on` and commands are not empty. A step's `env` and `retry`
/// are merged with those of `defaults` key by key; every other key of a step replaces the default.
/// A step with `onLost: probe` has a probe of its own or by default; a default probe is dropped for
/// other steps.
package enum DefinitionParser {
  /// Files must be smaller than this, in bytes: offsets are kept in 32 bits.
  private static let sizeLimit = Int(UInt32.max)

  /// Reads a definition, and those that it calls. It takes time linear in the files' length, besides
  /// sorting.
  /// - Parameters:
  ///   - file: the name of the file in messages.
  ///   - spelling: nil for what the name and the text say.
  ///   - standard: the settings of a step that gives none.
  ///   - files: those that it can call.
  ///   - patterns: who matches defaults of parameters; nil if none is matched.
  ///   - place: where the file is; nil if it can call none.
  /// - Throws: all errors. Nothing after a syntax error is checked.
  package static func parse(
    _ bytes: [UInt8], file: String, as spelling: DefinitionSpelling? = nil,
    standard: StepSettings = StepSettings(), calling files: any CalledFiles = NoCalledFiles(),
    matching patterns: (any PatternMatching)? = nil, from place: DefinitionPlace? = nil
  ) throws(DefinitionErrors) -> WorkflowDefinition {
    let place = place ?? DefinitionPlace(name: file, path: "", folder: "")
    var resolver = CallResolver(files, matching: patterns, from: place, standard)
    return try resolver.definition(of: bytes, file: file, as: spelling)
  }

  /// What a file says by itself. What is wrong with it is reported to the reader.
  static func parts<Source>(
    of bytes: [UInt8], _ reader: inout DefinitionReader<Source>, isCalled: Bool
  ) -> WorkflowParts {
    var parts = WorkflowParts()
    if bytes.count >= sizeLimit {
      reader.report(at: 0, "the file is too large: it must be smaller than 4 GiB")
    } else {
      read(&reader, into: &parts, isCalled: isCalled)
    }
    return parts
  }

  /// Where a definition that was accepted names its files of variables, in their order: for messages
  /// about those files.
  package static func positions(
    ofVariableFilesIn bytes: [UInt8], file: String, as spelling: DefinitionSpelling? = nil
  ) -> [TextPosition] {
    switch spelling ?? DefinitionSpelling(ofFile: file, bytes) {
    case .json: positions(in: bytes, DefinitionReader(JSONScanner(bytes)))
    case .yaml: positions(in: bytes, DefinitionReader(YAMLScanner(bytes)))
    }
  }

  private static func positions<Source>(
    in bytes: [UInt8], _ reader: consuming DefinitionReader<Source>
  ) -> [TextPosition] {
    var reader = reader
    var parts = WorkflowParts()
    read(&reader, into: &parts, isCalled: false)
    let positions = TextPosition.positions(of: reader.variableFileOffsets, in: bytes)
    return reader.variableFileOffsets.compactMap { positions[$0] }
  }

  private static func read<Source>(
    _ reader: inout DefinitionReader<Source>, into parts: inout WorkflowParts, isCalled: Bool
  ) {
    do {
      try reader.readWorkflow(into: &parts, isCalled: isCalled)
      reader.resolveNeeds(of: &parts.table)
      reader.checkNeedsOfCalls(in: parts.table)
      reader.checkNeedsOfFinally(in: parts.table)
      var known: KnownOutputs?
      reader.readConditions(
        of: &parts.table, parts.workflow.parameters, &known, parts.defaults)
      reader.checkProbes(of: parts.table, defaults: parts.defaults)
      reader.resolveForEach(of: &parts.table, parts.workflow.parameters, &known, parts.defaults)
      reader.checkTemplates(parts.workflow.parameters, parts.table, &known, parts.defaults)
      reader.checkSecrets(of: parts.workflow, passEnvOffset: parts.passEnvOffset)
      reader.checkStragglers(of: parts.table, defaults: parts.defaults)
      reader.checkFiles(of: parts.table, defaults: parts.defaults)
      reader.checkInputs(of: parts.table, defaults: parts.defaults)
      reader.checkCaches(of: parts.table, parts.workflow)
    } catch {
      reader.report(at: error.offset, error.message, error.related)
    }
  }

  /// Merges the defaults into the settings of parts without errors. Its calls are not resolved.
  static func definition(
    of parts: consuming WorkflowParts, _ standard: StepSettings
  ) -> WorkflowDefinition {
    var inherited = standard
    parts.defaults.overlay.apply(to: &inherited)
    // A flow that gave lines to `sh -c` gave it these too.
    let knowsScripts = standard.shell != .plain
    let merged = parts.table.overlays.values.map { overlay in
      var merged = inherited
      overlay.apply(to: &merged)
      if merged.onLost != .probe { merged.probe = nil }
      merged.executesScripts = knowsScripts && merged.probe?.script != nil
      return merged
    }
    var settings = InternTable<StepSettings>()
    // By overlay: for steps whose command is no script, and for those whose is; then rollbacks, and those of
    // `finally`; then those without attempts; then notices.
    var indices = [[Int32?]](repeating: [nil, nil, nil, nil, nil, nil, nil], count: merged.count)
    for step in parts.table.steps.indices {
      let overlay = Int(parts.table.steps[step].settingsIndex)
      let isScript = knowsScripts && parts.table.steps[step].command.script != nil
      let endsRun = parts.table.isFinally(step) || parts.table.isRollback(step)
      // It has no attempts.
      let extras = parts.table.extras[Int(parts.table.steps[step].extrasIndex)]
      let asks = extras.question != nil || extras.forEach?.chain.isEmpty == false
      let isNotice = parts.table.isNotice(step)
      let kind = asks ? 4 : (isScript ? 1 : 0) + (endsRun ? 2 : 0) + (isNotice ? 5 : 0)
      if let known = indices[overlay][kind] {
        parts.table.steps[step].settingsIndex = known
        continue
      }
      var own = merged[overlay]
      if isScript { own.executesScripts = true }
      if asks {
        own = standard
        own.allowFailure = merged[overlay].allowFailure
      }
      if endsRun, own.timeoutMilliseconds == nil {
        own.timeoutMilliseconds = WorkflowDefinition.finallyTimeoutMilliseconds
      }
      if isNotice { own.governNotice() }
      let index = settings.index(of: own)
      indices[overlay][kind] = index
      parts.table.steps[step].settingsIndex = index
    }
    var workflow = parts.workflow
    workflow.steps = parts.table.steps
    workflow.finallyCount = parts.table.finallySteps.count
    workflow.notifyCount = parts.table.placedNotices
    workflow.chainCount = parts.table.chainCount
    workflow.extras = [StepExtras()]
    for step in workflow.steps.indices where workflow.steps[step].extrasIndex != 0 {
      // Needs and conditions were resolved after descriptions were read.
      let extras = parts.table.extras[Int(workflow.steps[step].extrasIndex)]
      workflow.steps[step].extrasIndex = 0
      workflow.give(extras, toStep: step)
    }
    workflow.settings = settings.values
    workflow.hasTemplates = !workflow.templates.isEmpty
    return workflow
  }
}
