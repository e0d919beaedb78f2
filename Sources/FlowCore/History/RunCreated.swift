/// The first event of every history: with the definition, all inputs of decisions.
package struct RunCreated: Equatable, Sendable {
  package var runID: String
  /// Decides the jitter of retries.
  package var seed: UInt64
  /// The version of the policy that `Decider` follows.
  package var policyVersion: Int32
  /// The program that created the run.
  package var programVersion: String
  /// How many attempts may run at once.
  package var jobs: Int32
  /// The absolute path of the definition file's folder.
  package var definitionFolder: String
  /// The definition file's name in it; nil where the definition came from a pipe, and in runs of versions
  /// that did not record it.
  package var definitionFile: String?
  /// The group of which one run at a time may exist; nil if there is none.
  package var group: String?
  /// What the run does that finds another of its group.
  package var onConflict = OnConflict.fail
  /// The values of the workflow's parameters, in the order of its definition.
  package var parameters: [ParameterValue] = []
  /// The steps that the run leaves out.
  package var unselected = StepSet()
  /// Which items it has of nodes of which it does not have all, in the order of the nodes.
  package var items: [ItemSelection] = []
  /// What the run of the workflow before this one came to; nil if there is none, or no notice asks.
  package var previousOutcome: RunOutcome?
  /// Whether a success counts for good only when what was written is on the disk. It does not in runs of
  /// versions that did not know of it.
  package var syncsWork = false
  /// Whether cached steps run although they have former results.
  package var ignoresResults = false
  /// The size of the canonical definition in the parts that follow, in bytes.
  package var definitionByteCount: Int64

  /// The limit for a definition, the same as for its file. A deflated log could declare as much in
  /// a thousandth of the bytes.
  package static let largestDefinition: Int64 = 256 << 20

  package init(
    runID: String, seed: UInt64, policyVersion: Int32, programVersion: String, jobs: Int32,
    definitionFolder: String, definitionByteCount: Int64
  ) {
    self.runID = runID
    self.seed = seed
    self.policyVersion = policyVersion
    self.programVersion = programVersion
    self.jobs = jobs
    self.definitionFolder = definitionFolder
    self.definitionByteCount = definitionByteCount
  }
}
