package import FlowCore

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
