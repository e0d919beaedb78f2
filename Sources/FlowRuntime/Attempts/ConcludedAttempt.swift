import FlowCore
import FlowStorage

/// The end of an attempt, and what it has put out.
struct ConcludedAttempt {
  var end: AttemptEnd
  var outputs: [OutputPart] = []

  init(end: AttemptEnd) { self.end = end }

  /// Reads what the processes of the attempt have left besides its record.
  init(_ end: AttemptEnd, of request: LaunchRequest, in storage: some Storage) throws(StorageError)
  {
    var end = end
    try CacheFinding(of: request, end, in: storage)?.apply(to: &end)
    let outputs = try AttemptOutputs(of: request, end, in: storage)
    end.outputsFile = nil
    self.end = end
    switch outputs {
    case .none: break
    case .published(let parts): self.outputs = parts
    case .refused(let refusal): self.end.refusal = refusal
    // What was done may have to be done again.
    case .lost: self.end = .lost()
    }
  }
}
