package import FlowCore
package import FlowLog

/// What a run is made of.
package struct NewRun {
  /// The size of the definition is filled in by the engine.
  package var created: RunCreated
  package var definition: WorkflowDefinition
  package var graph: DependencyGraph
  /// The definition file, byte for byte.
  package var definitionFile: [UInt8]

  package init(
    created: RunCreated, definition: WorkflowDefinition, graph: DependencyGraph,
    definitionFile: [UInt8]
  ) {
    self.created = created
    self.definition = definition
    self.graph = graph
    self.definitionFile = definitionFile
  }
}

/// The process that drives a run, and how it writes the log.
package struct RunProcess {
  package var processID: Int32
  package var bootID: String
  package var logOptions: LogOptions
  package var salts: SaltSource

  package init(
    processID: Int32, bootID: String, logOptions: LogOptions = LogOptions(), salts: SaltSource
  ) {
    self.processID = processID
    self.bootID = bootID
    self.logOptions = logOptions
    self.salts = salts
  }
}
