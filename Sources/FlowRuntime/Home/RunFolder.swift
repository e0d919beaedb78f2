import FlowStorage

/// The files of one run.
///
///     <home>/runs/<run id>/
///       definition.json   the definition file, as given; YAML too has this name, by which every
///                         version of flow knows a run
///       environment       what the commands inherit (`RunEnvironment`)
///       lock              locked by the engine; says which process it is, and what is durable
///       log/              the history log, in segments
///       launcher          locked by the launcher, and by monitors that are about to begin
///       requests/         requests to cancel and answers to questions, one per file
///       engine.log        messages of an engine without a terminal
///       failure           what the steps of `finally` are told of a run that did not succeed
///       failure.<n>       what the rollback of the step with that index is told of it
///       attempts/         <step>@<attempt>.out, the output of an attempt,
///                         <step>@<attempt>.rec, its attempt record,
///                         <step>@<attempt>.script, if its command is a script,
///                         <step>@<attempt>.mask, while secrets in its output are overwritten,
///                         <step>@<attempt>.put/, where its command leaves what its step declares
///                         ($FLOW_OUTPUTS), <step>@<attempt>.outputs, its monitor's copy of that,
///                         <step>@<attempt>.values/, the same as files for steps that need it, and
///                         <step>@<attempt>.inputs/, links to those that it gets ($FLOW_INPUTS),
///                         <step>@<attempt>.stage, the path of the folder in which its command makes
///                         files that its step declares ($FLOW_STAGE), <step>@<attempt>.manifest,
///                         what of these is, or is being, published, and <step>@<attempt>.cache,
///                         what was found in the cache before its command ran
///       work/             for the steps ($FLOW_RUN_DIR)
package struct RunFolder: Hashable, Sendable {
  package let path: String

  package init(path: String) {
    self.path = path
  }

  /// The folder above.
  var home: String {
    PathName.parent(of: path) ?? "/"
  }

  package var definition: String { "\(path)/definition.json" }
  package var environment: String { "\(path)/environment" }
  package var lock: String { "\(path)/lock" }
  package var launcher: String { "\(path)/launcher" }
  package var requests: String { "\(path)/requests" }
  package var engineLog: String { "\(path)/engine.log" }
  package var failure: String { "\(path)/failure" }
  /// What a rollback is told of its step.
  package func failure(ofStep index: Int) -> String { "\(failure).\(index)" }
  package var log: String { "\(path)/log" }
  package var attempts: String { "\(path)/attempts" }
  package var work: String { "\(path)/work" }

  package func output(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.output))
  }

  package func record(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.record))
  }

  package func script(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.script))
  }

  package func put(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.put))
  }

  package func outputs(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.outputs))
  }

  package func values(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.values))
  }

  package func inputs(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.inputs))
  }

  package func manifest(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.manifest))
  }

  package func stage(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.stage))
  }

  package func cacheNote(ofStep id: String, attempt: Int32) -> String {
    path(of: AttemptFileName(ofStep: id, attempt: attempt, suffix: AttemptFileName.cache))
  }

  /// What all runs of the home know of the results of steps (`ResultFile`).
  package var results: String { "\(PathName.parent(of: home) ?? "")/results" }

  /// Where a script is written, before it gets its name.
  package static func unfinished(_ script: String) -> String {
    String(script.dropLast(AttemptFileName.script.count)) + AttemptFileName.unfinishedScript
  }

  /// What of an output is being overwritten (`mask_plan.h` in CMonitor), if anything is.
  package static func mask(ofOutput output: String) -> String {
    String(output.dropLast(AttemptFileName.output.count)) + AttemptFileName.mask
  }

  private func path(of name: AttemptFileName) -> String { "\(attempts)/\(name.text)" }
}
